import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createSimClock,
  createSimRandom,
  SimDisk,
  type SimFault,
} from '../../runtime/sim/index.ts';
import { epoch, openLog } from '../log/index.ts';
import type { Edit, LeveledTable } from './edit.ts';
import { LsmError } from './errors.ts';
import { Manifest, type ManifestOptions, writeCheckpointManifest } from './manifest.ts';
import { ManifestState } from './manifest-state.ts';

const FOLDER = '/lsm/manifest';

/** A manifest beside the states that it may be in: after no edit, after one, and so on. */
class World {
  readonly clock = createSimClock();
  readonly disk: SimDisk;
  readonly troubles: (string | null)[] = [];
  readonly states: ManifestState[] = [new ManifestState()];
  acknowledged = 0;
  manifest: Manifest | null = null;
  readonly #random: ReturnType<typeof createSimRandom>;
  readonly #wholeBytesMin: number;

  constructor(seed: number, wholeBytesMin = 256 * 1024) {
    this.#random = createSimRandom(seed);
    this.disk = new SimDisk(this.clock, this.#random.fork());
    this.#wholeBytesMin = wholeBytesMin;
  }

  options(): ManifestOptions {
    return {
      disk: this.disk,
      clock: this.clock,
      random: this.#random,
      folder: FOLDER,
      segmentBytes: 65536,
      wholeBytesMin: this.#wholeBytesMin,
      onTrouble: (failure) => this.troubles.push(failure?.code ?? null),
    };
  }

  async open(): Promise<Manifest> {
    this.manifest = await this.clock.settle(Manifest.open(this.options()));
    return this.manifest;
  }

  opened(): Manifest {
    assert.ok(this.manifest !== null);
    return this.manifest;
  }

  /** Appends an edit that could be a flush or a compaction; its sequence number tells it from others. */
  append(keyBytes = 3): Promise<void> {
    const nth = this.states.length;
    const before = this.states[nth - 1]!;
    const tables = before.tables();
    const number = before.counters.nextTable;
    const flushes = tables.length < 6 || this.#random.chance(0.4);
    const edit: Edit = flushes
      ? {
          add: [table(number, 0, keyBytes)],
          nextTable: number + 1,
          sequence: nth,
          walIndex: nth * 3,
        }
      : {
          drop: tables.slice(0, 4).map(({ meta }) => meta.number),
          add: [table(number, 1 + (number % 6), keyBytes)],
          nextTable: number + 2,
          sequence: nth,
          mark: nth * 7,
          markSequence: nth,
        };
    const after = new ManifestState();
    after.apply(before.whole());
    after.apply(edit);
    this.states.push(after);
    return this.opened()
      .append(edit)
      .then(() => {
        if (this.disk.dead) return;
        assert.equal(this.acknowledged, nth - 1, 'edits are acknowledged in their order');
        this.acknowledged = nth;
        this.check();
      });
  }

  /** The manifest is in one of the states, and not in one before what was acknowledged. */
  check(): void {
    const { counters } = this.opened();
    const state = this.states[counters.sequence];
    assert.ok(state !== undefined && counters.sequence >= this.acknowledged);
    assert.deepEqual(counters, state.counters);
    assert.deepEqual(byNumber(this.opened().tables()), byNumber(state.tables()));
  }

  /** After a crash: goes on from what survived. */
  async restart(): Promise<void> {
    this.clock.forgetAll();
    await this.open();
    this.check();
    this.states.length = this.opened().counters.sequence + 1;
    this.acknowledged = this.states.length - 1;
  }
}

function byNumber(tables: readonly LeveledTable[]): LeveledTable[] {
  return tables.toSorted((a, b) => a.meta.number - b.meta.number);
}

/** Every table has keys of its own, so any may be on any level. */
function table(number: number, level: number, keyBytes: number): LeveledTable {
  const key = (tail: string) => Buffer.from(String(number).padStart(8, '0') + tail);
  return {
    level,
    meta: {
      number,
      bytes: 1000 + number,
      entries: 10,
      deletes: 1,
      rangeDeletes: 0,
      smallest: key('a'.repeat(keyBytes)),
      end: key('b'),
      minSequence: 1,
      maxSequence: number,
      minExpiresAtMs: 0,
    },
  };
}

test('a new manifest is empty and fresh, an old one holds what was appended', async () => {
  const world = new World(1);
  const first = await world.open();
  assert.equal(first.fresh, true);
  assert.deepEqual(first.counters, {
    nextTable: 1,
    sequence: 0,
    walIndex: 0,
    mark: 0,
    markSequence: 0,
  });
  for (let nth = 0; nth < 20; nth++) await world.clock.settle(world.append());
  await world.clock.settle(first.close());
  await assert.rejects(first.append({}), { name: 'LsmError', code: 'closed' });
  const second = await world.open();
  assert.equal(second.fresh, false);
  assert.equal(second.counters.sequence, 20);
  world.check();
});

test('edits appended in one turn are acknowledged in their order', async () => {
  const world = new World(2);
  await world.open();
  await world.clock.settle(Promise.all(Array.from({ length: 30 }, () => world.append())));
  assert.equal(world.acknowledged, 30);
});

test('an edit that does not fit is our own bug and is not written', async () => {
  const world = new World(3);
  const manifest = await world.open();
  const wrong: readonly Edit[] = [
    { drop: [1] },
    { add: [table(1, 0, 1)] },
    {
      add: [table(1, 2, 1), { ...table(2, 2, 1), meta: { ...table(1, 2, 1).meta, number: 2 } }],
      nextTable: 3,
    },
  ];
  for (const edit of wrong) assert.throws(() => manifest.append(edit), { name: 'InvariantError' });
  await world.clock.settle(world.append());
  const again = { ...table(9, 1, 1), meta: { ...table(9, 1, 1).meta } };
  await world.clock.settle(manifest.append({ add: [again], nextTable: 20, sequence: 1 }));
  assert.throws(() => manifest.append({ add: [again] }), { name: 'InvariantError' });
  assert.throws(() => manifest.append({ nextTable: 19 }), { name: 'InvariantError' });
  const onTop = { level: 1, meta: { ...again.meta, number: 10 } };
  assert.throws(() => manifest.append({ add: [onTop] }), { name: 'InvariantError' });
  await world.clock.settle(manifest.append({ drop: [9], add: [onTop] }));
});

test('whole edits keep the log short however many edits there were', async () => {
  const world = new World(4, 4096);
  await world.open();
  // Keys so long that whole edits take several entries.
  for (let nth = 0; nth < 60; nth++) await world.clock.settle(world.append(20_000));
  await world.clock.advance(5000);
  const bytes = world.disk
    .listSync(FOLDER)
    .reduce((sum, name) => sum + (world.disk.statSync(`${FOLDER}/${name}`)?.sizeBytes ?? 0), 0);
  assert.ok(bytes < 2_000_000, `${bytes} bytes`);
  await world.clock.settle(world.opened().close());
  await world.restart();
  assert.equal(world.opened().counters.sequence, 60);
});

test('a whole edit that spans segments is kept whole when what is before it is deleted', async () => {
  const world = new World(14, 1);
  await world.open();
  for (let nth = 0; nth < 9; nth++) await world.clock.settle(world.append(300_000));
  await world.clock.advance(5000);
  assert.equal(world.disk.statSync(`${FOLDER}/0000000000000001.wal`), null);
  await world.disk.reboot();
  await world.restart();
  assert.equal(world.opened().counters.sequence, 9);
});

test('after a power loss at any single operation the manifest holds a prefix of the edits with all acknowledged ones', async () => {
  let cut = 0;
  for (let finished = false; !finished; ) {
    cut++;
    // Every fourth cut is followed by a second life that is cut as well.
    const world = new World(cut, 1500);
    for (let life = 0; life < (cut % 4 === 0 ? 2 : 1); life++) {
      world.disk.losePowerAt(world.disk.operations + cut);
      try {
        await shortLife(world);
        finished = true;
      } catch (error) {
        if (!world.disk.dead) throw error;
      }
      await world.disk.reboot();
      await world.restart();
    }
    for (let nth = 0; nth < 3; nth++) await world.clock.settle(world.append());
    await world.disk.reboot();
    await world.restart();
  }
  assert.ok(cut > 50, `only ${cut} operations`);
});

/** Edits one by one and several at once, whole ones between them, truncations, a close. */
async function shortLife(world: World): Promise<void> {
  if (world.manifest === null) await world.open();
  const manifest = world.opened();
  for (let round = 0; round < 6; round++) {
    const keyBytes = round % 2 === 1 ? 20_000 : 3;
    const several = [world.append(), world.append(keyBytes), world.append()];
    await world.clock.settle(Promise.all(several));
    await world.clock.settle(world.append());
  }
  await world.clock.advance(2500);
  await world.clock.settle(manifest.close());
}

for (const fault of ['ENOSPC', 'EIO', 'short'] as const satisfies readonly SimFault[]) {
  test(`an edit that meets ${fault} at any operation is acknowledged once, when the disk takes it`, async () => {
    for (let at = 1; at < 40; at += 3) {
      const world = new World(at, 1500);
      await world.open();
      world.disk.failAt(world.disk.operations + at, fault);
      world.disk.failAt(world.disk.operations + at + 1, fault);
      for (let nth = 0; nth < 20; nth++) await world.clock.settle(world.append());
      assert.equal(world.acknowledged, 20);
      assert.equal(world.opened().trouble, null);
      await world.disk.reboot();
      await world.restart();
      assert.equal(world.acknowledged, 20);
    }
  });
}

test('while the disk refuses, edits wait and the owner is told; they count when it takes them again', async () => {
  const world = new World(5);
  const manifest = await world.open();
  await world.clock.settle(world.append());
  world.disk.failAll('write', 'EIO');
  const waiting = Promise.all([world.append(), world.append()]);
  await world.clock.advance(5000);
  assert.equal(world.acknowledged, 1);
  assert.equal(manifest.counters.sequence, 1);
  assert.equal(manifest.trouble?.code, 'io');
  assert.deepEqual(world.troubles, ['io']);
  assert.equal(await world.clock.settle(manifest.tryResume()), false);
  world.disk.heal();
  await world.clock.settle(waiting);
  assert.equal(manifest.trouble, null);
  assert.deepEqual(world.troubles, ['io', null]);
  await world.disk.reboot();
  await world.restart();
  assert.equal(world.opened().counters.sequence, 3);
});

test('freed space is used at once when the owner says so', async () => {
  const world = new World(6);
  const manifest = await world.open();
  world.disk.failAll('write', 'ENOSPC');
  const waiting = world.append();
  await world.clock.advance(10);
  assert.equal(manifest.trouble?.code, 'disk-full');
  world.disk.heal();
  assert.equal(await world.clock.settle(manifest.tryResume()), true);
  await world.clock.settle(waiting);
});

test('closing in trouble rejects what waits, and the next start finds a prefix', async () => {
  const world = new World(7);
  const manifest = await world.open();
  await world.clock.settle(world.append());
  world.disk.failAll('write', 'EIO');
  const waiting = assert.rejects(world.append(), { name: 'LsmError', code: 'closed' });
  await world.clock.advance(100);
  await assert.rejects(world.clock.settle(manifest.close()), { name: 'LsmError', code: 'io' });
  await waiting;
  await world.disk.reboot();
  await world.restart();
});

test('closing in peace waits for what was appended', async () => {
  const world = new World(8);
  const manifest = await world.open();
  const waiting = Promise.all([world.append(), world.append()]);
  await world.clock.settle(manifest.close());
  await waiting;
  assert.equal(world.acknowledged, 2);
});

async function openRaw(world: World, payloads: readonly string[]): Promise<void> {
  const log = await world.clock.settle(
    openLog({
      disk: world.disk,
      clock: world.clock,
      random: createSimRandom(1),
      folder: FOLDER,
      nodeId: 'lsm',
      policy: 'always',
      epoch: epoch(1),
      segmentBytes: 1024 * 1024,
    }),
  );
  for (const payload of payloads) log.append(Buffer.from(payload), 0);
  await world.clock.settle(log.close());
}

const WHOLE =
  '{"format":1,"whole":true,"add":[],"nextTable":1,"sequence":5,"walIndex":0,"mark":0,"markSequence":0}';
const damaged: readonly (readonly [what: string, payloads: readonly string[], saying: RegExp])[] = [
  ['an entry that is no edit', [WHOLE, 'hello'], /entry 2: it is no JSON/],
  ['no whole edit at its start', ['{"sequence":1}'], /no whole edit/],
  ['a table dropped that was not there', [WHOLE, '{"drop":[3]}'], /entry 2: table 3 is dropped/],
  ['a counter that falls', [WHOLE, '{"sequence":4}'], /entry 2: sequence falls/],
];

for (const [what, payloads, saying] of damaged) {
  test(`a manifest with ${what} is refused with its entry`, async () => {
    const world = new World(9);
    await openRaw(world, payloads);
    await assert.rejects(world.open(), (error) => {
      assert.ok(error instanceof LsmError);
      assert.equal(error.code, 'corrupt');
      assert.equal(error.file, FOLDER);
      assert.match(error.message, saying);
      return true;
    });
  });
}

test('a flipped bit of an acknowledged edit is refused, not lost', async () => {
  const world = new World(10);
  await world.open();
  for (let nth = 0; nth < 10; nth++) await world.clock.settle(world.append());
  await world.clock.settle(world.opened().close());
  world.disk.flipBit(`${FOLDER}/0000000000000001.wal`, 4096 + 300, 3);
  await assert.rejects(world.open(), { name: 'LsmError', code: 'corrupt' });
});

test('a disk that refuses the first write refuses the opening, and the next one is fresh still', async () => {
  const world = new World(11);
  world.disk.capacityBytes = 1000;
  await assert.rejects(world.open(), { name: 'LsmError', code: 'disk-full' });
  world.disk.heal();
  assert.equal((await world.open()).fresh, true);
});

test('the manifest of a checkpoint survives a power loss and opens as any other', async () => {
  const world = new World(12);
  const { disk, clock } = world;
  const edit = {
    whole: true,
    add: [table(3, 0, 2), table(4, 6, 2)],
    nextTable: 9,
    sequence: 77,
    walIndex: 0,
    mark: 5,
    markSequence: 70,
  };
  disk.mkdirSync('/copy');
  const options = { disk, clock, random: createSimRandom(3) };
  await clock.settle(writeCheckpointManifest(options, '/copy', edit));
  await disk.reboot();
  clock.forgetAll();
  const copy = await clock.settle(Manifest.open({ ...options, folder: '/copy/manifest' }));
  assert.equal(copy.fresh, false);
  assert.deepEqual(copy.counters, {
    nextTable: 9,
    sequence: 77,
    walIndex: 0,
    mark: 5,
    markSequence: 70,
  });
  assert.deepEqual(byNumber(copy.tables()), edit.add);
  await clock.settle(copy.append({ drop: [3] }));
});

test('a checkpoint whose disk fails says so', async () => {
  const world = new World(13);
  world.disk.mkdirSync('/copy');
  world.disk.failAll('datasync', 'EIO');
  world.disk.failAll('write', 'EIO');
  const options = { disk: world.disk, clock: world.clock, random: createSimRandom(3) };
  await assert.rejects(
    world.clock.settle(writeCheckpointManifest(options, '/copy', new ManifestState().whole())),
    { name: 'LsmError', code: 'io' },
  );
});
