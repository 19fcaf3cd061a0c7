/**
 * The cache's disk tier: how long a start takes, what a lookup costs, and what lookups wait while the tier writes.
 *
 *     node bench/cache-ssd.ts [--objects 1000000] [--bytes 1024] [--folder /somewhere/on/an/ssd]
 *
 * It fills a tier, opens it again, looks up at random alone and beside writes. The
 * folder is made under the system's temporary one when none is given, and removed at the end. What is read was just
 * written, so reads come from the page cache unless the machine has less memory than that.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DiskTier } from '../src/cache/ssd/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
} from '../src/core/runtime/node/index.ts';

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '1024' },
    folder: { type: 'string' },
  },
});
const objects = Number(values.objects);
const bodyBytes = Number(values.bytes);
const parent = values.folder ?? tmpdir();
const folder = mkdtempSync(join(parent, 'plinth-cache-ssd-'));
const META_BYTES = 300;
const LOOKUPS = 50_000;
const AT_ONCE = 8;
/** Beside lookups, at most. */
const WRITE_BYTES_PER_SECOND = 50 * 2 ** 20;

const place = {
  disk: createNodeDisk(),
  clock: createNodeClock(),
  random: createNodeRandom(),
  folder,
  // Nothing leaves while it is measured.
  bytesMax: 8 * 2 ** 30 + objects * (bodyBytes + META_BYTES + 150) * 1.3,
  recordsMax: Math.max(1 << 20, objects * 1.5) + 2 ** 22,
};

const meta = Buffer.alloc(META_BYTES, 'm');
const body = [Buffer.alloc(bodyBytes, 'b')];

function hashOf(nth: number): { hashLow: number; hashHigh: number } {
  return { hashLow: Math.imul(nth, 0x9e3779b1) >>> 0, hashHigh: nth };
}

function put(tier: DiskTier, nth: number): boolean {
  return tier.put({ ...hashOf(nth), tag: 0, sequence: 1, meta, body }) === 'queued';
}

async function fill(tier: DiskTier): Promise<void> {
  for (let nth = 0; nth < objects; ) {
    while (nth < objects && put(tier, nth)) nth++;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await tier.flush();
}

interface Waits {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Random lookups with their bodies, some at a time. Times are in microseconds. */
async function lookUp(tier: DiskTier, count: number): Promise<Waits> {
  const waits = new Float64Array(count);
  let begun = 0;
  const one = async (): Promise<void> => {
    while (begun < count) {
      const mine = begun++;
      const { hashLow, hashHigh } = hashOf(Math.floor(Math.random() * objects));
      const startedMs = performance.now();
      const record = await tier.find(hashLow, hashHigh, () => true);
      if (record !== null) {
        await new Promise<void>((resolve) => {
          const sink = { onPiece: () => true, onEnd: () => resolve() };
          tier.readBody(record, { from: 0, to: record.bodyBytes }, sink);
        });
      }
      waits[mine] = (performance.now() - startedMs) * 1000;
      // Requests come from sockets: the loop turns between them.
      if (mine % AT_ONCE === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  const ms = performance.now() - startedMs;
  const used = process.cpuUsage(cpu);
  waits.sort();
  return {
    perSecond: (count / ms) * 1000,
    cpuMicros: (used.user + used.system) / count,
    p50: waits[Math.floor(count * 0.5)]!,
    p99: waits[Math.floor(count * 0.99)]!,
    worst: waits[count - 1]!,
  };
}

function show(title: string, waits: Waits): void {
  const { perSecond, cpuMicros, p50, p99, worst } = waits;
  const times = [p50, p99, worst].map((micros) => `${micros.toFixed(0)} us`).join(' / ');
  process.stdout.write(
    `${title.padEnd(34)} ${perSecond.toFixed(0).padStart(7)}/s, ${cpuMicros.toFixed(1)} us of CPU each, ` +
      `p50 / p99 / worst ${times}\n`,
  );
}

/** Writes until told to stop. @returns bytes a second. */
function writeBeside(tier: DiskTier, large: boolean): () => number {
  let going = true;
  let nth = large ? 2 * objects : objects;
  let given = 0;
  const piece = large ? [Buffer.alloc(1 << 20, 'l')] : body;
  const before = tier.stats().counts.writtenBytes;
  const startedMs = performance.now();
  const turn = (): void => {
    if (!going) return;
    const due = ((performance.now() - startedMs) / 1000) * WRITE_BYTES_PER_SECOND;
    while (given < due) {
      tier.put({ ...hashOf(nth++), tag: 0, sequence: 1, meta, body: piece });
      given += piece[0]!.length;
    }
    setTimeout(turn, 1);
  };
  turn();
  return () => {
    going = false;
    const bytes = tier.stats().counts.writtenBytes - before;
    return (bytes / (performance.now() - startedMs)) * 1000;
  };
}

try {
  let tier = await DiskTier.open(place);
  let startedMs = performance.now();
  const cpu = process.cpuUsage();
  await fill(tier);
  const used = process.cpuUsage(cpu);
  const { counts, segments, indexBytes } = tier.stats();
  const fillMs = performance.now() - startedMs;
  await tier.close();
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  process.stdout.write(
    `${objects} objects of ${bodyBytes} bytes in ${segments} segments: ${mib(counts.writtenBytes)}, ` +
      `written with ${mib((counts.writtenBytes / fillMs) * 1000)}/s and ` +
      `${((used.user + used.system) / objects).toFixed(1)} us of CPU each, index ${mib(indexBytes)}\n`,
  );

  startedMs = performance.now();
  tier = await DiskTier.open(place);
  const openMs = performance.now() - startedMs;
  process.stdout.write(`opened in ${openMs.toFixed(0)} ms with ${tier.stats().records} records\n`);

  await lookUp(tier, LOOKUPS / 10);
  show('lookups alone', await lookUp(tier, LOOKUPS));
  for (const large of [false, true]) {
    const stop = writeBeside(tier, large);
    const waits = await lookUp(tier, LOOKUPS);
    const rate = stop();
    show(`beside writes of ${large ? '1 MiB' : `${bodyBytes} bytes`}`, waits);
    process.stdout.write(`${''.padEnd(34)} ${mib(rate)}/s were written\n`);
    await tier.flush();
  }
  await tier.close();
} finally {
  rmSync(folder, { recursive: true });
}
