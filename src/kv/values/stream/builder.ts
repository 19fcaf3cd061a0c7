/** Builds a stream from the events of the RDB codec, apart from any key until it is finished. */
import { invariant } from '../../../core/base/index.ts';
import { Args } from '../../../core/wire/index.ts';
import { type Database, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import type { StreamConsumer, StreamGroup, StreamMeta, StreamPending } from '../../rdb/index.ts';
import type { StreamLimits } from './entries.ts';
import type { Consumer, Group } from './group.ts';
import { EntryId } from './id.ts';
import { UNKNOWN } from './lag.ts';
import { Stream } from './stream.ts';

export class StreamBuilder {
  private readonly db: Database;
  private readonly limits: StreamLimits;
  private stream: Stream;
  private group: Group | undefined;
  private consumer: Consumer | undefined;
  private readonly args = new Args();
  private readonly id = new EntryId();

  constructor(db: Database, limits: StreamLimits) {
    this.db = db;
    this.limits = limits;
    this.stream = new Stream(db.arena);
  }

  /** Entries and pending entries so far. */
  get size(): number {
    return this.stream.size;
  }

  /** Ids ascend strictly. `fieldsAndValues` alternate and are never empty. */
  addEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    const args = this.args.load(fieldsAndValues);
    const pairs = { args, from: 0, to: args.count };
    this.stream.append(this.id.setBig(ms, seq), pairs, this.limits);
  }

  setMeta(meta: StreamMeta): void {
    const { stream } = this;
    stream.lastId.setBig(meta.lastId.ms, meta.lastId.seq);
    stream.maxDeletedId.setBig(meta.maxDeletedId.ms, meta.maxDeletedId.seq);
    stream.entriesAdded = meta.entriesAdded;
  }

  beginGroup(group: StreamGroup): void {
    this.id.setBig(group.lastId.ms, group.lastId.seq);
    this.group = this.stream.addGroup(
      group.name.toString('latin1'),
      this.id,
      group.entriesRead ?? UNKNOWN,
    );
    this.consumer = undefined;
  }

  addConsumer(told: StreamConsumer): void {
    invariant(this.group !== undefined, 'a consumer belongs to a group');
    const consumer = this.group.addConsumer(told.name.toString('latin1'), told.seenTimeMs);
    consumer.activeMs = told.activeTimeMs ?? -1;
    this.consumer = consumer;
  }

  addPending(told: StreamPending): void {
    const { group, consumer } = this;
    invariant(group !== undefined && consumer !== undefined, 'a pending entry has a consumer');
    this.id.setBig(told.id.ms, told.id.seq);
    group.assign(this.id, consumer, told.deliveryTimeMs, told.deliveryCount);
  }

  /** Adds the key, which must not be there, with what was built. The builder is used up by it. */
  finish(key: Buffer, start = 0, length = key.length): Address {
    const { db } = this;
    return db.setLarge(db.create(key, start, length, Type.stream, 0), this.stream);
  }

  /** Gives back the memory of what was built and will not be used. */
  drop(): void {
    while (!this.stream.release(1000));
    this.stream = new Stream(this.db.arena);
  }
}
