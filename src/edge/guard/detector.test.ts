/** The detector and what feeds it, on traces that are drawn: normal clients, crowds, floods. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { Detector, type DetectorSettings } from './detector.ts';
import { detectorTransitions } from './detector-states.ts';
import type { Talker } from './talkers.ts';
import { V4_WORD } from './visitor.ts';
import { Asked, Watch } from './watch.ts';

const settings: DetectorSettings = {
  ...{ factor: 4, floorPerSecond: 100, offenderFactor: 4, offenderFloorPerSecond: 20 },
  ...{ learnMs: 60_000, releaseMs: 1000 },
};
const TICK_MS = 200;
const WARM_MS = 40_000;

interface Client {
  readonly address: number;
  /** Requests a second, on the average. */
  readonly perSecond: number;
}

/** Traffic with a server that hurts when more than so many requests a second get through. */
class Trace {
  readonly watch: Watch;
  /** Requests of each address that the detector's limits have refused. */
  readonly refused = new Map<number, number>();
  admitted = 0;
  nowMs = 0;
  private readonly capacity: number;
  private readonly random: { float(): number };
  private pressure = 0;

  constructor(seed: number, capacity: number) {
    this.random = createSimRandom(seed);
    this.capacity = capacity;
    this.watch = new Watch({ memoryBytes: 1 << 20, seed });
  }

  run(clients: readonly Client[], forMs: number): void {
    for (let ms = 0; ms < forMs; ms += TICK_MS) {
      let admitted = 0;
      for (const { address, perSecond } of clients) {
        const mean = (perSecond * TICK_MS) / 1000;
        // Twice the mean at most, and whole: bursty enough.
        const count = Math.floor(this.random.float() * 2 * mean + this.random.float());
        for (let i = 0; i < count; i++) {
          const atMs = this.nowMs + (i * TICK_MS) / count;
          if (this.watch.ask(V4_WORD, address, atMs) === Asked.passes) admitted++;
          else this.refused.set(address, (this.refused.get(address) ?? 0) + 1);
        }
      }
      this.nowMs += TICK_MS;
      this.admitted = (admitted * 1000) / TICK_MS;
      this.pressure = Math.max(this.admitted / this.capacity, this.pressure * 0.5);
      this.watch.tick(this.nowMs, TICK_MS, this.pressure, settings);
    }
  }

  get state(): string {
    return this.watch.detector.state;
  }
}

/** Clients whose rates fall as 1 / rank, each in a network of its own. */
function normal(count: number, total: number, firstAddress = 10): Client[] {
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) sum += 1 / rank;
  return Array.from({ length: count }, (_, i) => ({
    address: ((firstAddress << 24) + (i << 8) + 1) >>> 0,
    perSecond: total / sum / (i + 1),
  }));
}

const TOTAL = 150;
const usual = normal(100, TOTAL);

test('a flood of few is held back, and no request of anybody else is refused', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 8, max: 20 }),
      (seed, few, times) => {
        const trace = new Trace(seed, TOTAL * 3);
        trace.run(usual, WARM_MS);
        const flood = Array.from({ length: few }, (_, i) => ({
          address: ((200 << 24) + (i << 8) + 1) >>> 0,
          perSecond: (TOTAL * times) / few,
        }));
        trace.run([...usual, ...flood], 5000);
        assert.equal(trace.state, 'attack');
        const admittedOf: number[] = [];
        for (let i = 0; i < 20; i++) {
          trace.run([...usual, ...flood], TICK_MS);
          admittedOf.push(trace.admitted);
        }
        const mean = admittedOf.reduce((sum, each) => sum + each, 0) / admittedOf.length;
        assert.ok(mean <= TOTAL * 3.1, `${mean} of a usual ${TOTAL} get through`);
        for (const { address } of usual) assert.equal(trace.refused.get(address) ?? 0, 0);
        assert.ok(flood.some(({ address }) => trace.refused.has(address)));
        // It stops: within some steps of release nothing is held back any more.
        trace.run(usual, 40_000);
        assert.equal(trace.state, 'calm');
        assert.equal(trace.watch.talkers.limited, 0);
      },
    ),
    { numRuns: 8 },
  );
});

test('a flood is seen where the server is too full to take more than usual', () => {
  const trace = new Trace(6, TOTAL * 1.2);
  trace.run(usual, WARM_MS);
  // The flood takes the place of half of the normal requests.
  const displaced = usual.map(({ address, perSecond }) => ({ address, perSecond: perSecond / 2 }));
  trace.run([...displaced, { address: 7, perSecond: TOTAL * 2 }], 5000);
  assert.equal(trace.state, 'attack');
  assert.ok((trace.refused.get(7) ?? 0) > TOTAL);
  for (const { address } of usual) assert.equal(trace.refused.get(address) ?? 0, 0);
});

test('a crowd of normal clients is no attack, whatever it costs', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 6, max: 12 }), (seed, times) => {
      const trace = new Trace(seed, TOTAL * 3);
      trace.run(usual, WARM_MS);
      const crowd = Array.from({ length: times }, (_, i) => normal(100, TOTAL, 20 + i)).flat();
      trace.run([...usual, ...crowd], 10_000);
      assert.equal(trace.state, 'crowd');
      assert.equal(trace.refused.size, 0);
      trace.run(usual, 20_000);
      assert.equal(trace.state, 'calm');
    }),
    { numRuns: 5 },
  );
});

test('a flood of a whole network, each of its addresses asking little, is held back as one', () => {
  const trace = new Trace(3, TOTAL * 3);
  trace.run(usual, WARM_MS);
  const flood = Array.from({ length: 250 }, (_, i) => ({
    address: ((200 << 24) + i) >>> 0,
    perSecond: 10,
  }));
  trace.run([...usual, ...flood], 10_000);
  assert.equal(trace.state, 'attack');
  assert.ok(trace.admitted <= TOTAL * 3.1, `${trace.admitted} get through`);
  for (const { address } of usual) assert.equal(trace.refused.get(address) ?? 0, 0);
});

test('what hurts nobody is nobody’s business, and becomes normal', () => {
  const trace = new Trace(4, TOTAL * 1000);
  trace.run(usual, WARM_MS);
  trace.run([...usual, { address: 7, perSecond: TOTAL * 8 }], 120_000);
  assert.equal(trace.state, 'calm');
  assert.equal(trace.refused.size, 0);
  assert.ok(trace.watch.detector.learnt.perSecond > TOTAL * 4);
});

test('one burst teaches little', () => {
  const trace = new Trace(5, TOTAL * 1000);
  trace.run(usual, WARM_MS);
  const { narrow } = trace.watch.detector.learnt;
  trace.run([...usual, { address: 7, perSecond: TOTAL * 20 }], 2000);
  assert.ok(trace.watch.detector.learnt.narrow < narrow * 1.5);
  assert.ok(trace.watch.detector.learnt.perSecond < TOTAL * 1.5);
});

test('of offenders the worst are taken first, and no more than it takes', () => {
  const talker = fc.integer({ min: 1, max: 3000 });
  fc.assert(
    fc.property(
      fc.array(talker, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 0, max: 300 }),
      (rates, others) => {
        const detector = new Detector();
        const step = (
          nowMs: number,
          talkers: readonly Talker[],
          perSecond: number,
          pressure: number,
        ) => detector.step({ nowMs, talkers, perSecond, pressure }, settings);
        const quiet: Talker = { row: 99, kind: 1, perSecond: 30, limit: 0 };
        for (let ms = 0; ms <= WARM_MS; ms += 1000) step(ms, [quiet], 100, 0);
        const sorted = rates.toSorted((x, y) => y - x);
        const talkers = sorted.map(
          (perSecond, row): Talker => ({ row, kind: 1, perSecond, limit: 0 }),
        );
        const perSecond = rates.reduce((sum, rate) => sum + rate, others);
        step(WARM_MS + 1000, talkers, perSecond, 1);
        const changes = step(WARM_MS + 2000, talkers, perSecond, 1);
        const tooMuch = detector.threshold(settings);
        const offence = detector.offence(1, settings);
        const offenders = talkers.filter((each) => each.perSecond > offence);
        const taken = offenders.reduce((sum, each) => sum + each.perSecond, 0);
        if (perSecond <= tooMuch) {
          // A server that is full: all of them, if they take much of it.
          const isTaken = taken > 0 && taken >= 0.3 * perSecond;
          assert.equal(changes.length, isTaken ? offenders.length : 0);
          return;
        }
        if (offenders.length === 0) {
          assert.equal(changes.length, 0);
          return;
        }
        assert.deepEqual(
          changes.map((each) => each.talker.row),
          offenders.slice(0, changes.length).map(({ row }) => row),
        );
        // The usual busiest is 30; the target 125. All but the last are held to what is usual.
        const cut = changes.map((each) => each.talker.perSecond - each.perSecond);
        const left = perSecond - cut.reduce((sum, each) => sum + each, 0);
        const isEnough = left <= 125 + 1;
        assert.ok(isEnough || changes.length === offenders.length);
        const withoutLast = left + (cut.at(-1) as number);
        assert.ok(withoutLast > 125);
        for (const change of changes) assert.ok(change.perSecond >= 29);
      },
    ),
  );
});

test('who goes on flooding stays held back; who stops is released step by step', () => {
  const detector = new Detector();
  const step = (nowMs: number, talkers: readonly Talker[], perSecond: number, pressure: number) =>
    detector.step({ nowMs, talkers, perSecond, pressure }, settings);
  const quiet: Talker = { row: 9, kind: 1, perSecond: 20, limit: 0 };
  for (let ms = 0; ms <= WARM_MS; ms += 1000) step(ms, [quiet], 100, 0);
  let nowMs = WARM_MS;
  let bad: Talker = { row: 1, kind: 1, perSecond: 5000, limit: 0 };
  const next = (asks: number, pressure: number): number | undefined => {
    nowMs += 1000;
    bad = { ...bad, perSecond: asks };
    const [change] = step(nowMs, [bad, quiet], 100 + asks, pressure);
    if (change !== undefined) bad = { ...bad, limit: change.perSecond };
    return change?.perSecond;
  };
  assert.equal(next(5000, 1), undefined);
  const first = next(5000, 1);
  assert.ok(first !== undefined && first > 10 && first < 30);
  for (let i = 0; i < 20; i++) assert.equal(next(5000, 0), undefined);
  assert.equal(detector.state, 'attack');
  assert.equal(next(5, 0), first * 2);
  let released: number | undefined;
  for (let i = 0; i < 10 && released !== 0; i++) released = next(5, 0);
  assert.equal(released, 0);
  for (let i = 0; i < 10; i++) next(5, 0);
  assert.equal(detector.state, 'calm');
});

test('where holding back does not help, the same are held back harder', () => {
  const detector = new Detector();
  const quiet: Talker = { row: 9, kind: 1, perSecond: 20, limit: 0 };
  for (let ms = 0; ms <= WARM_MS; ms += 1000) {
    detector.step({ nowMs: ms, talkers: [quiet], perSecond: 100, pressure: 0 }, settings);
  }
  const talkers: Talker[] = [{ row: 1, kind: 1, perSecond: 5000, limit: 800 }];
  const sample = { talkers, perSecond: 5100, pressure: 1 };
  detector.step({ ...sample, nowMs: WARM_MS + 1000 }, settings);
  const [change] = detector.step({ ...sample, nowMs: WARM_MS + 2000 }, settings);
  assert.equal(change?.perSecond, 400);
});

test('every state can be left, and every event leads to one', () => {
  const states = Object.keys(detectorTransitions);
  for (const row of Object.values(detectorTransitions)) {
    assert.ok(Object.values(row).length > 0);
    for (const next of Object.values(row)) assert.ok(states.includes(next));
  }
});
