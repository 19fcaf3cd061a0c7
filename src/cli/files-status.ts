/** `plinth files status`: what a running file system holds, and how its disks are. */
import type { Command } from 'commander';
import type { ClusterStatus, FilesStatus } from '../files/index.ts';
import { askOpenly } from './admin-ask.ts';
import { type AdminOptions, addAdminOptions } from './admin-door.ts';
import { exitCode } from './exit-codes.ts';
import { clusterRows, nodesText, repairsText } from './files-status-cluster.ts';
import type { CommandContext } from './host.ts';
import { roughSize } from './rough-size.ts';
import { table } from './table.ts';

export function addFilesStatus(files: Command, context: CommandContext): void {
  addAdminOptions(files.command('status'))
    .description('show capacity, disks, files, the journal, and what was found damaged')
    .addHelpText(
      'after',
      `
With several DataNodes each is shown with what it has, then what blocks lack, and repairs,
the newest first.
Exits with 0 when every disk takes writes, every DataNode is live, changes are taken, no
replica is lacking and nothing is known to be damaged; 1 when one of it is not
so, 69 when nobody answers.

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

function isWell({ journal, disks, damagedBlocks, cluster }: FilesStatus): boolean {
  const isDiskWell = disks.every(({ state }) => state === 'open');
  return journal.accepting && damagedBlocks === 0 && isDiskWell && isClusterWell(cluster);
}

function isClusterWell(cluster: ClusterStatus | undefined): boolean {
  if (cluster === undefined) return true;
  const { safeMode, nodes, counts, lackingCopies, corruptReplicas } = cluster;
  const isAllThere = nodes.every(({ state }) => state === 'live');
  return !safeMode && isAllThere && counts.missing + lackingCopies + corruptReplicas === 0;
}

/** The status for people. */
export function statusText(status: FilesStatus): string {
  const { namespace, journal, disks, damagedBlocks, scrub, cluster } = status;
  const { files, directories, bytes, space } = namespace;
  const places = cluster?.nodes ?? disks;
  const sum = (of: 'freeBytes' | 'totalBytes'): number =>
    places.reduce((total, place) => total + place[of], 0);
  const rows = [
    ['FILES', `${files} in ${directories} directories, ${roughSize(bytes)}`],
    [
      'CAPACITY',
      `${roughSize(sum('freeBytes'))} free of ${roughSize(sum('totalBytes'))}, ${roughSize(space)} wanted by files and their versions`,
    ],
    ['DAMAGED', damagedBlocks === 0 ? 'no blocks' : `${damagedBlocks} blocks`],
    ...(cluster === undefined ? [] : clusterRows(cluster)),
    ['SCRUB', scrubText(scrub)],
    ['JOURNAL', journalText(journal)],
  ];
  const diskRows = disks.map(({ folder, state, freeBytes, totalBytes }) => [
    folder,
    state,
    roughSize(freeBytes),
    roughSize(totalBytes),
  ]);
  const parts = [table(rows), table([['DISK', 'STATE', 'FREE', 'TOTAL'], ...diskRows])];
  if (cluster !== undefined) parts.push(nodesText(cluster), ...repairsText(cluster));
  return parts.join('\n');
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
