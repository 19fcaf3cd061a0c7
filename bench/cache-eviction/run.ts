/**
 * Hit ratios of eviction policies on traces that are made here: `node bench/cache-eviction/run.ts [--write]`.
 *
 * Zipf, Zipf whose ranks drift, scans between, a head that moves; sizes of a web site (most of some KiB, few of up to
 * a MiB), the same for a key each time. Limits of memory as parts of all bytes. It ends by itself, in about a minute.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Trace, traces } from '../tier-policy/traces.ts';
import { policies } from './policies.ts';

const KEYS = 100_000;
const ACCESSES = 1_000_000;
const SHARES = [0.01, 0.1, 0.3];
const PAGE = new URL('../../docs/bench-cache-eviction.md', import.meta.url);

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

/** Bytes of a key's object: 1 to 16 KiB mostly, 64 KiB for one in ten, up to 1 MiB for one in a hundred. */
function sizes(keys: number): Float64Array {
  const bytes = new Float64Array(keys);
  for (let key = 0; key < keys; key++) {
    const draw = (Math.imul(key + 1, 0x85ebca6b) >>> 0) / 2 ** 32;
    const within = (Math.imul(key + 7, 0xc2b2ae35) >>> 0) / 2 ** 32;
    const [low, high] =
      draw < 0.01 ? [65_536, 1_048_576] : draw < 0.11 ? [16_384, 65_536] : [1024, 16_384];
    bytes[key] = Math.round(low * (high / low) ** within);
  }
  return bytes;
}

interface Ratios {
  readonly objects: number;
  readonly bytes: number;
}

function play(
  trace: Trace,
  bytes: Float64Array,
  make: (typeof policies)[number][1],
  max: number,
): Ratios {
  const policy = make(max);
  let [hits, hitBytes, asked, askedBytes] = [0, 0, 0, 0];
  const warm = trace.accesses.length / 4;
  for (let i = 0; i < trace.accesses.length; i++) {
    const key = trace.accesses[i] as number;
    const size = bytes[key] as number;
    const hit = policy.access(key, size);
    if (i < warm) continue;
    asked++;
    askedBytes += size;
    if (!hit) continue;
    hits++;
    hitBytes += size;
  }
  return { objects: hits / asked, bytes: hitBytes / askedBytes };
}

const bytes = sizes(KEYS);
const all = bytes.reduce((sum, size) => sum + size, 0);
const lines: string[] = [];
const heading = ['trace', 'memory', ...policies.map(([name]) => name)];
lines.push(
  `| ${heading.join(' | ')} |`,
  `|${' --- |'.repeat(2)}${' ---: |'.repeat(policies.length)}`,
);
for (const trace of traces(KEYS, ACCESSES)) {
  // Nothing here depends on the time that accesses take.
  if (trace.name.endsWith('20 s')) continue;
  for (const share of SHARES) {
    const ratios = policies.map(([, make]) => play(trace, bytes, make, all * share));
    const cells = ratios.map((ratio) => `${percent(ratio.objects)} (${percent(ratio.bytes)})`);
    lines.push(`| ${trace.name} | ${share * 100} % | ${cells.join(' | ')} |`);
    console.log(lines.at(-1));
  }
}
if (values.write) {
  writeFileSync(
    PAGE,
    `# Which responses leave memory\n\nWritten by \`node bench/cache-eviction/run.ts --write\`: hit ratio of requests, and of bytes in brackets, in per cent, over ${ACCESSES.toLocaleString('en')} accesses to ${KEYS.toLocaleString('en')} keys behind a quarter of warm-up. What was chosen, and why: [decision 0016](decisions/0016-which-responses-leave-memory.md).\n\n${lines.join('\n')}\n`,
  );
}

function percent(ratio: number): string {
  return (ratio * 100).toFixed(1);
}
