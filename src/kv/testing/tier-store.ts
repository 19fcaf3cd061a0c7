/**
 * A store with keys in memory and on a simulated disk, for tests of the tier: commands run at once, time
 * passes when told to, keys leave memory when told to.
 */
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  SimDisk,
} from '../../core/runtime/sim/index.ts';
import { createLsmWorker } from '../../core/store/index.ts';
import { Args } from '../../core/wire/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { Engine } from '../engine/engine.ts';
import { Executed } from '../engine/executor.ts';
import { type Database, Flag, TIER_MASK } from '../keyspace/index.ts';
import { Persistence } from '../persistence/index.ts';
import { Output } from '../session/output.ts';
import type { Session } from '../session/session.ts';
import type { Settings } from '../settings.ts';
import { decodeReplies, type Reply } from './decode.ts';
import { FakeConnection } from './harness.ts';

const FOLDER = '/kv';

export interface TierStoreOptions {
  readonly seed?: number;
  readonly settings?: Partial<Settings>;
  readonly databases?: number;
  readonly memtableBytes?: number;
}

export class TierStore {
  readonly clock = createSimClock();
  readonly random;
  readonly disk: SimDisk;
  engine!: Engine;
  persistence!: Persistence;
  private readonly options: TierStoreOptions;
  private client!: Session;

  private constructor(options: TierStoreOptions) {
    this.options = options;
    this.random = createSimRandom(options.seed ?? 1);
    this.disk = new SimDisk(this.clock, this.random.fork());
  }

  static async open(options: TierStoreOptions = {}): Promise<TierStore> {
    const store = new TierStore(options);
    store.disk.mkdirSync(FOLDER);
    await store.start();
    return store;
  }

  private async start(): Promise<void> {
    const { clock, disk, random, options } = this;
    const engine = new Engine({
      commands: commandSpecs,
      clock,
      random: random.fork(),
      databases: options.databases ?? 3,
      settings: options.settings ?? {},
    });
    const persistence = await clock.settle(
      Persistence.open({
        engine,
        disk,
        clock,
        random: random.fork(),
        log: silentLogger(),
        folder: FOLDER,
        policy: 'always',
        segmentBytes: 64 * 1024 * 1024,
        flushLogBytes: 1e12,
        memtableBytes: options.memtableBytes ?? 64 * 1024,
        worker: createLsmWorker(createSimThreads({ disk, clock, random: random.fork() })),
      }),
    );
    engine.effects.sink = persistence.log;
    engine.persistence = persistence;
    this.engine = engine;
    this.persistence = persistence;
    this.client = this.connect();
  }

  /** Another client. */
  connect(): Session {
    const connection = new FakeConnection(this.engine);
    const session = this.engine.sessions.open(connection, new Output(connection));
    connection.session = session;
    return session;
  }

  /** Runs a command of the first client. */
  run(...words: (string | number | Buffer)[]): Reply {
    return this.runAs(this.client, ...words);
  }

  /** Runs a command of the first client; what it needs of the disk is read meanwhile. */
  async ask(...words: (string | number | Buffer)[]): Promise<Reply> {
    for (;;) {
      const reply = this.run(...words);
      if (reply !== undefined) return reply;
      await this.clock.advance(1);
    }
  }

  /** Runs a command; undefined when it waits: run again later it goes on. */
  runAs(session: Session, ...words: (string | number | Buffer)[]): Reply {
    const { engine } = this;
    const args = words.map((word) => (Buffer.isBuffer(word) ? word : Buffer.from(String(word))));
    engine.outlet.begin(session);
    engine.executor.beginBatch();
    const executed = engine.executor.execute(session, new Args().load(args));
    engine.outlet.end();
    if (executed !== Executed.done) return undefined;
    return this.taken(session).at(-1);
  }

  /** Replies and messages that came since the last look. */
  taken(session = this.client): Reply[] {
    const output = session.output!;
    this.engine.tracking.broadcast();
    output.keepRegion(this.engine.outlet.writer.buf);
    const bytes = Buffer.concat(output.chunks);
    this.engine.outlet.forget(output);
    this.persistence.log.flush();
    return decodeReplies(bytes);
  }

  database(index = 0): Database {
    return this.engine.keyspace.databases[index]!;
  }

  /** What was logged becomes durable. */
  async settle(): Promise<void> {
    const { log } = this.persistence;
    log.flush();
    await this.clock.runUntil(() => log.durableIndex >= this.engine.effects.lastIndex);
  }

  /** Stores what has changed; done when it is durable. */
  async flush(): Promise<void> {
    const { clock, persistence } = this;
    const { flusher } = persistence;
    await clock.runUntil(() => !flusher.running);
    persistence.startFlush();
    await clock.runUntil(() => !flusher.running);
  }

  /** Keys that the engine has as they are leave memory; returns how many did. */
  drop(mayGo: (name: string) => boolean = () => true): number {
    let dropped = 0;
    if (!this.persistence.flusher.push()) return 0;
    for (const db of this.engine.keyspace.databases) {
      const clean: number[] = [];
      db.table.each((record) => {
        const stored = (db.metaOf(record) & TIER_MASK) >>> 0 === Flag.stored;
        if (stored && !db.hasExpiringFields(record) && mayGo(db.keyBytes(record).toString())) {
          clean.push(record);
        }
        return true;
      });
      for (const record of clean) db.drop(record);
      dropped += clean.length;
    }
    return dropped;
  }

  /** All keys are stored and leave memory, those whose fields expire excepted. */
  async freeze(): Promise<void> {
    await this.flush();
    this.drop();
  }

  /** The process dies, or the power goes; what is there is opened again. */
  async crash(power = false): Promise<void> {
    this.clock.forgetAll();
    await (power ? this.disk.reboot() : this.disk.killProcess());
    await this.start();
  }

  async close(): Promise<void> {
    await this.clock.settle(this.persistence.close());
  }
}
