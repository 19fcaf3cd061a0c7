/**
 * Builds one key from the events of the RDB codec (rdb/sink.ts): for RESTORE, COPY and loading from the disk. The
 * value grows apart from the database; `finish` adds the key, `drop` forgets what was built because the
 * payload turned out bad.
 */
import { invariant } from '../../core/base/index.ts';
import type { Database } from '../keyspace/index.ts';
import { Type } from '../keyspace/index.ts';
import { type Address, copyBytes } from '../memory/index.ts';
import type {
  RdbValueSink,
  StreamConsumer,
  StreamGroup,
  StreamMeta,
  StreamPending,
} from '../rdb/index.ts';
import type { Settings } from '../settings.ts';
import { HashBuilder } from './hash/index.ts';
import { ListBuilder } from './list/index.ts';
import { SetBuilder } from './set/index.ts';
import { StreamBuilder } from './stream/index.ts';
import { ZsetBuilder } from './zset/index.ts';

/** What every type's builder can do once its elements are in. */
interface Builder {
  finish(key: Buffer, start?: number, length?: number): Address;
  drop(): void;
}

const NOT_BEGUN = 'a value is begun before its elements are told';

export class ValueLoader implements RdbValueSink {
  private readonly db: Database;
  private readonly key: Buffer;
  private readonly settings: Settings;
  private readonly large: boolean;
  private builder: Builder | undefined;
  private list: ListBuilder | undefined;
  private set: SetBuilder | undefined;
  private hash: HashBuilder | undefined;
  private zset: ZsetBuilder | undefined;
  private stream: StreamBuilder | undefined;

  /**
   * `form`: 'large' gives a collection its large form whatever the thresholds say, as the value that is
   * copied has it; else the thresholds decide.
   */
  constructor(
    store: { readonly settings: Settings },
    db: Database,
    key: Buffer,
    form: 'large' | 'by-settings' = 'by-settings',
  ) {
    this.db = db;
    this.key = key;
    this.large = form === 'large';
    this.settings = this.large ? { ...store.settings, ...NOTHING_PACKS } : store.settings;
  }

  /** Adds the key, which must not be there, with the value told. The loader is used up by it. */
  finish(): Address {
    const { builder } = this;
    invariant(builder !== undefined, 'a value is told before its key is added');
    this.builder = undefined;
    return builder.finish(this.key);
  }

  /** Gives back the memory of what was built and will not be used. */
  drop(): void {
    this.builder?.drop();
    this.builder = undefined;
  }

  onString(value: Buffer): void {
    this.builder = new StringBuilder(this.db, Buffer.from(value));
  }

  beginList(): void {
    this.list = new ListBuilder(this.db, this.settings, this.large);
    this.builder = this.list;
  }

  onListItem(item: Buffer): void {
    invariant(this.list !== undefined, NOT_BEGUN);
    this.list.add(item);
  }

  beginSet(countHint: number): void {
    const form = this.large ? 'hashtable' : undefined;
    this.set = new SetBuilder(this.db, this.settings, countHint, form);
    this.builder = this.set;
  }

  onSetMember(member: Buffer): boolean {
    invariant(this.set !== undefined, NOT_BEGUN);
    return this.set.add(member, 0, member.length);
  }

  beginHash(countHint: number): void {
    this.hash = new HashBuilder(this.db, this.settings, countHint);
    this.builder = this.hash;
  }

  onHashField(field: Buffer, value: Buffer, expireAtMs: number): boolean {
    invariant(this.hash !== undefined, NOT_BEGUN);
    return this.hash.add(field, value, expireAtMs);
  }

  beginZset(countHint: number): void {
    this.zset = new ZsetBuilder(this.db, this.settings, countHint);
    this.builder = this.zset;
  }

  onZsetMember(member: Buffer, score: number): boolean {
    invariant(this.zset !== undefined, NOT_BEGUN);
    return this.zset.add(score, member);
  }

  beginStream(): void {
    this.stream = new StreamBuilder(this.db, this.settings);
    this.builder = this.stream;
  }

  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    invariant(this.stream !== undefined, NOT_BEGUN);
    this.stream.addEntry(ms, seq, fieldsAndValues);
  }

  onStreamMeta(meta: StreamMeta): void {
    invariant(this.stream !== undefined, NOT_BEGUN);
    this.stream.setMeta(meta);
  }

  beginStreamGroup(group: StreamGroup): void {
    invariant(this.stream !== undefined, NOT_BEGUN);
    this.stream.beginGroup(group);
  }

  onStreamConsumer(consumer: StreamConsumer): void {
    invariant(this.stream !== undefined, NOT_BEGUN);
    this.stream.addConsumer(consumer);
  }

  onStreamPending(pending: StreamPending): void {
    invariant(this.stream !== undefined, NOT_BEGUN);
    this.stream.addPending(pending);
  }

  endStreamGroup(): void {}

  onEnd(): void {}
}

/** Thresholds below which nothing is packed. */
const NOTHING_PACKS: Partial<Settings> = {
  hashMaxListpackEntries: 0,
  setMaxIntsetEntries: 0,
  setMaxListpackEntries: 0,
  zsetMaxListpackEntries: 0,
};

class StringBuilder implements Builder {
  private readonly db: Database;
  private readonly value: Buffer;

  constructor(db: Database, value: Buffer) {
    this.db = db;
    this.value = value;
  }

  finish(key: Buffer): Address {
    const { db, value } = this;
    const record = db.create(key, 0, key.length, Type.string, value.length);
    copyBytes(value, 0, db.bytesOf(record), db.valueOffset(record), value.length);
    return record;
  }

  drop(): void {}
}
