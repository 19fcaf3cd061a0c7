/** `plinth files ls` and `stat`: what is there. */
import type { Command } from 'commander';
import { type FileStatus, modeText, pagesOf, statusOf, timeText } from './file-status.ts';
import {
  addFilesOptions,
  atFiles,
  type FilesOptions,
  inside,
  lastName,
  remotePath,
} from './files-door.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';
import { type WebHdfs, WebHdfsFault } from './web-hdfs.ts';

interface ListOptions extends FilesOptions {
  readonly recursive?: boolean;
}

export function addFilesLook(files: Command, context: CommandContext): void {
  const { host } = context;
  addFilesOptions(files.command('ls'))
    .description('list a directory, or show one file')
    .argument('[path]', 'the path; buckets of S3 are the directories at the root', '/')
    .option('-R, --recursive', 'also what is in directories below, each behind its directory')
    .addHelpText(
      'after',
      `
Names come in the order of S3's keys, as they are asked for: a directory may have millions.
Exits with 66 when there is nothing at the path, 69 when nobody answers.

Examples:
  $ plinth files ls /pictures
  $ plinth files ls -R /pictures
  $ plinth files ls /pictures --json`,
    )
    .action((given: string, options: ListOptions) =>
      atFiles(context, options, (door) => list(host.out, door, remotePath(given), options)),
    );

  addFilesOptions(files.command('stat'))
    .description('show what is known of a file or directory')
    .argument('<path>', 'the path')
    .addHelpText(
      'after',
      `
Exits with 66 when there is nothing at the path, 69 when nobody answers.

Example:
  $ plinth files stat /pictures/cat.jpg`,
    )
    .action((given: string, options: FilesOptions) =>
      atFiles(context, options, async (door) => {
        const path = remotePath(given);
        const facts = await factsOf(door, path);
        const rows = Object.entries(facts).map(([name, value]) => [name, shown(name, value)]);
        host.out(options.json ? `${JSON.stringify(facts, null, 2)}\n` : table(rows));
      }),
    );
}

async function list(
  out: (text: string) => void,
  door: WebHdfs,
  path: string,
  { json, recursive }: ListOptions,
): Promise<void> {
  let between = '[\n';
  for await (const page of recursive ? pagesBelow(door, path, '') : pagesOf(door, path)) {
    if (!json) {
      out(table(page.map((status) => rowOf(status, path))));
      continue;
    }
    for (const { pathSuffix, ...status } of page) {
      out(between + JSON.stringify({ name: pathSuffix || lastName(path), ...status }));
      between = ',\n';
    }
  }
  if (json) out(between === '[\n' ? '[]\n' : '\n]\n');
}

/** What is below a directory, each directory before what is in it; names are paths from where it began. */
async function* pagesBelow(
  door: WebHdfs,
  path: string,
  before: string,
): AsyncGenerator<readonly FileStatus[]> {
  try {
    for await (const page of pagesOf(door, path)) {
      let rows: FileStatus[] = [];
      for (const status of page) {
        rows.push({ ...status, pathSuffix: before + status.pathSuffix });
        // The file that was asked for has no name below itself.
        if (status.type !== 'DIRECTORY' || status.pathSuffix === '') continue;
        yield rows;
        rows = [];
        const name = status.pathSuffix;
        yield* pagesBelow(door, inside(path, name), `${before}${name}/`);
      }
      if (rows.length > 0) yield rows;
    }
  } catch (error) {
    // It went while others were listed.
    const isGone = error instanceof WebHdfsFault && error.exception === 'FileNotFoundException';
    if (before === '' || !isGone) throw error;
  }
}

function rowOf(status: FileStatus, path: string): string[] {
  const { type, owner, group, length, modificationTime, pathSuffix } = status;
  const isDirectory = type === 'DIRECTORY';
  return [
    modeText(status),
    owner,
    group,
    (isDirectory ? '-' : String(length)).padStart(12),
    timeText(modificationTime),
    `${pathSuffix || path}${isDirectory ? '/' : ''}`,
  ];
}

type Facts = Readonly<Record<string, string | number>>;

async function factsOf(door: WebHdfs, path: string): Promise<Facts> {
  const status = await statusOf(door, path);
  const { type, length, blockSize, replication, owner, group, permission } = status;
  const { modificationTime: modifiedMs, accessTime: accessedMs } = status;
  const common = { path, type, owner, group, permission, modifiedMs, accessedMs };
  if (type === 'FILE') {
    const body = await door.ask('GET', path, 'GETFILEBLOCKLOCATIONS');
    const { BlockLocation: blocks } = (body as Located).BlockLocations;
    const damaged = blocks.filter(({ corrupt }) => corrupt).length;
    return {
      ...common,
      ...{ bytes: length, replication, blockBytes: blockSize },
      ...{ blocks: blocks.length, damagedBlocks: damaged },
    };
  }
  const body = await door.ask('GET', path, 'GETCONTENTSUMMARY');
  const {
    directoryCount,
    fileCount,
    length: bytes,
    spaceConsumed,
  } = (body as Summary).ContentSummary;
  // The directory itself is counted there.
  return { ...common, files: fileCount, directories: directoryCount - 1, bytes, spaceConsumed };
}

interface Located {
  readonly BlockLocations: { readonly BlockLocation: readonly { readonly corrupt: boolean }[] };
}

interface Summary {
  readonly ContentSummary: {
    readonly directoryCount: number;
    readonly fileCount: number;
    readonly length: number;
    readonly spaceConsumed: number;
  };
}

function shown(name: string, value: string | number): string {
  return name.endsWith('Ms') ? timeText(Number(value)) : String(value);
}
