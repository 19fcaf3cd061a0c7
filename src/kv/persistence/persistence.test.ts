import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  SimDisk,
  SimDiskError,
  type SimRandom,
} from '../../core/runtime/sim/index.ts';
import { createLsmWorker, type SyncPolicy } from '../../core/store/index.ts';
import { Args } from '../../core/wire/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { Engine } from '../engine/engine.ts';
import { Flag, TIER_MASK } from '../keyspace/index.ts';
import { RdbValueWriter } from '../rdb/index.ts';
import type { Session } from '../session/session.ts';
import { digestDatabases, dumpValue } from '../values/index.ts';
import { Persistence } from './persistence.ts';

const FOLDER = '/kv';
const SEEDS = Number(process.env.PLINTH_PERSISTENCE_RUNS ?? 12);

/** One life of a store on a simulated disk. */
interface Life {
  readonly engine: Engine;
  readonly session: Session;
  readonly persistence: Persistence;
}

/**
 * A store that is killed and recovered, and what it must hold: the digest of all keys behind every log
 * entry, and the last entry that was said to be durable.
 */
class World {
  readonly random: SimRandom;
  readonly clock = createSimClock();
  /** Work takes time: every look at the clock finds it later. A checkpoint then takes many slices. */
  working = false;
  readonly disk: SimDisk;
  readonly policy: SyncPolicy;
  readonly digests = new Map<number, string>([[0, emptyDigest()]]);
  promised = 0;
  /** Crashes that cut off what a command had written of its log entries. */
  cutOff = 0;
  /** Keys that left memory. */
  dropped = 0;
  /** Keys that went though nobody asked for them, and those of them that were not in memory. */
  expired = 0;
  expiredCold = 0;
  /** Large values of more elements are stored by element. */
  wholeElements = 512;
  /** Small ones reach tables within a flush, which a crash may cut short. */
  memtableBytes = 64 * 1024;
  private life: Life | undefined;
  private readonly logPartBytes: number | undefined;

  /** `logPartBytes`: commands that change more take several log entries. */
  constructor(seed: number, policy: SyncPolicy, logPartBytes?: number) {
    this.logPartBytes = logPartBytes;
    this.random = createSimRandom(seed);
    this.disk = new SimDisk(this.clock, this.random.fork());
    this.policy = policy;
  }

  private workedMs = 0;

  private monotonicMs(): number {
    if (this.working) this.workedMs += 0.6;
    return this.clock.monotonicMs() + this.workedMs;
  }

  async open(): Promise<Life> {
    const engine = new Engine({
      commands: commandSpecs,
      clock: this.clock,
      random: this.random.fork(),
      databases: 3,
      ...(this.logPartBytes !== undefined && { logPartBytes: this.logPartBytes }),
      // Small thresholds, so that both forms of every type are met.
      settings: {
        hashMaxListpackEntries: 4,
        setMaxIntsetEntries: 4,
        setMaxListpackEntries: 4,
        zsetMaxListpackEntries: 4,
        listMaxListpackSize: 4,
      },
    });
    this.disk.mkdirSync(FOLDER);
    const persistence = await this.clock.settle(
      Persistence.open({
        engine,
        disk: this.disk,
        clock: { ...this.clock, monotonicMs: () => this.monotonicMs() },
        random: this.random.fork(),
        log: silentLogger(),
        folder: FOLDER,
        policy: this.policy,
        segmentBytes: 64 * 1024,
        flushLogBytes: 1e12,
        wholeElements: this.wholeElements,
        memtableBytes: this.memtableBytes,
        worker: createLsmWorker(
          createSimThreads({ disk: this.disk, clock: this.clock, random: this.random.fork() }),
        ),
      }),
    );
    engine.effects.sink = persistence.log;
    const { life } = this.disk;
    let scheduled = false;
    engine.onBackgroundWork = () => {
      if (scheduled) return;
      scheduled = true;
      this.clock.nextTurn(() => {
        scheduled = false;
        if (!this.disk.dead && this.disk.life === life)
          this.background(() => engine.background.slice());
      });
    };
    this.life = { engine, session: engine.sessions.open(), persistence };
    return this.life;
  }

  /** Runs a command and notes what the store holds behind its log entry. */
  run(words: string[]): void {
    const { engine, session } = this.life!;
    engine.outlet.begin(session);
    engine.executor.beginBatch();
    engine.executor.execute(session, new Args().load(words));
    engine.outlet.end();
    this.dropSome();
    this.noteState();
  }

  /** A tenth of a second has passed: what is due goes. */
  tick(): void {
    const { engine } = this.life!;
    this.background(() => engine.background.tick());
  }

  /** With time and ticks everything that is due goes, wherever it is; how much there is is known. */
  async expireAll(): Promise<void> {
    const { engine } = this.life!;
    engine.overwritten!.resolveAll();
    const left = (): string[] => {
      const due: string[] = [];
      for (const db of engine.keyspace.databases) {
        let keys = 0;
        let expiring = 0;
        db.each((record) => {
          const atMs = db.expiryOf(record);
          keys++;
          if (atMs >= 0) expiring++;
          if (atMs >= 0 && atMs <= engine.keyspace.nowMs) due.push(db.keyBytes(record).toString());
        });
        assert.deepEqual([db.size, db.expiring], [keys, expiring], `database ${db.index}`);
      }
      return due;
    };
    left();
    await this.clock.advance(400);
    for (let i = 0; i < 5; i++) {
      this.tick();
      await this.clock.advance(100);
    }
    assert.deepEqual(left(), []);
  }

  private background(run: () => boolean): void {
    const { engine } = this.life!;
    const { stats, coldExpiry } = engine;
    const before = { expired: stats.expiredKeys, cold: coldExpiry!.expired };
    if (run()) engine.onBackgroundWork!();
    this.expired += stats.expiredKeys - before.expired;
    this.expiredCold += coldExpiry!.expired - before.cold;
    this.noteState();
  }

  /** Notes what the store holds behind the last log entry, and when that is durable. */
  private noteState(): void {
    const { engine } = this.life!;
    const index = engine.effects.lastIndex;
    this.noteDigest(index);
    const { life } = this.disk;
    this.life!.persistence.log.flush((error) => {
      if (
        error === null &&
        this.policy === 'always' &&
        !this.disk.dead &&
        this.disk.life === life
      ) {
        this.promised = Math.max(this.promised, index);
      }
    });
  }

  private noteDigest(index: number): void {
    try {
      this.digests.set(index, digestDatabases(this.life!.engine.keyspace.databases));
    } catch (error) {
      // What is on the disk only can not be read any more, and nothing is logged either.
      if (!this.disk.dead) throw error;
    }
  }

  /** Keys that the engine has as they are leave memory now and then. */
  private dropSome(): void {
    const { engine, persistence } = this.life!;
    if (this.random.u32() % 4 !== 0 || !persistence.flusher.push()) return;
    for (const db of engine.keyspace.databases) {
      const clean: number[] = [];
      db.table.each((record) => {
        const stored = (db.metaOf(record) & TIER_MASK) >>> 0 === Flag.stored;
        if (stored && this.random.u32() % 2 === 0 && !db.hasExpiringFields(record))
          clean.push(record);
        return true;
      });
      for (const record of clean) db.drop(record);
      this.dropped += clean.length;
    }
  }

  /** As `run` without noting the digest, which takes long when there is much. */
  runUnseen(words: string[]): void {
    const { engine, session, persistence } = this.life!;
    engine.outlet.begin(session);
    engine.executor.execute(session, new Args().load(words));
    engine.outlet.end();
    persistence.log.flush();
  }

  /** The power goes; what comes back must be the state behind an entry that was promised or a later one. */
  async crash(power: boolean): Promise<Life> {
    const last = this.life!.engine.effects.lastIndex;
    this.clock.forgetAll();
    await (power ? this.disk.reboot() : this.disk.killProcess());
    const opened = await this.open();
    const { engine } = opened;
    const recovered = engine.effects.lastIndex;
    if (this.policy === 'always') {
      assert.ok(recovered >= this.promised, `${this.promised} was promised, ${recovered} is there`);
    }
    assert.ok(recovered <= last, `${last} was the last, ${recovered} is there`);
    const whole = Math.max(...[...this.digests.keys()].filter((index) => index <= recovered));
    if (whole < recovered) this.cutOff++;
    assert.equal(digestDatabases(engine.keyspace.databases), this.digests.get(whole));
    for (const index of this.digests.keys()) if (index > recovered) this.digests.delete(index);
    this.digests.set(recovered, this.digests.get(whole)!);
    this.promised = recovered;
    return opened;
  }
}

/** A key as DUMP has it. */
function dumpOf(engine: Engine, name: string): Buffer {
  const key = Buffer.from(name);
  const db = engine.keyspace.databases[0]!;
  const writer = new RdbValueWriter({ version: 12, compress: false });
  dumpValue(db, db.findRaw(key, 0, key.length), writer);
  return writer.finishDump();
}

function emptyDigest(): string {
  return digestDatabases([]);
}

function commandFor(random: SimRandom): string[] {
  const pick = <T>(list: readonly T[]): T => list[random.u32() % list.length]!;
  const n = (max: number): string => String(random.u32() % max);
  const key = `key${n(25)}`;
  const other = `key${n(25)}`;
  const value = 'v'.repeat(random.u32() % 60) + n(1000);
  return pick<() => string[]>([
    () => ['SET', key, value],
    () => ['SET', key, value, 'EX', String(1_000_000 + (random.u32() % 1000))],
    () => ['APPEND', key, value],
    () => ['INCRBY', `counter${n(5)}`, n(1000)],
    () => ['DEL', key, other],
    () => ['RPUSH', `list${n(6)}`, value, n(10), n(10)],
    () => ['LPOP', `list${n(6)}`, n(4)],
    () => ['LINSERT', `list${n(6)}`, 'BEFORE', n(10), value],
    () => ['SADD', `set${n(6)}`, n(30), n(30), `m${n(20)}`],
    () => ['SPOP', `set${n(6)}`, n(3)],
    () => ['HSET', `hash${n(6)}`, `f${n(12)}`, value],
    () => ['HINCRBYFLOAT', `hash${n(6)}`, 'sum', '0.25'],
    () => ['HDEL', `hash${n(6)}`, `f${n(12)}`],
    () => ['ZADD', `zset${n(6)}`, n(100), `m${n(20)}`, n(100), `m${n(20)}`],
    () => ['ZPOPMIN', `zset${n(6)}`],
    () => ['XADD', `stream${n(3)}`, '*', `f${n(3)}`, value],
    () => ['XDEL', `stream${n(3)}`, `${978307200000 + (random.u32() % 100)}-0`],
    () => ['XTRIM', `stream${n(3)}`, 'MAXLEN', n(9)],
    () => ['XGROUP', 'CREATE', `stream${n(3)}`, `g${n(2)}`, '0', 'MKSTREAM'],
    () => ['XREADGROUP', 'GROUP', `g${n(2)}`, `c${n(2)}`, 'STREAMS', `stream${n(3)}`, '>'],
    () => ['HPEXPIRE', `hash${n(6)}`, '9000000000', 'FIELDS', '1', `f${n(12)}`],
    () => ['RENAME', key, other],
    () => ['COPY', `hash${n(6)}`, `hash${n(6)}`, 'REPLACE'],
    () => ['EXPIRE', key, '2000000'],
    () => ['PEXPIRE', key, String(1 + (random.u32() % 300))],
    () => ['PEXPIRE', `list${n(6)}`, String(1 + (random.u32() % 300))],
    () => ['HPEXPIRE', `hash${n(6)}`, String(1 + (random.u32() % 300)), 'FIELDS', '1', `f${n(12)}`],
    () => ['PERSIST', key],
    () => ['SELECT', n(3)],
    () => ['MOVE', key, n(3)],
    () => ['FLUSHDB'],
    () => ['SWAPDB', n(3), n(3)],
  ])();
}

for (const policy of ['always', 'everysec'] as const) {
  test(`the store comes back as it was behind some promised entry, crash by crash: ${policy}`, async () => {
    let expired = 0;
    let expiredCold = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new World(seed, policy);
      world.wholeElements = seed % 3 === 0 ? 512 : 4 + (seed % 3) * 3;
      try {
        const { random } = world;
        let { persistence } = await world.open();
        for (let life = 0; life < 5; life++) {
          const commands = 20 + (random.u32() % 150);
          for (let i = 0; i < commands; i++) {
            world.run(commandFor(random));
            if (random.u32() % 40 === 0) persistence.flusher.start();
            if (random.u32() % 8 === 0) await world.clock.advance(random.u32() % 4);
            if (random.u32() % 30 === 0) {
              await world.clock.advance(random.u32() % 300);
              world.tick();
            }
          }
          if (random.u32() % 3 === 0) await world.clock.advance(50);
          ({ persistence } = await world.crash(random.u32() % 2 === 0));
        }
        await world.expireAll();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      expired += world.expired;
      expiredCold += world.expiredCold;
    }
    assert.ok(expired > expiredCold && expiredCold > 0, `${expired} and ${expiredCold} expired`);
  });
}

/** Changes of a few collections that grow, shrink, move and go. */
function elementCommand(random: SimRandom): string[] {
  const pick = <T>(list: readonly T[]): T => list[random.u32() % list.length]!;
  const n = (max: number): string => String(random.u32() % max);
  const some = (max: number, make: () => string[]): string[] =>
    Array.from({ length: 1 + (random.u32() % max) }, make).flat();
  const type = pick(['hash', 'set', 'zset', 'list', 'stream']);
  const key = `${type}${n(2)}`;
  const value = () => 'v'.repeat(random.u32() % 60) + n(1000);
  const member = () => `m${n(40)}`;
  if (random.u32() % 12 === 0) {
    return pick<() => string[]>([
      () => ['DEL', key],
      () => ['UNLINK', key],
      () => ['RENAME', key, `${type}${n(2)}`],
      () => ['COPY', key, `${type}${n(2)}`, 'REPLACE'],
      () => ['MOVE', key, n(2)],
      () => ['MOVE', key, n(2)],
      () => ['SELECT', n(2)],
      () => ['EXPIRE', key, '2000000'],
      () => ['SET', key, 'over'],
      () => ['SWAPDB', '0', '1'],
      () => (random.u32() % 4 === 0 ? ['FLUSHDB'] : ['PERSIST', key]),
    ])();
  }
  switch (type) {
    case 'hash':
      return pick<() => string[]>([
        () => ['HSET', key, ...some(30, () => [member(), value()])],
        () => ['HSET', key, member(), value()],
        () => ['HDEL', key, ...some(40, () => [member()])],
        () => ['HINCRBY', key, `n${n(3)}`, '1'],
        () => ['HPEXPIRE', key, `9000000${n(1000)}`, 'FIELDS', '1', member()],
        () => ['HPERSIST', key, 'FIELDS', '1', member()],
      ])();
    case 'set':
      return pick<() => string[]>([
        () => ['SADD', key, ...some(30, () => [member()])],
        () => ['SADD', key, member()],
        () => ['SREM', key, ...some(40, () => [member()])],
        () => ['SPOP', key, n(30)],
        () => ['SMOVE', key, `set${n(2)}`, member()],
        () => ['SUNIONSTORE', key, 'set0', 'set1'],
      ])();
    case 'zset':
      return pick<() => string[]>([
        () => ['ZADD', key, ...some(30, () => [n(100), member()])],
        () => ['ZINCRBY', key, n(9), member()],
        () => ['ZREM', key, ...some(40, () => [member()])],
        () => ['ZPOPMIN', key, n(30)],
        () => ['ZREMRANGEBYRANK', key, n(9), n(20)],
        () => ['ZUNIONSTORE', key, '2', 'zset0', 'zset1'],
      ])();
    case 'list':
      return pick<() => string[]>([
        () => ['RPUSH', key, ...some(30, () => [value()])],
        () => ['LPUSH', key, ...some(30, () => [value()])],
        () => ['LPOP', key, n(30)],
        () => ['RPOP', key, n(8)],
        () => ['LSET', key, n(20), value()],
        () => ['LINSERT', key, 'BEFORE', n(1000), value()],
        () => ['LREM', key, '0', n(1000)],
        () => ['LTRIM', key, n(3), n(60)],
        () => ['LMOVE', key, `list${n(2)}`, 'LEFT', 'RIGHT'],
      ])();
    default:
      return pick<() => string[]>([
        () => ['XADD', key, '*', `f${n(3)}`, value()],
        () => ['XADD', key, '*', 'f', value(), 'g', value()],
        () => ['XADD', key, 'MAXLEN', '~', '20', '*', 'f', value()],
        () => ['XDEL', key, `${978307200000 + (random.u32() % 400)}-0`],
        () => ['XTRIM', key, 'MAXLEN', n(40)],
        () => ['XGROUP', 'CREATE', key, `g${n(2)}`, '0', 'MKSTREAM'],
        () => ['XGROUP', 'DESTROY', key, `g${n(2)}`],
        () => ['XREADGROUP', 'GROUP', `g${n(2)}`, `c${n(3)}`, 'COUNT', n(9), 'STREAMS', key, '>'],
        () => ['XACK', key, `g${n(2)}`, `${978307200000 + (random.u32() % 400)}-0`],
        () => ['XAUTOCLAIM', key, `g${n(2)}`, `c${n(3)}`, '0', '0'],
        () => ['XSETID', key, '978307900000-0'],
      ])();
  }
}

test('collections come back that are stored by element, crash by crash', async () => {
  // The last one: a list becomes small while a flush has its elements.
  const seeds = new Set([...Array.from({ length: SEEDS }, (_, n) => n + 1), 22]);
  for (const seed of seeds) {
    const world = new World(seed, 'always');
    world.wholeElements = 16;
    world.memtableBytes = seed % 2 === 0 ? 64 * 1024 : 4 * 1024;
    try {
      const { random } = world;
      let { persistence } = await world.open();
      for (let life = 0; life < 4; life++) {
        world.working = random.u32() % 3 > 0;
        const commands = 40 + (random.u32() % 150);
        for (let i = 0; i < commands; i++) {
          world.run(elementCommand(random));
          if (random.u32() % 30 === 0) persistence.flusher.start();
          if (random.u32() % 4 === 0) await world.clock.advance(random.u32() % 4);
        }
        if (random.u32() % 3 === 0) await world.clock.advance(50);
        ({ persistence } = await world.crash(random.u32() % 2 === 0));
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

test('a command whose changes take several log entries comes back whole or not at all', async () => {
  let cutOff = 0;
  for (let seed = 1; seed <= SEEDS / 2; seed++) {
    const world = new World(seed, 'always', 300_000);
    try {
      const { random } = world;
      let { persistence } = await world.open();
      for (let life = 0; life < 3; life++) {
        const commands = 5 + (random.u32() % 10);
        for (let i = 0; i < commands; i++) world.run(commandFor(random));
        if (random.u32() % 3 === 0) persistence.flusher.start();
        await world.clock.advance(20);
        const value = String(random.u32()).repeat(6000);
        const pairs = Array.from({ length: 40 }, (_, nth) => [`many${nth}`, value]);
        world.disk.losePowerAt(world.disk.operations + 1 + (random.u32() % 40));
        world.run(['MSET', ...pairs.flat()]);
        world.run(commandFor(random));
        await world.clock.advance(random.u32() % 20);
        ({ persistence } = await world.crash(true));
      }
      cutOff += world.cutOff;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert.ok(cutOff > 0, 'no crash came between two entries of a command');
});

test('keys of every form and more than one block come back from a checkpoint', async () => {
  const world = new World(77, 'everysec');
  const { persistence } = await world.open();
  for (let i = 0; i < 3000; i++) {
    const key = `key${i}`.repeat((i % 5) + 1);
    if (i % 7 === 0) world.runUnseen(['RPUSH', key, ...'abcdefg'.slice(0, (i % 6) + 2)]);
    else if (i % 11 === 0) world.runUnseen(['SET', key, 'x'.repeat(i * 4), 'EX', '1000000']);
    else world.runUnseen(['SET', key, 'v'.repeat(i % 90)]);
    if (i % 500 === 0) world.runUnseen(['SELECT', String((i / 500) % 3)]);
  }
  world.run(['SET', 'long', 'x'.repeat(2_500_000)]);
  persistence.flusher.start();
  await world.clock.advance(5000);
  assert.equal(persistence.flusher.completed, 1);
  const { persistence: again } = await world.crash(true);
  assert.ok(again.recovery.storedKeys > 2900);
});

test('power lost at any operation of a checkpoint leaves the old one or the new one', async () => {
  for (let cut = 0; cut < 14; cut++) {
    const world = new World(100 + cut, 'always');
    let { persistence } = await world.open();
    const fill = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) world.run(commandFor(world.random));
      await world.clock.advance(20);
    };
    await fill(120);
    assert.ok(persistence.flusher.start());
    await world.clock.advance(200);
    await fill(60);
    world.disk.losePowerAt(world.disk.operations + cut);
    persistence.flusher.start();
    try {
      await world.clock.advance(200);
    } catch (error) {
      if (!(error instanceof SimDiskError)) throw error;
    }
    ({ persistence } = await world.crash(true));
    await fill(20);
    await world.crash(true);
  }
});

test('a disk that fails a checkpoint leaves the store at work and the old checkpoint in place', async () => {
  const world = new World(21, 'always');
  const { persistence } = await world.open();
  for (let i = 0; i < 80; i++) world.run(commandFor(world.random));
  await world.clock.advance(20);
  world.disk.failAll('write', 'ENOSPC');
  persistence.flusher.start();
  await world.clock.advance(300);
  assert.equal(persistence.flusher.lastFailed, true);
  assert.equal(persistence.flusher.running, false);
  world.disk.heal();
  await world.clock.advance(2000);
  for (let i = 0; i < 40; i++) world.run(commandFor(world.random));
  await world.clock.advance(50);
  assert.ok(persistence.flusher.start());
  await world.clock.advance(200);
  assert.equal(persistence.flusher.lastFailed, false);
  await world.crash(true);
});

test('large collections are written in pieces while they change', async () => {
  for (let seed = 40; seed < 43; seed++) {
    const world = new World(seed, 'always');
    const { engine, persistence } = await world.open();
    for (let i = 0; i < 1500; i++) {
      engine.executor.beginBatch();
      const commands = [
        ['RPUSH', 'biglist', `element ${i}`],
        ['SADD', 'bigset', `member ${i}`],
        ['HSET', 'bighash', `field ${i}`, `value ${i}`],
        ['ZADD', 'bigzset', String(i % 77), `member ${i}`],
        ['XADD', 'bigstream', `${i + 1}-${i % 3}`, `field ${i % 5}`, `value ${i}`],
      ];
      for (const words of commands) world.runUnseen(words);
    }
    for (const group of ['g1', 'g2', 'empty']) {
      world.runUnseen(['XGROUP', 'CREATE', 'bigstream', group, group === 'empty' ? '$' : '0']);
      world.runUnseen(['XGROUP', 'CREATECONSUMER', 'bigstream', group, 'idle']);
      if (group === 'empty') continue;
      for (const [consumer, count] of [
        ['a', '700'],
        ['b', '300'],
      ] as const) {
        const read = ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', count];
        world.runUnseen([...read, 'STREAMS', 'bigstream', '>']);
      }
      world.runUnseen(['XACK', 'bigstream', group, '1-0', '5-1']);
    }
    world.runUnseen(['XDEL', 'bigstream', '1-0', '900-2', '1500-2']);
    world.runUnseen(['XSETID', 'bigstream', '5000-7', 'ENTRIESADDED', '4000']);
    world.run(['SET', 'done', '1']);
    await world.clock.advance(100);
    world.working = seed % 2 === 0;
    persistence.flusher.start();
    const changes = [
      ['LPOP', 'biglist', '7'],
      ['SREM', 'bigset', 'member 5'],
      ['HDEL', 'bighash', 'field 9'],
      ['RENAME', 'bigzset', 'renamed'],
      ['ZADD', 'renamed', '1', 'another'],
      ['DEL', 'biglist'],
      // Reading moves positions in the tables that are being written.
      ['XPENDING', 'bigstream', 'g1', '-', '+', '5', 'b'],
      ['XRANGE', 'bigstream', '7-0', '+', 'COUNT', '3'],
      ['XDEL', 'bigstream', '700-0'],
      ['XADD', 'bigstream', '6000-1', 'f', 'v'],
      ['XACK', 'bigstream', 'g2', '40-0'],
    ];
    for (const words of changes) {
      await world.clock.advance(world.random.u32() % 5);
      world.run(words);
    }
    await world.clock.advance(500);
    assert.equal(persistence.flusher.completed, 1);
    await world.crash(true);
  }
});

test('a stream in pieces comes back with its groups, though others read it meanwhile', async () => {
  const world = new World(51, 'always');
  const { engine, persistence } = await world.open();
  engine.executor.beginBatch();
  for (let i = 1; i <= 1500; i++) {
    world.runUnseen(['XADD', 's', `${i}-${i % 3}`, `field ${i % 5}`, 'v'.repeat(i % 50)]);
  }
  for (const [group, from, count] of [
    ['g1', '0', '700'],
    ['g2', '300-0', '900'],
    ['g3', '$', '1'],
  ] as const) {
    world.runUnseen(['XGROUP', 'CREATE', 's', group, from]);
    world.runUnseen(['XGROUP', 'CREATECONSUMER', 's', group, 'idle']);
    for (const consumer of ['a', 'b']) {
      const read = ['XREADGROUP', 'GROUP', group, consumer, 'COUNT', count];
      world.runUnseen([...read, 'STREAMS', 's', '>']);
    }
    world.runUnseen(['XACK', 's', group, '1-1', '400-1']);
  }
  world.runUnseen(['XCLAIM', 's', 'g1', 'a', '0', '10-1', 'RETRYCOUNT', '9', 'FORCE']);
  world.runUnseen(['XDEL', 's', '1-1', '900-0', '1500-0']);
  world.runUnseen(['XSETID', 's', '5000-7', 'ENTRIESADDED', '4000']);
  world.run(['SET', 'done', '1']);
  await world.clock.advance(100);
  const dumped = dumpOf(engine, 's');
  world.working = true;
  assert.ok(persistence.flusher.start());
  let turns = 0;
  while (persistence.flusher.running) {
    for (const group of ['g1', 'g2']) {
      for (const [consumer, from] of [
        ['a', '690-0'],
        ['b', '1380-0'],
      ] as const) {
        world.runUnseen(['XPENDING', 's', group, from, '+', '3', consumer]);
        world.runUnseen(['XPENDING', 's', group, from, '+', '3']);
      }
    }
    world.runUnseen(['XRANGE', 's', '7-0', '+', 'COUNT', '3']);
    world.runUnseen(['XREVRANGE', 's', '+', '-', 'COUNT', '3']);
    await world.clock.advance(1);
    turns++;
  }
  assert.equal(persistence.flusher.completed, 1);
  assert.ok(turns > 3, 'it was written in one piece');
  const { engine: again, persistence: recovered } = await world.crash(true);
  assert.equal(recovered.recovery.storedKeys, 2);
  assert.deepEqual(dumpOf(again, 's'), dumped);
});

test('a checkpoint cuts the log behind it', async () => {
  const world = new World(33, 'always');
  const { persistence } = await world.open();
  for (let i = 0; i < 300; i++) {
    world.run(['SET', `key${i % 50}`, 'x'.repeat(20_000)]);
    if (i % 10 === 0) await world.clock.advance(20);
  }
  await world.clock.advance(500);
  const before = persistence.log.stats.segments;
  assert.ok(before > 2, `${before} segments`);
  persistence.flusher.start();
  await world.clock.advance(500);
  assert.ok(persistence.log.stats.segments < before);
  assert.ok(persistence.log.firstIndex > 1);
  await world.crash(true);
});

test('a checkpoint that begins inside a transaction holds what it did so far, and no more', async () => {
  const world = new World(50, 'always');
  const { engine, persistence } = await world.open();
  engine.persistence = persistence;
  world.run(['SET', 'n', '1']);
  for (const words of [['MULTI'], ['INCR', 'n'], ['BGSAVE'], ['INCR', 'n'], ['EXEC']]) {
    world.run(words);
  }
  await world.clock.advance(300);
  assert.equal(persistence.flusher.completed, 1);
  await world.crash(true);
});

test('a checkpoint made at once leaves nothing that meddles with the next one', async () => {
  const world = new World(51, 'always');
  const { persistence } = await world.open();
  for (let i = 0; i < 80; i++) world.run(commandFor(world.random));
  await world.clock.advance(50);
  persistence.flusher.flushNow();
  await world.clock.advance(300);
  assert.ok(persistence.flusher.start());
  await world.clock.advance(300);
  assert.equal(persistence.flusher.completed, 2);
  await world.crash(true);
});
