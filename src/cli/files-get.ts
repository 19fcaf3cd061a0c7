/** `plinth files get`: brings a file to this machine, or to stdout. */
import { promises as fs, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { createNodeClock, createNodeRandom } from '../core/runtime/node/index.ts';
import { addFilesOptions, atFiles, type FilesOptions, lastName, remotePath } from './files-door.ts';
import type { CommandContext } from './host.ts';
import { roughSize } from './rough-size.ts';
import { TransferView } from './transfer-view.ts';
import { type WebHdfs, WebHdfsFault } from './web-hdfs.ts';

interface Options extends FilesOptions {
  readonly force?: boolean;
}

export function addFilesGet(files: Command, context: CommandContext): void {
  addFilesOptions(files.command('get'))
    .description('bring a file to this machine, or to stdout')
    .argument('<path>', 'the file')
    .argument('[file]', 'where to, or a folder; - is stdout (default: its own name, here)')
    .option('-f, --force', 'replace a file that is there')
    .addHelpText(
      'after',
      `
Every byte that comes was checked against its checksum. The file gets its name when all of
it is there and durable; what breaks off before leaves nothing.
Exits with 1 when it was cancelled, 66 when there is no such file, 69 when nobody answers
or the transfer breaks off, 73 when something is there already or it does not fit, 77 when
the user may not.

Examples:
  $ plinth files get /pictures/cat.jpg
  $ plinth files get /archive/photos.tar - | tar x`,
    )
    .action((given: string, file: string | undefined, options: Options) =>
      atFiles(context, options, async (door) => {
        const path = remotePath(given);
        const cancel = untilCancelled();
        try {
          if (file === '-') {
            await pass(door, path, cancel.signal, toStdout);
            return;
          }
          const target = await targetOf(file ?? '.', lastName(path), options);
          const bytes = await pass(door, path, cancel.signal, (from) => toFile(from, target));
          context.host.out(
            options.json
              ? `${JSON.stringify({ path, file: target, bytes }, null, 2)}\n`
              : `Brought ${target}, ${roughSize(bytes)}.\n`,
          );
        } catch (error) {
          if (cancel.signal.aborted) throw new WebHdfsFault('notReady', 'it was cancelled');
          throw error;
        } finally {
          cancel.end();
        }
      }),
    );
}

/** Ctrl-C and SIGTERM leave nothing behind; a second one ends the process as it does without us. */
function untilCancelled(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const cancel = (): void => {
    end();
    controller.abort();
  };
  const end = (): void => {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  return { signal: controller.signal, end };
}

/** @returns bytes. @throws WebHdfsFault also when fewer come than were said. */
async function pass(
  door: WebHdfs,
  path: string,
  signal: AbortSignal,
  take: (bytes: AsyncIterable<Buffer>) => Promise<void>,
): Promise<number> {
  const { lengthBytes, bytes } = await door.read(path, signal);
  const clock = createNodeClock();
  const view = new TransferView('Receiving', lengthBytes, process.stderr, () =>
    clock.monotonicMs(),
  );
  await take(whole(view, bytes, path, lengthBytes));
  return view.doneBytes;
}

async function* whole(
  view: TransferView,
  bytes: AsyncIterable<Buffer>,
  path: string,
  lengthBytes: number | undefined,
): AsyncGenerator<Buffer> {
  const brokeOff = (why: string): WebHdfsFault => {
    const of = lengthBytes === undefined ? '' : ` of ${lengthBytes}`;
    const says = `${path} broke off after ${view.doneBytes}${of} bytes: ${why}; \`plinth files fsck\` says whether it is damaged`;
    return new WebHdfsFault('notRunning', says);
  };
  try {
    yield* view.through(bytes);
  } catch (error) {
    throw error instanceof WebHdfsFault ? brokeOff(error.message) : error;
  }
  if (lengthBytes !== undefined && view.doneBytes < lengthBytes) throw brokeOff('no more came');
}

async function toStdout(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of bytes) {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(piece, (error) => {
        if (error) reject(unwritable('stdout', error));
        else resolve();
      });
    });
  }
}

/** Under another name until it is whole and durable. @throws WebHdfsFault */
async function toFile(bytes: AsyncIterable<Buffer>, target: string): Promise<void> {
  const folder = dirname(target);
  const nonce = createNodeRandom().bytes(6).toString('hex');
  const temporary = join(folder, `.plinth-get-${nonce}.part`);
  const file = await fs.open(temporary, 'wx').catch((error: unknown) => {
    throw unwritable(folder, error);
  });
  try {
    try {
      for await (const piece of bytes) await file.writeFile(piece).catch(refuse);
      await file.sync().catch(refuse);
    } finally {
      await file.close();
    }
    await fs.rename(temporary, target).catch(refuse);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
  function refuse(error: unknown): never {
    throw unwritable(target, error);
  }
}

/** Where the file goes to. @throws WebHdfsFault when it may not */
async function targetOf(file: string, name: string, { force }: Options): Promise<string> {
  if (name === '') throw new WebHdfsFault('usage', 'the root is a directory');
  const there = await look(file);
  const target = there?.isDirectory() ? join(file, name) : file;
  const before = target === file ? there : await look(target);
  if (before === null) return target;
  if (!before.isFile()) {
    const says = `${target} is there and is no file; - writes to stdout`;
    throw new WebHdfsFault('dataUnwritable', says);
  }
  if (force) return target;
  throw new WebHdfsFault('dataUnwritable', `${target} is there already; --force replaces it`);
}

/** Null: nothing is there. */
async function look(path: string): Promise<Stats | null> {
  try {
    return await fs.stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unwritable(path, error);
  }
}

function unwritable(file: string, error: unknown): WebHdfsFault {
  const { code, message } = error as NodeJS.ErrnoException;
  return new WebHdfsFault('dataUnwritable', `${file} cannot be written: ${code ?? message}`);
}
