import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { levelTargets } from './level-targets.ts';
import { type Compaction, type PickState, pickCompaction, pickRange } from './picker.ts';
import { PickerWorld, type RowTable } from './picker-world.ts';
import type { KeyRange, TableMeta } from './types.ts';
import { type HasMeta, Version } from './version.ts';

type Step =
  | {
      readonly kind: 'flush';
      readonly count: number;
      readonly first: number;
      readonly span: number;
    }
  | { readonly kind: 'start' | 'range' | 'finish' | 'snapshot' | 'release' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('flush' as const),
      count: fc.integer({ min: 1, max: 60 }),
      first: fc.nat({ max: 800 }),
      span: fc.constantFrom(10, 100, 800),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ kind: 'start' as const }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'finish' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('range' as const, 'snapshot' as const, 'release' as const),
    }),
  },
);

const setting = fc.record({
  seed: fc.integer(),
  levelBytes: fc.integer({ min: 2, max: 60 }),
  tableBytes: fc.integer({ min: 4, max: 30 }),
  deadPart: fc.constantFrom(0, 0.2, 0.9),
});

function run(world: PickerWorld, one: Step, deadPart: number): void {
  const { version, options, state, random } = world;
  if (one.kind === 'flush') world.flush(one.count, one.first, one.span, deadPart);
  else if (one.kind === 'start') world.start(pickCompaction(version, options, state));
  else if (one.kind === 'range') {
    const from = Buffer.from(String(random.below(500)).padStart(4, '0'));
    const to = Buffer.from(String(500 + random.below(400)).padStart(4, '0'));
    const picked = pickRange(version, options, state, { from, to });
    if (picked !== 'busy') world.start(picked);
  } else if (one.kind === 'finish') {
    const running = world.running[random.below(Math.max(1, world.running.length))];
    if (running !== undefined) world.finish(running);
  } else if (one.kind === 'release') world.snapshot = Number.POSITIVE_INFINITY;
  // One snapshot at a time; a new one could miss what those under way drop.
  else if (world.running.length === 0) world.snapshot = Math.min(world.snapshot, world.sequence);
}

/** Picks and finishes until there is nothing to pick. */
function drain(world: PickerWorld, stepsMax: number): void {
  while (world.running.length > 0) world.finish(world.running[0]!);
  for (let steps = 0; ; steps++) {
    const picked = pickCompaction(world.version, world.options, world.state);
    if (picked === null) return;
    assert.ok(steps < stepsMax, `picking does not end: ${picked.reason} on ${picked.outputLevel}`);
    world.start(picked);
    world.finish(picked);
  }
}

test('whatever is written, picked and finished in any order, reads see the newest, picking ends, and space stays bounded', () => {
  fc.assert(
    fc.property(
      setting,
      fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }),
      (given, steps) => {
        const world = new PickerWorld(given, given.seed);
        for (const one of steps) run(world, one, given.deadPart);
        world.check();
        drain(world, 2000);
        world.check();
        const { version, options } = world;
        const { base } = levelTargets(version, options);
        let between = 0;
        for (let level = 1; level < 6; level++) {
          if (level < base) assert.equal(version.level(level).length, 0);
          between += version.levelBytes(level);
        }
        assert.ok(between <= version.levelBytes(6) / 9, `${between} over ${version.levelBytes(6)}`);
        assert.ok(version.level(0).length < 4 && version.levelBytes(0) < options.levelBytes);
      },
    ),
    { numRuns: Number(process.env.PLINTH_PICKER_RUNS ?? 150) },
  );
});

test('steady writing of random keys uses several levels and costs what leveled compaction costs', () => {
  const world = new PickerWorld({ levelBytes: 15, tableBytes: 10 }, 7);
  let moved = 0;
  let written = 0;
  let deepest = 6;
  for (let round = 0; round < 200; round++) {
    world.flush(20, 0, 3000, 0.05);
    written += 20;
    for (;;) {
      const picked = pickCompaction(world.version, world.options, world.state);
      if (picked === null) break;
      world.start(picked);
      if (!picked.isTrivialMove) moved += picked.inputBytes;
      world.finish(picked);
    }
    deepest = Math.min(deepest, world.version.firstSortedLevel);
  }
  world.check();
  assert.equal(deepest, 4);
  assert.ok(moved / written < 30, `each row was moved ${moved / written} times`);
});

test('a range is brought down to the deepest level, without what is deleted', () => {
  fc.assert(
    fc.property(
      setting,
      fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
      (given, steps) => {
        const world = new PickerWorld(given, given.seed);
        for (const one of steps) run(world, one, given.deadPart);
        drain(world, 2000);
        world.snapshot = Number.POSITIVE_INFINITY;
        const from = Buffer.from('0100');
        const to = Buffer.from('0600');
        for (let steps = 0; ; steps++) {
          const picked = pickRange(world.version, world.options, world.state, { from, to });
          assert.ok(picked !== 'busy' && steps < 2000);
          if (picked === null) break;
          assert.equal(picked.reason, 'range');
          world.start(picked);
          world.finish(picked);
        }
        for (let level = 0; level < 6; level++) {
          assert.equal(world.version.overlapping(level, from, to).length, 0);
        }
        for (const { meta } of world.version.overlapping(6, from, to))
          assert.equal(meta.deletes, 0);
        world.check();
      },
    ),
    { numRuns: 60 },
  );
});

const OPTIONS = { levelBytes: 1000, tableBytes: 100 };
const STATE: PickState<HasMeta> = {
  running: [],
  nowMs: 1e12,
  oldestSnapshot: Number.POSITIVE_INFINITY,
};

let nextNumber = 1;
function table(range: string, more: Partial<TableMeta> = {}): TableMeta {
  const number = nextNumber++;
  return {
    number,
    bytes: 100,
    entries: 10,
    deletes: 0,
    rangeDeletes: 0,
    smallest: Buffer.from(range.slice(0, 1)),
    end: Buffer.from(range.slice(1)),
    minSequence: number,
    maxSequence: number,
    minExpiresAtMs: 0,
    ...more,
  };
}

function versionOf(levels: Readonly<Record<number, readonly TableMeta[]>>): Version<HasMeta> {
  const add = Object.entries(levels).flatMap(([level, metas]) =>
    metas.map((meta) => ({ level: Number(level), meta })),
  );
  return Version.empty<HasMeta>().apply({ add }, (meta) => ({ meta }));
}

test('three small tables on level 0 are left alone, the fourth has them merged into the deepest level', () => {
  const three = [table('az'), table('az'), table('az')];
  assert.equal(pickCompaction(versionOf({ 0: three }), OPTIONS, STATE), null);
  const picked = pickCompaction(versionOf({ 0: [...three, table('az')] }), OPTIONS, STATE);
  assert.equal(picked?.outputLevel, 6);
  assert.equal(picked?.isTrivialMove, false);
  assert.equal(picked?.reason, 'level-0');
  assert.deepEqual(
    picked?.inputs.map(({ level, tables }) => [level, tables.length]),
    [[0, 4]],
  );
});

test('of a level 0 that has grown large the oldest tables go first, as many as one compaction takes', () => {
  const forty = Array.from({ length: 40 }, () => table('az'));
  const picked = pickCompaction(versionOf({ 0: forty, 6: [table('az')] }), OPTIONS, STATE);
  const [upper] = picked?.inputs ?? [];
  assert.deepEqual(
    upper?.tables.map(({ meta }) => meta),
    forty.slice(0, 12).reverse(),
  );
  const large = forty.map((meta) => ({ ...meta, bytes: 5000 }));
  const one = pickCompaction(versionOf({ 0: large }), OPTIONS, STATE);
  assert.equal(one?.inputs[0]?.tables.length, 1);
});

test('tables of level 0 that do not touch are moved as they are', () => {
  const apart = [table('ab'), table('cd'), table('ef'), table('gh')];
  const moved = pickCompaction(versionOf({ 0: apart }), OPTIONS, STATE);
  assert.equal(moved?.isTrivialMove, true);
  assert.equal(moved?.inputs[0]?.tables.length, 1);
});

test('a table with deletes that nothing below needs is not moved but written anew', () => {
  const apart = [table('ab', { deletes: 1 }), table('cd'), table('ef'), table('gh')];
  assert.equal(pickCompaction(versionOf({ 0: apart }), OPTIONS, STATE)?.isTrivialMove, false);
  const pinned = { ...STATE, oldestSnapshot: 0 };
  assert.equal(pickCompaction(versionOf({ 0: apart }), OPTIONS, pinned)?.isTrivialMove, true);
});

test('garbage on the deepest level is written anew, unless a snapshot sees it', () => {
  const dead = table('ab', { deletes: 9, maxSequence: 50 });
  const version = versionOf({ 6: [dead, table('cd')] });
  const picked = pickCompaction(version, OPTIONS, STATE);
  assert.equal(picked?.reason, 'deletes');
  assert.equal(picked?.outputLevel, 6);
  assert.equal(picked?.isTrivialMove, false);
  assert.deepEqual(
    picked?.inputs[0]?.tables.map(({ meta }) => meta),
    [dead],
  );
  assert.equal(pickCompaction(version, OPTIONS, { ...STATE, oldestSnapshot: 49 }), null);
});

test('a table is written anew a day after something in it expired', () => {
  const version = versionOf({ 6: [table('ab', { minExpiresAtMs: 1e12 - 25 * 3600 * 1000 })] });
  assert.equal(pickCompaction(version, OPTIONS, STATE)?.reason, 'expired');
  const fresh = versionOf({ 6: [table('ab', { minExpiresAtMs: 1e12 - 3600 * 1000 })] });
  assert.equal(pickCompaction(fresh, OPTIONS, STATE), null);
});

test('what deeper levels hold is told sorted and joined, whatever levels it is on', () => {
  const version = versionOf({
    4: [table('az', { bytes: 4000 })],
    5: [table('df', { bytes: 5000 }), table('mo', { bytes: 5000 })],
    6: [table('ac'), table('cd'), table('eg', { bytes: 100_000 }), table('xy')],
  });
  // Level 4 goes to level 5; below that are the tables of level 6.
  const deep = pickCompaction(version, OPTIONS, STATE);
  assert.equal(deep?.outputLevel, 5);
  const told = (below: readonly KeyRange[] | undefined) =>
    below?.map(({ smallest, end }) => `${smallest}${end}`);
  assert.deepEqual(told(deep?.below), ['ad', 'eg', 'xy']);
  const high = versionOf({
    2: [table('az', { bytes: 4000 })],
    5: [table('df'), table('mo')],
    6: [table('ac'), table('eg'), table('ln'), table('xy')],
  });
  const picked = pickCompaction(high, OPTIONS, STATE);
  assert.equal(picked?.outputLevel, 3);
  assert.deepEqual(told(picked?.below), ['ac', 'dg', 'lo', 'xy']);
});

test('deleted ranges are pushed down to what they delete when there is nothing else to do', () => {
  const version = versionOf({
    5: [table('az', { rangeDeletes: 1 })],
    6: [table('bc', { bytes: 20_000 })],
  });
  const picked = pickCompaction(version, OPTIONS, STATE);
  assert.equal(picked?.reason, 'deletes');
  assert.equal(picked?.outputLevel, 6);
  assert.equal(picked?.inputs.length, 2);
});

test('of a level that is too full the table that touches least below goes first', () => {
  const cheap = table('mn', { bytes: 2000 });
  const version = versionOf({
    5: [table('ab', { bytes: 2000 }), cheap],
    6: [table('ab', { bytes: 19_000 }), table('mn', { bytes: 1000 })],
  });
  const picked = pickCompaction(version, OPTIONS, STATE);
  assert.equal(picked?.reason, 'size');
  assert.deepEqual(
    picked?.inputs[0]?.tables.map(({ meta }) => meta),
    [cheap],
  );
});

test('nothing is picked into a range that a running compaction fills on the same level', () => {
  const version = versionOf({ 0: [table('mn'), table('mn'), table('mn'), table('mn')] });
  const running = (outputLevel: number, range: string): Compaction<HasMeta> => ({
    reason: 'level-0',
    inputs: [{ level: 0, tables: [{ meta: table('ab') }, { meta: table('yz') }] }],
    inputBytes: 200,
    outputLevel,
    smallest: Buffer.from(range.slice(0, 1)),
    end: Buffer.from(range.slice(1)),
    below: [],
    isTrivialMove: false,
  });
  const pick = (other: Compaction<HasMeta>) =>
    pickCompaction(version, OPTIONS, { ...STATE, running: [other] });
  assert.equal(pick(running(6, 'az')), null);
  assert.notEqual(pick(running(6, 'am')), null);
  assert.notEqual(pick(running(5, 'az')), null);
});

test('a range held up by a running compaction is told to be busy, not done', () => {
  const version = versionOf({ 0: [table('az')], 6: [table('az')] });
  const running = pickRange(version, OPTIONS, STATE, {});
  assert.ok(running !== null && running !== 'busy');
  assert.equal(pickRange(version, OPTIONS, { ...STATE, running: [running] }, {}), 'busy');
});

test('a step of a range compaction takes what it is about and what lies below within its limit', () => {
  const ranges = Array.from({ length: 20 }, (_, nth) => {
    return String.fromCharCode(97 + nth) + String.fromCharCode(98 + nth);
  });
  const version = versionOf({
    5: ranges.map((range) => table(range)),
    6: ranges.map((range) => table(range, { bytes: 900 })),
  });
  const picked = pickRange(version, OPTIONS, STATE, {});
  assert.ok(picked !== null && picked !== 'busy');
  assert.deepEqual(
    picked.inputs.map(({ tables }) => tables.length),
    [2, 2],
  );
});

test('tables newer than a range compaction is about are left alone', () => {
  const version = versionOf({ 0: [table('az', { minSequence: 90, maxSequence: 99 })] });
  assert.equal(pickRange(version, OPTIONS, STATE, { through: 89 }), null);
  assert.notEqual(pickRange(version, OPTIONS, STATE, { through: 90 }), null);
});

test('the world sees a broken promise: a newer table that sinks past an older one', () => {
  const world = new PickerWorld({ levelBytes: 1000, tableBytes: 100 }, 1);
  world.flush(30, 0, 10, 0);
  world.flush(30, 0, 10, 0);
  const newest = world.version.level(0)[0] as RowTable;
  const { smallest, end } = newest.meta;
  const wrong = {
    reason: 'level-0' as const,
    inputs: [{ level: 0, tables: [newest] }],
    inputBytes: 1,
    outputLevel: 6,
    smallest,
    end,
    below: [],
    isTrivialMove: true,
  };
  assert.throws(() => world.start(wrong), /older table would stay above/);
  world.finish(wrong);
  assert.throws(() => world.check(), /key/);
});
