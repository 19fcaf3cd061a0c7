/** `plinth files status`: what a running file system holds, and how its disks are. */
import type { Command } from 'commander';
import type { ClusterStatus, DataNodeStatusBody, FilesStatus } from '../files/index.ts';
import { askOpenly } from './admin-ask.ts';
import { type AdminOptions, addAdminOptions } from './admin-door.ts';
import { exitCode } from './exit-codes.ts';
import { clusterRows, nodesText, repairsText } from './files-status-cluster.ts';
import { disksText, scrubText } from './files-status-disks.ts';
import { isNodeWell, nodeText } from './files-status-node.ts';
import type { CommandContext } from './host.ts';
import { roughSize } from './rough-size.ts';
import { table } from './table.ts';

type Nameless = NonNullable<FilesStatus['nameless']>;

export function addFilesStatus(files: Command, context: CommandContext): void {
  addAdminOptions(files.command('status'))
    .description('show capacity, disks, files, the journal, and what was found damaged')
    .addHelpText(
      'after',
      `
With several DataNodes each is shown with what it has, then what blocks lack, and repairs,
the newest first. A DataNode that is asked shows itself and its connection to the NameNode.
Exits with 0 when every disk takes writes, every DataNode is live, changes are taken, no
replica is lacking and nothing is known to be damaged; 1 when one of it is not
so, 69 when nobody answers.

Example:
  $ plinth files status`,
    )
    .action(async (options: AdminOptions) => {
      const body = await askOpenly(context, options, '/systems/files/status');
      if (body === undefined) return;
      const { text, well } = told(body as FilesStatus | DataNodeStatusBody);
      context.host.out(options.json ? `${JSON.stringify(body, null, 2)}\n` : text);
      if (!well) context.exit(exitCode('notReady'));
    });
}

function told(body: FilesStatus | DataNodeStatusBody): { text: string; well: boolean } {
  if (!('dataNode' in body)) return { text: statusText(body), well: isWell(body) };
  return { text: nodeText(body.dataNode), well: isNodeWell(body.dataNode) };
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
  const { namespace, journal, disks, damagedBlocks, scrub, cluster, nameless } = status;
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
    ...(nameless === undefined ? [] : [['NAMELESS', namelessText(nameless)]]),
    ['SCRUB', scrubText(scrub)],
    ['JOURNAL', journalText(journal)],
  ];
  const parts = [table(rows), disksText(disks)];
  if (cluster !== undefined) parts.push(nodesText(cluster), ...repairsText(cluster));
  return parts.join('\n');
}

function namelessText({ waiting, waitingBytes, reclaimed }: Nameless): string {
  const soon =
    waiting === 0 ? 'no replicas' : `${waiting} replicas, ${roughSize(waitingBytes)}, go soon`;
  return `${soon}; ${reclaimed} reclaimed`;
}

function journalText(journal: FilesStatus['journal']): string {
  const { accepting, pendingChanges, segments, entries, lastWriteMicros, syncLagMs } = journal;
  const taking = accepting ? 'takes changes' : 'takes no changes';
  const late = syncLagMs > 0 ? `, ${Math.ceil(syncLagMs)} ms behind` : '';
  const last =
    entries === 0 ? '' : `, the last write took ${(lastWriteMicros / 1000).toFixed(1)} ms`;
  return `${taking}, ${pendingChanges} waiting, ${entries} entries, ${segments} segments${last}${late}`;
}
