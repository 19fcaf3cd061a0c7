/**
 * What the policy that ships costs in process: processor time of an access noted and of a key that leaves.
 *
 *     node bench/tier-policy/cost.ts [--keys n]
 *
 * Medians of nine rounds, the ways interleaved. Records lie all over memory, as they do in a store that
 * has run for a while.
 */
import { parseArgs } from 'node:util';
import { createNodeClock, createNodeRandom } from '../../src/core/runtime/node/index.ts';
import { commandSpecs } from '../../src/kv/commands/index.ts';
import { Engine } from '../../src/kv/engine/engine.ts';
import { LFU_INITIAL, lfuBits, lfuTouched } from '../../src/kv/engine/lfu.ts';
import { Type } from '../../src/kv/keyspace/index.ts';
import { type Flusher, Spill } from '../../src/kv/tier/index.ts';
import { Uses } from '../../src/kv/tier/uses.ts';
import { Chance } from '../../tests/fuzz/kv/random.ts';

const { values: given } = parseArgs({ options: { keys: { type: 'string', default: '2000000' } } });
const keys = Number(given.keys);
const ROUNDS = 9;
const ACCESSES = 1_000_000;
const DRAWS = 100_000;
const DROPPED = 0.02;

const clock = createNodeClock();
const random = createNodeRandom();
const engine = new Engine({ commands: commandSpecs, clock, random, databases: 1 });
const { keyspace, settings } = engine;
const [db] = keyspace.databases;
keyspace.setNow(clock.wallMs());
const flusher = { push: () => true } as unknown as Flusher;
const spill = new Spill({ engine, flusher, clock, startFlush: () => {} });
const chance = new Chance(1);
const key = Buffer.alloc(16);
keyspace.whileLoading(() => {
  for (let i = 0; i < keys; i++) add(i);
  return 0;
});

const uses = new Uses(clock, random);
const bits = new Uint32Array(4096);
const out = new Uint32Array(32);
const draw = (): number => random.u32();
let sum = 0;
const costs = new Map<string, number[]>();
for (let round = 0; round <= ROUNDS; round++) {
  bits.fill(lfuBits(keyspace.nowMs, LFU_INITIAL));
  measure('an access by Redis LFU, ns', ACCESSES, () => {
    for (let i = 0; i < ACCESSES; i++) {
      const at = i & 4095;
      bits[at] = lfuTouched(bits[at]!, keyspace.nowMs, settings, random.float());
    }
  });
  bits.fill(uses.fresh);
  measure('an access, ns', ACCESSES, () => {
    for (let i = 0; i < ACCESSES; i++) bits[i & 4095] = uses.touched(bits[i & 4095]!);
  });
  measure('a record drawn one by one, ns', DRAWS, () => {
    for (let i = 0; i < DRAWS; i++) sum += db!.metaOf(db!.table.random(draw));
  });
  measure('a record drawn with others, ns', DRAWS, () => {
    for (let i = 0; i < DRAWS; i += 32) {
      const count = db!.table.sample(draw, out);
      for (let nth = 0; nth < count; nth++) sum += db!.metaOf(out[nth]!);
    }
  });
  settings.tierMemory = Math.round(keyspace.usedBytes * (1 - DROPPED));
  spill.tick();
  const before = spill.dropped;
  const began = cpuMicros();
  while (spill.isOver) spill.makeRoom();
  note('a key that leaves, ns', ((cpuMicros() - began) * 1000) / (spill.dropped - before));
}
for (const [name, rounds] of costs) {
  const sorted = rounds.slice(1).toSorted((a, b) => a - b);
  console.log(`${name.padEnd(34)} ${sorted[ROUNDS >> 1]!.toFixed(2)}`);
}
if (sum === 0) throw new Error('nothing was drawn');

function add(i: number): void {
  key.write(String(i).padStart(16, '0'), 'latin1');
  // Sizes of several classes, so that neighbours in memory are not neighbours in time.
  db!.create(key, 0, key.length, Type.string, 60 + Math.floor(chance.unit() * 80));
}

function measure(name: string, count: number, run: () => void): void {
  const began = cpuMicros();
  run();
  note(name, ((cpuMicros() - began) * 1000) / count);
}

/** Processor time of this process without what the system did for it. */
function cpuMicros(): number {
  return process.cpuUsage().user;
}

function note(name: string, cost: number): void {
  const rounds = costs.get(name) ?? [];
  rounds.push(cost);
  costs.set(name, rounds);
}
