/**
 * Writes what was measured: a part of docs/bench-kv.md for each section, and the short table of the
 * README. A part stands between markers, so that sections may be measured one at a time.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MemoryRow } from './memory.ts';
import type { RateRow } from './rates.ts';
import type { StartRow } from './starts.ts';

const document = fileURLToPath(new URL('../../docs/bench-kv.md', import.meta.url));
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));

const HEAD = `# The key-value store beside Redis

Written by \`npm run bench:kv\`; run it to measure your machine. Plinth and Debian's redis-server each run pinned to one core, redis-benchmark (50 clients, 100-byte values where nothing else is said, ${(100_000).toLocaleString('en')} different keys) on another. Rounds are interleaved in alternating order and every figure is a median.

Ratios are Plinth / Redis: more than 1 is better for requests a second, less than 1 for processor time, latency, memory and start-up time. At \`-P 1\` redis-benchmark needs as much processor time as the server, so requests a second hardly tell the servers apart there and processor time per command does. Processor time is that of the whole process with all its threads. p99.9 is the first step of redis-benchmark's distribution at or above 99.9 %.
`;

/** Replaces one part of docs/bench-kv.md, or adds it. */
export function writePart(name: string, text: string): void {
  const old = existsSync(document) ? readFileSync(document, 'utf8') : '';
  const parts = new Map<string, string>();
  for (const [, part, body] of old.matchAll(
    /<!-- part:(\S+) -->\n([\s\S]*?)\n<!-- \/part:\1 -->/g,
  )) {
    parts.set(part!, body!);
  }
  parts.set(name, text.trim());
  const order = ['none', 'everysec', 'always', 'memory', 'start'];
  const body = order
    .filter((part) => parts.has(part))
    .map((part) => `<!-- part:${part} -->\n${parts.get(part)}\n<!-- /part:${part} -->\n`);
  writeFileSync(document, `${HEAD}\n${body.join('\n')}`);
}

/** Replaces what stands between the README's markers; false when there are none. */
export function writeReadme(text: string): boolean {
  const old = readFileSync(readme, 'utf8');
  const changed = old.replace(
    /<!-- bench:kv -->[\s\S]*?<!-- \/bench:kv -->/,
    () => `<!-- bench:kv -->\n${text.trim()}\n<!-- /bench:kv -->`,
  );
  if (changed === old && !old.includes('<!-- bench:kv -->')) return false;
  writeFileSync(readme, changed);
  return true;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function ratio(plinth: number, redis: number): string {
  const value = plinth / redis;
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

function thousands(perSecond: number): string {
  return `${(perSecond / 1000).toFixed(perSecond < 100_000 ? 1 : 0)}k`;
}

export function ratesTable(rows: readonly RateRow[]): string {
  const latency = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(1));
  return table(
    [
      'command',
      '-P',
      'req/s',
      'Redis',
      'ratio',
      'CPU µs/command',
      'Redis',
      'ratio',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'p99.9 ratio',
    ],
    rows.map(({ name, pipeline, plinth, redis }) => [
      name,
      String(pipeline),
      thousands(plinth.perSecond),
      thousands(redis.perSecond),
      `**${ratio(plinth.perSecond, redis.perSecond)}**`,
      plinth.cpuMicros.toFixed(2),
      redis.cpuMicros.toFixed(2),
      `**${ratio(plinth.cpuMicros, redis.cpuMicros)}**`,
      `${latency(plinth.p50)} / ${latency(redis.p50)}`,
      `${latency(plinth.p99)} / ${latency(redis.p99)}`,
      `${latency(plinth.p999)} / ${latency(redis.p999)}`,
      ratio(plinth.p999, redis.p999),
    ]),
  );
}

export function memoryTable(rows: readonly MemoryRow[]): string {
  return table(
    ['bytes each', 'count', 'Plinth', 'Redis', 'ratio'],
    rows.map(({ name, count, plinth, redis }) => [
      name,
      count.toLocaleString('en'),
      plinth.toFixed(0),
      redis.toFixed(0),
      `**${ratio(plinth, redis)}**`,
    ]),
  );
}

export function startTable(rows: readonly StartRow[]): string {
  return table(
    ['seconds until it answers', 'keys', 'Plinth', 'Redis', 'ratio'],
    rows.map(({ name, keys, plinth, redis }) => [
      name,
      keys.toLocaleString('en'),
      (plinth / 1000).toFixed(2),
      (redis / 1000).toFixed(2),
      `**${ratio(plinth, redis)}**`,
    ]),
  );
}

/** The README's table: pipelined, without persistence. */
export function shortTable(rows: readonly RateRow[]): string {
  return table(
    ['', 'req/s, -P 16', 'x Redis', 'CPU x Redis', 'p99.9 x Redis'],
    rows
      .filter(({ pipeline }) => pipeline === 16)
      .map(({ name, plinth, redis }) => [
        name,
        thousands(plinth.perSecond),
        ratio(plinth.perSecond, redis.perSecond),
        ratio(plinth.cpuMicros, redis.cpuMicros),
        ratio(plinth.p999, redis.p999),
      ]),
  );
}
