/** What was measured, as text for docs/bench-edge.md, section by section. */
import { fileURLToPath } from 'node:url';
import { spread, writePart } from '../http/parts.ts';
import type { Samples } from '../http/rounds.ts';
import { median } from '../kv/machine.ts';
import { table } from '../kv/report.ts';
import {
  FLOOD_RATIO_MAX,
  FLOODERS,
  type FloodRow,
  ONSET_MS,
  PHASES,
  TIMES,
  USERS,
  USERS_PER_SECOND,
} from './flood.ts';
import { HIT_RATIO_MAX } from './hit.ts';
import { CACHE_MIB, type OffloadRow, PLACES, VISITS } from './offload.ts';
import { PURGE_MS_MAX, type PurgeFigures } from './purge.ts';
import { TRACE } from './trace.ts';

export const SECTIONS = ['hit', 'purge', 'flood', 'offload', 'dns'] as const;
export type Section = (typeof SECTIONS)[number];

export const titles: Readonly<Record<Section, string>> = {
  hit: 'Hits',
  purge: 'Purge by a tag',
  flood: 'A flood from a few addresses',
  offload: 'What the origin is spared',
  dns: 'Names',
};

const document = fileURLToPath(new URL('../../docs/bench-edge.md', import.meta.url));

const HEAD = `# The edge

Written by \`npm run bench:edge -- --write\`; run it to measure your machine. Points of presence are processes of \`plinth up\` with real sockets on one machine; nothing is injected between them. The guard alone is measured by bench/edge-guard.ts, nanoseconds by request. The load average before a section tells what else the machine did.
`;

export function writeSection(name: Section, text: string): void {
  writePart({ path: document, head: HEAD, order: SECTIONS }, name, text);
}

const yes = (isMet: boolean): string => (isMet ? 'yes' : 'no');

export function hitsText(samples: Samples): string {
  const bare = samples.get('bare cache') ?? [];
  const rows = [...samples].map(([name, all]) => {
    const cpu = all.map(({ cpuMicros }) => cpuMicros);
    const ratios = cpu.map((micros, round) => micros / (bare[round]?.cpuMicros ?? Number.NaN));
    const isJudged = name !== 'bare cache' && name !== 'guard, signed URL';
    return [
      name,
      spread(cpu, 1),
      name === 'bare cache' ? '–' : `**${spread(ratios, 2)}**`,
      isJudged ? `≤ ${HIT_RATIO_MAX}` : '–',
      isJudged ? yes(median(ratios) <= HIT_RATIO_MAX) : '–',
      spread(
        all.map(({ perSecond }) => perSecond),
        0,
      ),
    ];
  });
  const head = ['', 'CPU µs/request', 'ratio', 'target', 'met', 'requests/s'];
  return `Bodies of 1 KiB, HTTP/1.1, wrk with 50 kept connections on the other core. Beside a balancer's route with a cache of the same program: the listener of a point of presence whose site has a guard with limits by client and by network that everybody keeps, with it a rule of access (hotlinks), or one of signed URLs. Ratios are taken within a round; figures are medians with the lowest and the highest. All requests come from one address, so that the adaptive part of the guard counts but may not hold back.

${table(head, rows)}`;
}

export function purgeText({ pops, callMs, orderMs }: PurgeFigures): string {
  const at = (list: readonly number[], share: number): string =>
    (list[Math.min(list.length - 1, Math.floor(list.length * share))] ?? Number.NaN).toFixed(2);
  const rows = [
    ['call to receipt', callMs],
    ['order to receipt', orderMs],
  ] as const;
  return `${pops} points of presence, each a process of its own with 20 pages stored that bear the tag; one purge after the other is asked for at the admin door of one that does not order purges, and answered when all have confirmed. ${callMs.length} purges behind 20 that warm up.

${table(
  ['ms', 'median', 'p99', 'target of the median', 'met'],
  rows.map(([name, list]) => [
    name,
    `**${at(list, 0.5)}**`,
    at(list, 0.99),
    name === 'call to receipt' ? `< ${PURGE_MS_MAX}` : '–',
    name === 'call to receipt' ? yes(median(list) < PURGE_MS_MAX) : '–',
  ]),
)}`;
}

export function floodText(rows: readonly FloodRow[]): string {
  const count = (value: number): string => Math.round(value).toLocaleString('en');
  const phases = table(
    ['guard', ...PHASES.map((phase) => `${phase}: p50 / p99 ms`), 'p99 ratio', 'target', 'met'],
    rows.map(({ guard, phases, ratios }) => [
      guard,
      ...PHASES.map((phase) => `${phases[phase].p50.toFixed(1)} / ${phases[phase].p99.toFixed(1)}`),
      `**${spread(ratios, 2)}**`,
      guard === 'none' ? '–' : `< ${FLOOD_RATIO_MAX}`,
      guard === 'none' ? '–' : yes(median(ratios) < FLOOD_RATIO_MAX),
    ]),
  );
  const served = table(
    [
      'guard',
      'sent by the flood',
      'served',
      ...PHASES.map((phase) => `users without 200, ${phase}`),
    ],
    rows.map(({ guard, sent, served, phases }) => [
      guard,
      count(sent),
      `${count(served)} (${((100 * served) / sent).toFixed(1)} %)`,
      ...PHASES.map((phase) => count(phases[phase].failed)),
    ]),
  );
  return `${USERS} users in networks of their own ask for stored pages ${count(USERS_PER_SECOND)} times a second in all, whatever comes back; then ${FLOODERS} addresses ask ${TIMES} times as often, each time for something that is not stored. The first ${ONSET_MS / 1000} s of the flood are told apart, as it has to be seen before it is held back; the ratio is p99 of users in the flood behind that to p99 before it. The fixed limit is 50 requests a second by client; adaptive is what the guard does without any limit being set, half a minute after it was started, before which it takes everything for normal. Users and flood share the core that is not measured, the flood with a lower priority. Medians of the rounds.

${phases}

${served}`;
}

export function offloadText(rows: readonly OffloadRow[]): string {
  const { objects, theta, driftEvery, bytesMin, bytesMax, seed } = TRACE;
  const figures = table(
    ['', 'hit ratio at users', 'at the origin per 1,000 requests', 'bytes from the origin'],
    rows.map(({ shields, visits, hits, originRequests, originBytes, bytes }) => [
      ['no shield', 'one shield'][shields] ?? `${shields} shields`,
      `${((100 * hits) / visits).toFixed(1)} %`,
      `**${((1000 * originRequests) / visits).toFixed(0)}**`,
      `${((100 * originBytes) / bytes).toFixed(1)} %`,
    ]),
  );
  return `${PLACES} points of presence for users, and shields, with ${CACHE_MIB} MiB of memory each; several shields share the paths by consistent hashing. The trace: ${objects.toLocaleString('en')} objects of ${bytesMin / 1024} to ${bytesMax / 1024} KiB, popularity by Zipf with ${theta}, of which something popular changes places with anything every ${driftEvery} requests, the same at all places; ${VISITS.toLocaleString('en')} requests from seed ${seed}, the first third of which fills the caches and is not counted.

${figures}`;
}

export function dnsText(figures: string): string {
  return `The name server beside knot, each pinned to one core, dnsperf on the other; [bench/edge-dns.ts](../bench/edge-dns.ts) tells what is asked. The target is 50,000 answers by CPU second.

${figures}`;
}
