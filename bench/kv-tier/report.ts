/** What was measured as text for docs/bench-tier.md. */
import { table } from '../kv/report.ts';
import type { LoadRow, Measured, SizeRow } from './loads.ts';
import type { StartRow } from './starts.ts';

export const HEAD = `# Data larger than memory

Written by \`npm run bench:tier\`; run it to measure your machine. The same store twice, each time pinned to one core, the load generator on another: once with everything in memory, once with a memory limit. 50 connections ask for keys by Zipf (theta 0.99; popular keys are spread over the key space), rounds are interleaved in alternating order, figures are medians. Every reply is judged and every 31st value compared byte for byte.

Ratios are limited / in memory. Processor time is that of the whole process with all threads, until it is at rest after the round. \`mixed\` is nine GET and one SET, \`missing\` asks for keys that do not exist.
`;

const MIB = 2 ** 20;
const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(0);
const latency = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(1));
const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** A share for people; a dash where there was nothing to share. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '–';
}

export function loadTable(rows: readonly LoadRow[]): string {
  const both = (row: LoadRow, pick: (measured: Measured) => string): string =>
    `${pick(row.tier)} / ${pick(row.memory)}`;
  const ratio = (row: LoadRow, pick: (measured: Measured) => number): string =>
    `**${(pick(row.tier) / pick(row.memory)).toFixed(2)}**`;
  return table(
    [
      ...['load', '-P', 'req/s limited', 'in memory', 'ratio', 'CPU µs/request', 'ratio'],
      ...['p50 ms', 'p99 ms', 'p99.9 ms', 'longest ms'],
      ...['found in memory', 'loads waited for', 'missing without disk', 'generator µs/request'],
    ],
    rows.map((row) => [
      row.load,
      String(row.pipeline),
      whole(row.tier.perSecond),
      whole(row.memory.perSecond),
      ratio(row, ({ perSecond }) => perSecond),
      both(row, ({ cpuMicros }) => cpuMicros.toFixed(2)),
      ratio(row, ({ cpuMicros }) => cpuMicros),
      both(row, ({ p50 }) => latency(p50)),
      both(row, ({ p99 }) => latency(p99)),
      both(row, ({ p999 }) => latency(p999)),
      both(row, ({ max }) => latency(max)),
      percent(row.tier.hitShare),
      percent(row.tier.waitedShare),
      percent(row.tier.missingShare),
      both(row, ({ clientMicros }) => clientMicros.toFixed(2)),
    ]),
  );
}

export function sizeTable(rows: readonly SizeRow[]): string {
  return table(
    [
      ...['MiB', 'limit', 'keys and values in memory', 'resident', 'most under load'],
      ...['most while filled', 'hot keys', 'cold keys', 'flushes', 'dropped'],
    ],
    rows.map(({ name, limitBytes, figures, ...resident }) => [
      name,
      limitBytes === undefined ? 'none' : mebibytes(limitBytes),
      mebibytes(figures.usedBytes),
      mebibytes(resident.afterLoads),
      mebibytes(resident.peakOfLoads),
      mebibytes(resident.peakOfFill),
      ...[figures.tier.hotKeys, figures.tier.coldKeys].map(whole),
      ...[figures.tier.flushes, figures.tier.dropped].map(whole),
    ]),
  );
}

export function startTable(rows: readonly StartRow[]): string {
  return table(
    [
      ...['keys', 'PONG after s', 'right value after s', 'writes acknowledged', 'sent', 'kept'],
      ...['resident MiB at the first value', 'at rest', 'most'],
    ],
    rows.map((row) => [
      whole(row.keys),
      (row.pongMs / 1000).toFixed(2),
      (row.getMs / 1000).toFixed(2),
      ...[row.acknowledged, row.sent, row.kept].map(whole),
      ...[row.residentFirst, row.residentRest, row.residentPeak].map(mebibytes),
    ]),
  );
}
