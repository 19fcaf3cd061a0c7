/**
 * One engine's run, in a process of its own: fills, reads, scans, and tells what each took.
 *
 *     node bench/lsm/work.ts <engine> <folder> <keys>       prints one line of JSON a case
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type EngineName, openEngine } from './engines.ts';

export interface CaseResult {
  readonly name: string;
  readonly operations: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  /** Longest time between two turns of the loop, ms. */
  readonly stallMs: number;
  /** Latency of single operations where they were timed, ms. */
  readonly p999Ms: number | null;
  /** Bytes on the disk and written by the engine, for `space`. */
  readonly diskBytes: number | null;
  readonly writtenBytes: number | null;
}

const KEY_BYTES = 16;
const VALUE_BYTES = 100;
const [, , engineName = 'plinth', folder = '', keysText = '1000000'] = process.argv;
const keys = Number(keysText);
const engine = await openEngine(engineName as EngineName, folder);

let state = 2463534242;

/** Half of a value can be compressed, as usual in such benchmarks. */
const values = Array.from({ length: 64 }, (_, nth) => {
  const value = Buffer.alloc(VALUE_BYTES, 97 + (nth % 26));
  for (let at = 0; at < VALUE_BYTES / 2; at++) value[at] = random() & 255;
  return value;
});

/** xorshift32 (Marsaglia 2003): the same keys in the same order for every engine. */
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

function keyOf(number: number): Buffer {
  return Buffer.from(number.toString().padStart(KEY_BYTES, '0'), 'latin1');
}

const anyKey = (): Buffer => keyOf(random() % keys);
const anyValue = (): Buffer => values[random() & 63]!;
const absentKey = (): Buffer => Buffer.from(`${(random() % keys).toString().padStart(15, '0')}x`);

/** What a case does: `step` performs some operations and says how many. */
async function measure(
  name: string,
  operations: number,
  step: () => Promise<number>,
  timed = false,
): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  delay.enable();
  let done = 0;
  while (done < operations) {
    const before = timed ? performance.now() : 0;
    const count = await step();
    if (timed) times.push((performance.now() - before) / count);
    done += count;
  }
  delay.disable();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  tell({
    name,
    operations: done,
    seconds,
    cpuMicros: user + system,
    stallMs: delay.max / 1e6,
    p999Ms: timed ? times[Math.floor(times.length * 0.999)]! : null,
    diskBytes: null,
    writtenBytes: null,
  });
}

function tell(result: CaseResult): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function folderBytes(path: string): number {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    bytes += entry.isDirectory() ? folderBytes(inner) : statSync(inner).size;
  }
  return bytes;
}

function batch(count: number): [Buffer, Buffer][] {
  return Array.from({ length: count }, () => [anyKey(), anyValue()]);
}

async function put(count: number, sync: boolean): Promise<number> {
  await engine.putBatch(batch(count), sync);
  return count;
}

async function get(count: number, next: () => Buffer): Promise<number> {
  await engine.getMany(Array.from({ length: count }, next));
  return count;
}

await measure('fill, batches of 1,000', keys, () => put(1000, false));
await measure('settle behind it', keys, async () => {
  await engine.settle();
  return keys;
});
tell({
  name: 'space',
  operations: keys,
  seconds: 0,
  cpuMicros: 0,
  stallMs: 0,
  p999Ms: null,
  diskBytes: folderBytes(folder),
  writtenBytes: engine.writtenBytes(),
});
await measure('get, random', keys / 4, () => get(100, anyKey));
await measure('get again, warm', keys / 4, () => get(100, anyKey));
await measure('get, absent', keys / 2, () => get(100, absentKey));
await measure('scan of 1,000', keys / 2, () => engine.scan(anyKey(), 1000));
await measure('batches of 1,000, synced', keys / 10, () => put(1000, true));
await measure('single puts, synced', 300, () => put(1, true));
let turn = 0;
const mixed = (name: string): Promise<void> =>
  measure(
    `mixed ${name}: 9 gets of 100, 1 batch of 100`,
    keys / 2,
    () => (turn++ % 10 === 0 ? put(100, false) : get(100, anyKey)),
    true,
  );
await engine.settle();
await mixed('at rest');
// Nobody waits for what this leaves to be compacted: that goes on under the next case.
for (let done = 0; done < keys; done += 1000) await put(1000, false);
const writtenBefore = engine.writtenBytes();
await mixed('while compacting');
tell({
  name: 'written while mixed',
  operations: keys / 2,
  seconds: 0,
  cpuMicros: 0,
  stallMs: 0,
  p999Ms: null,
  diskBytes: null,
  writtenBytes: (engine.writtenBytes() ?? 0) - (writtenBefore ?? 0),
});
await engine.close();
