/** `plinth files status`: the part about several DataNodes. */
import { formatDuration } from '../core/config/index.ts';
import type { ClusterStatus, LedgerEntry, NodeStatus } from '../files/index.ts';
import { roughSize } from './rough-size.ts';
import { table } from './table.ts';

/** Repairs that people are shown. */
const REPAIRS_MAX = 10;

/** Rows of the table of facts. */
export function clusterRows(cluster: ClusterStatus): string[][] {
  const { safeMode, awaited, counts, lackingCopies, lackingBytes, stuck } = cluster;
  const { msToFullRedundancy, corruptReplicas, totals } = cluster;
  const lacking = counts.lastReplica + counts.halfMissing + counts.someMissing;
  const facts = [
    `${counts.blocks} blocks`,
    `${counts.missing} missing`,
    `${lacking} under-replicated (${counts.lastReplica} with one replica)`,
    `${corruptReplicas} corrupt replicas`,
    `${counts.racks} on one rack`,
    `${counts.excess} with too many`,
  ];
  const repair =
    lackingCopies === 0
      ? 'nothing to copy'
      : `${lackingCopies} copies to make, ${roughSize(lackingBytes)}${stuck > 0 ? `, ${stuck} blocks find no node` : ''}`;
  const { open, copied, copiedBytes, deleted, failed } = totals;
  return [
    ...(safeMode ? [['SAFE MODE', `waits for ${awaited.join(', ') || 'reports'}`]] : []),
    ['BLOCKS', facts.join(', ')],
    ['REPAIR', repair],
    ['REDUNDANCY', redundancyText(msToFullRedundancy)],
    [
      'REPAIRS',
      `${open} open, ${copied} copied (${roughSize(copiedBytes)}), ${deleted} deleted, ${failed} failed`,
    ],
  ];
}

function redundancyText(ms: number | undefined): string {
  if (ms === undefined) return 'it is not known yet when it is full';
  if (ms === 0) return 'full';
  return `full in about ${formatDuration(Math.ceil(ms / 1000) * 1000)}`;
}

export function nodesText({ nodes }: ClusterStatus): string {
  const rows = nodes.map((node) => [
    node.id,
    node.address,
    node.rack,
    stateText(node),
    String(node.blocks),
    roughSize(node.freeBytes),
    roughSize(node.totalBytes),
    `${node.copiesTo}/${node.copiesFrom}`,
  ]);
  const titles = ['NODE', 'ADDRESS', 'RACK', 'STATE', 'BLOCKS', 'FREE', 'TOTAL', 'TO/FROM'];
  return table([titles, ...rows]);
}

function stateText({ state, admin, isReported, silentMs }: NodeStatus): string {
  const facts = [
    ...(admin === 'in-service' ? [] : [admin]),
    ...(state === 'live' && !isReported ? ['not reported'] : []),
    ...(state === 'live'
      ? []
      : [`silent for ${formatDuration(Math.ceil(silentMs / 1000) * 1000)}`]),
  ];
  return facts.length === 0 ? state : `${state} (${facts.join(', ')})`;
}

/** Empty without any. */
export function repairsText({ ledger }: ClusterStatus): string[] {
  if (ledger.length === 0) return [];
  const rows = ledger.slice(0, REPAIRS_MAX).map(repairRow);
  const titles = ['REPAIR', 'BLOCK', 'WHY', 'STATE', 'FROM', 'TO', 'BYTES', 'TOOK'];
  return [table([titles, ...rows])];
}

function repairRow(entry: LedgerEntry): string[] {
  const { kind, block, reason, state, from = '-', to, bytes, startedMs, endedMs } = entry;
  const took = endedMs === undefined ? '-' : `${Math.ceil(endedMs - startedMs)} ms`;
  return [kind, String(block), reason, state, from, to, roughSize(bytes), took];
}
