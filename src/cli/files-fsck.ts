/** `plinth files fsck`: has a running file system read all that it holds, and tells what is wrong. */
import type { Command } from 'commander';
import { createNodeClock } from '../core/runtime/node/index.ts';
import type { FsckLine, FsckProblem, FsckSummary } from '../files/index.ts';
import { askForLines } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import { exitCode } from './exit-codes.ts';
import { fromRoot } from './files-door.ts';
import type { CommandContext } from './host.ts';
import { roughSize } from './rough-size.ts';
import { WorkView } from './work-view.ts';

export function addFilesFsck(files: Command, context: CommandContext): void {
  addTokenOptions(files.command('fsck'))
    .description('read every block of every file below a path, and tell what is wrong')
    .argument('[path]', 'a file or directory', '/')
    .addHelpText(
      'after',
      `
Looked at are files, their older versions, and parts of uploads that are under way, as they
were at one moment: that each block is on the disk, in its generation and length, and that
every checksum holds. For / also that references to blocks are as counted, and that no block
is on a disk that nothing names. Nothing is changed; clients are served meanwhile. Ctrl-C
ends it. With --json one JSON text a line: progress, problem, and at the end summary.
Exits with 0 when nothing is wrong, 1 when something is or when there is nothing at the
path, 69 when nobody answers or it broke off, 77 when the token is not the right one.

Examples:
  $ plinth files fsck
  $ plinth files fsck /pictures --json`,
    )
    .action((path: string, options: TokenOptions) => run(context, fromRoot(path), options));
}

async function run(context: CommandContext, path: string, options: TokenOptions): Promise<void> {
  const { host, exit } = context;
  const clock = createNodeClock();
  const view = new WorkView(process.stderr, host.err, () => clock.monotonicMs());
  let end: FsckSummary | 'failed' | undefined;
  const onLine = (given: object): void => {
    const line = given as FsckLine;
    if ('summary' in line) end = line.summary;
    if (options.json) host.out(`${JSON.stringify(line)}\n`);
    if ('progress' in line) {
      const { bytes, totalBytes, phase } = line.progress;
      if (!options.json) view.tell(PHASES[phase], bytes, Math.max(bytes, totalBytes));
      return;
    }
    view.end();
    if ('failure' in line) {
      end = 'failed';
      host.err(`plinth: the check could not be gone on with: ${line.failure.detail}\n`);
    } else if (!options.json) {
      host.out('problem' in line ? problemText(line.problem) : summaryText(line.summary));
    }
  };
  const asked = {
    method: 'POST',
    path: '/systems/files/fsck',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path }),
  } as const;
  const isAnswered = await askForLines(context, options, asked, onLine);
  view.end();
  if (!isAnswered) return;
  if (end === undefined || end === 'failed') {
    if (end === undefined) host.err('plinth: the check broke off before its end\n');
    exit(exitCode('notRunning'));
  } else if (end.problems > 0) exit(exitCode('notReady'));
}

const PHASES = {
  files: 'Reading files',
  references: 'Counting references',
  disks: 'Looking through disks',
} as const;

/** `damaged  /pictures/cat.jpg at 65536: block 17 from 65536 on, 65536 bytes: ...` */
export function problemText(problem: FsckProblem): string {
  const { kind, path, version, upload, part, snapshot, name } = problem;
  const { block, offset, blockOffset, bytes, detail } = problem;
  const which = [
    path,
    version === undefined ? undefined : `version ${version}`,
    upload === undefined ? undefined : `part ${part} of upload ${upload}`,
    snapshot === undefined ? undefined : `${name} in snapshot ${snapshot}`,
    offset === undefined ? undefined : `at ${offset}`,
  ];
  const where = [
    block === undefined ? undefined : `block ${block}`,
    blockOffset === undefined ? undefined : `from ${blockOffset} on`,
    bytes === undefined ? undefined : `${bytes} bytes`,
  ];
  const parts = [said(which, ' '), said(where, ', '), detail].filter((each) => each !== '');
  return `${kind.padEnd(10)}  ${parts.join(': ')}\n`;
}

function said(words: readonly (string | undefined)[], between: string): string {
  return words.filter((word) => word !== undefined).join(between);
}

export function summaryText(summary: FsckSummary): string {
  const { path, files, directories, versions, parts, blocks, bytes, problems, byKind } = summary;
  const more = [
    ...(versions > 0 ? [`${versions} older versions and files of snapshots`] : []),
    ...(parts > 0 ? [`${parts} parts of uploads`] : []),
  ];
  const counted = [`${files} files`, `${directories} directories`, ...more];
  const seconds = (summary.durationMs / 1000).toFixed(1);
  const read = `${counted.join(', ')}; ${blocks} blocks, ${roughSize(bytes)} read in ${seconds} s`;
  if (problems === 0) return `${path} is well: ${read}.\n`;
  const kinds = Object.entries(byKind).map(([kind, count]) => `${count} ${kind}`);
  const count = problems === 1 ? '1 problem' : `${problems} problems`;
  return `${path} has ${count} (${kinds.join(', ')}): ${read}.\n`;
}
