/** `plinth files put`: stores a file of this machine, or what comes on stdin. */
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { createNodeClock } from '../core/runtime/node/index.ts';
import { statusIfThere } from './file-status.ts';
import {
  addFilesOptions,
  atFiles,
  type FilesOptions,
  inside,
  lastName,
  remotePath,
} from './files-door.ts';
import type { CommandContext } from './host.ts';
import { roughSize } from './rough-size.ts';
import { TransferView } from './transfer-view.ts';
import { type WebHdfs, WebHdfsFault } from './web-hdfs.ts';

interface Options extends FilesOptions {
  readonly force?: boolean;
  readonly replication?: string;
}

export function addFilesPut(files: Command, context: CommandContext): void {
  addFilesOptions(files.command('put'))
    .description('store a file, or what comes on stdin')
    .argument('<file>', 'a file of this machine; - is stdin')
    .argument('<path>', 'where to; a directory takes it under its own name')
    .option('-f, --force', 'replace a file that is there')
    .option('--replication <count>', 'replicas that are wanted (default: files.replication)')
    .addHelpText(
      'after',
      `
The file is seen when all of it is stored durably; what breaks off before leaves nothing.
Exits with 66 when the file cannot be read, 69 when nobody answers or the connection is
lost, 73 when something is there already or it does not fit, 77 when the user may not.

Examples:
  $ plinth files put cat.jpg /pictures/
  $ tar c photos | plinth files put - /archive/photos.tar`,
    )
    .action((file: string, given: string, options: Options) =>
      atFiles(context, options, async (door) => {
        const source = file === '-' ? { bytes: stdinBytes() } : fileBytes(file);
        const path = await targetOf(door, remotePath(given), file);
        const view = viewOf(source.sizeBytes);
        const { force = false, replication } = options;
        const more = {
          overwrite: String(force),
          ...(replication !== undefined && { replication }),
        };
        await door.write(path, more, view.through(source.bytes), source.sizeBytes);
        const { doneBytes: bytes } = view;
        context.host.out(
          options.json
            ? `${JSON.stringify({ path, bytes }, null, 2)}\n`
            : `Stored ${path}, ${roughSize(bytes)}.\n`,
        );
      }),
    );
}

function viewOf(sizeBytes: number | undefined): TransferView {
  const clock = createNodeClock();
  return new TransferView('Sending', sizeBytes, process.stderr, () => clock.monotonicMs());
}

interface Source {
  readonly bytes: AsyncIterable<Buffer>;
  readonly sizeBytes?: number;
}

/** @throws WebHdfsFault when there is no such file. */
function fileBytes(file: string): Source {
  let size: number | undefined;
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw new WebHdfsFault('noInput', `${file} is a directory`);
    // The size of a device or a pipe says nothing.
    if (stat.isFile()) size = stat.size;
  } catch (error) {
    throw error instanceof WebHdfsFault ? error : unreadable(file, error);
  }
  if (size === undefined) return { bytes: wholeFile(file, undefined) };
  return { bytes: wholeFile(file, size), sizeBytes: size };
}

/** The bytes of a file as it was when it was looked at. */
async function* wholeFile(file: string, sizeBytes: number | undefined): AsyncGenerator<Buffer> {
  if (sizeBytes === 0) return;
  let read = 0;
  try {
    const end = sizeBytes === undefined ? Number.POSITIVE_INFINITY : sizeBytes - 1;
    const stream = createReadStream(file, { end, highWaterMark: 256 * 1024 });
    for await (const piece of stream as AsyncIterable<Buffer>) {
      read += piece.length;
      yield piece;
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  if (sizeBytes !== undefined && read < sizeBytes) {
    const says = `${file} has become shorter while it was read; nothing was stored`;
    throw new WebHdfsFault('noInput', says);
  }
}

async function* stdinBytes(): AsyncGenerator<Buffer> {
  try {
    yield* process.stdin as AsyncIterable<Buffer>;
  } catch (error) {
    throw unreadable('stdin', error);
  }
}

function unreadable(file: string, error: unknown): WebHdfsFault {
  const { code, message } = error as NodeJS.ErrnoException;
  return new WebHdfsFault('noInput', `${file} cannot be read: ${code ?? message}`);
}

/** @throws WebHdfsFault */
async function targetOf(door: WebHdfs, path: string, file: string): Promise<string> {
  const there = await statusIfThere(door, path);
  if (there?.type !== 'DIRECTORY' && !path.endsWith('/')) return path;
  if (file === '-') {
    throw new WebHdfsFault('usage', `${path} is a directory: name what comes on stdin`);
  }
  return inside(path, lastName(basename(file)));
}
