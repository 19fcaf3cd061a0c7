/** `plinth files status`: what a running file system holds, and how its disks are. */
import type { Command } from 'commander';
import type { FilesStatus } from '../files/index.ts';
import { askOpenly } from './admin-ask.ts';
import { type AdminOptions, addAdminOptions } from './admin-door.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { roughSize } from './rough-size.ts';
import { table } from './table.ts';

export function addFilesStatus(files: Command, context: CommandContext): void {
  addAdminOptions(files.command('status'))
    .description('show capacity, disks, files, the journal, and what was found damaged')
    .addHelpText(
      'after',
      `
Exits with 0 when every disk takes writes, changes are taken and nothing was found damaged
since the start, 1 when one of it is not so, 69 when nobody answers.

Example:
  $ plinth files status`,
    )
    .action(async (options: AdminOptions) => {
      const body = await askOpenly(context, options, '/systems/files/status');
      if (body === undefined) return;
      const status = body as FilesStatus;
      context.host.out(options.json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
      if (!isWell(status)) context.exit(exitCode('notReady'));
    });
}

function isWell({ journal, disks, damagedBlocks }: FilesStatus): boolean {
  return journal.accepting && damagedBlocks === 0 && disks.every(({ state }) => state === 'open');
}

/** The status for people. */
export function statusText(status: FilesStatus): string {
  const { namespace, journal, disks, damagedBlocks, scrub } = status;
  const { files, directories, bytes, space } = namespace;
  const sum = (of: 'freeBytes' | 'totalBytes'): number =>
    disks.reduce((total, disk) => total + disk[of], 0);
  const rows = [
    ['FILES', `${files} in ${directories} directories, ${roughSize(bytes)}`],
    [
      'CAPACITY',
      `${roughSize(sum('freeBytes'))} free of ${roughSize(sum('totalBytes'))}, ${roughSize(space)} wanted by files and their versions`,
    ],
    ['DAMAGED', damagedBlocks === 0 ? 'no blocks' : `${damagedBlocks} blocks`],
    ['SCRUB', scrubText(scrub)],
    ['JOURNAL', journalText(journal)],
  ];
  const diskRows = disks.map(({ folder, state, freeBytes, totalBytes }) => [
    folder,
    state,
    roughSize(freeBytes),
    roughSize(totalBytes),
  ]);
  return `${table(rows)}\n${table([['DISK', 'STATE', 'FREE', 'TOTAL'], ...diskRows])}`;
}

function scrubText({ rounds, blocks, bytes, bad, bytesPerSecond }: FilesStatus['scrub']): string {
  if (bytesPerSecond === 0) return 'off';
  const now = `${blocks} blocks, ${roughSize(bytes)} of this round`;
  return `${rounds} rounds, ${now}, ${roughSize(bytesPerSecond)} a second, ${bad} bad blocks found`;
}

function journalText(journal: FilesStatus['journal']): string {
  const { accepting, pendingChanges, segments, entries, lastWriteMicros, syncLagMs } = journal;
  const taking = accepting ? 'takes changes' : 'takes no changes';
  const late = syncLagMs > 0 ? `, ${Math.ceil(syncLagMs)} ms behind` : '';
  const last =
    entries === 0 ? '' : `, the last write took ${(lastWriteMicros / 1000).toFixed(1)} ms`;
  return `${taking}, ${pendingChanges} waiting, ${entries} entries, ${segments} segments${last}${late}`;
}
