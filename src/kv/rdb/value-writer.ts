/**
 * Writes values in encodings that Redis of the chosen version restores. It is a
 * sink: tell it a value's events (see `sink.ts`), then take the payload. The
 * caller streams from its store; the writer holds the encoded bytes of one value
 * and, beside them, at most one node of a list or stream, one small collection,
 * or the pending entries of one group.
 *
 * `packed` asks for the compact encoding; the caller applies its own thresholds.
 * A packed sorted set must be told in ascending order.
 */

import { invariant } from '../../core/base/index.ts';
import type { RdbVersion } from './constants.ts';
import { TYPE_STRING } from './constants.ts';
import { Crc64 } from './crc64.ts';
import { HashWriter } from './hash-writer.ts';
import { ListWriter } from './list-writer.ts';
import { SetWriter } from './set-writer.ts';
import type {
  RdbValueSink,
  StreamConsumer,
  StreamGroup,
  StreamMeta,
  StreamPending,
} from './sink.ts';
import { StreamWriter } from './stream-writer.ts';
import { ValueOutput } from './value-output.ts';
import { ZsetWriter } from './zset-writer.ts';

const CRC_BYTES = 8;
const NOT_BEGUN = 'a value is begun before its elements are told';

export interface RdbWriteOptions {
  /** RDB version to be readable by: 9 Redis 5 to 6.2, 10 Redis 7.0, 11 Redis 7.2 (default), 12 Redis 7.4. */
  readonly version?: RdbVersion;
  /** Compress strings of more than 20 bytes with LZF where it saves bytes. Default true, as Redis. */
  readonly compress?: boolean;
}

type Open = ListWriter | SetWriter | HashWriter | ZsetWriter | StreamWriter;

export class RdbValueWriter implements RdbValueSink {
  /** The bytes so far; of use to the file writer, not to others. */
  readonly out: ValueOutput;
  private list: ListWriter | null = null;
  private set: SetWriter | null = null;
  private hash: HashWriter | null = null;
  private zset: ZsetWriter | null = null;
  private stream: StreamWriter | null = null;
  private open: Open | null = null;

  constructor(options: RdbWriteOptions = {}) {
    this.out = new ValueOutput(options.version ?? 11, options.compress ?? true);
  }

  /**
   * The DUMP payload of the value told, with version and checksum. The writer is
   * ready for the next value. The version is raised where the value needs it
   * (expiring hash fields: 12).
   */
  finishDump(): Buffer {
    const { out } = this;
    invariant(this.open === null && out.size > 0, 'a value is ended before its payload is taken');
    out.u16(out.versionNeeded);
    out.reserve(CRC_BYTES);
    new Crc64().update(out.buffer, 0, out.size).writeTo(out.buffer, out.size);
    out.size += CRC_BYTES;
    out.versionNeeded = out.version;
    return out.take();
  }

  /** Forgets whatever was told since the last payload, finished or not. */
  reset(): void {
    this.open = null;
    this.list = this.set = this.hash = this.zset = this.stream = null;
    this.out.forget();
  }

  onString(value: Buffer): void {
    this.out.type(TYPE_STRING);
    this.out.text(value);
  }

  beginList(countHint: number): void {
    this.open = this.list = new ListWriter(this.out, countHint);
  }

  onListItem(item: Buffer): void {
    invariant(this.list !== null, NOT_BEGUN);
    this.list.item(item);
  }

  beginSet(countHint: number, packed: boolean): void {
    this.open = this.set = new SetWriter(this.out, countHint, packed);
  }

  onSetMember(member: Buffer): boolean {
    invariant(this.set !== null, NOT_BEGUN);
    this.set.member(member);
    return true;
  }

  beginHash(countHint: number, packed: boolean, minExpireAtMs: number): void {
    this.open = this.hash = new HashWriter(this.out, countHint, packed, minExpireAtMs);
  }

  onHashField(field: Buffer, value: Buffer, expireAtMs: number): boolean {
    invariant(this.hash !== null, NOT_BEGUN);
    this.hash.field(field, value, expireAtMs);
    return true;
  }

  beginZset(countHint: number, packed: boolean): void {
    this.open = this.zset = new ZsetWriter(this.out, countHint, packed);
  }

  onZsetMember(member: Buffer, score: number): boolean {
    invariant(this.zset !== null, NOT_BEGUN);
    this.zset.member(member, score);
    return true;
  }

  beginStream(nodesHint: number): void {
    this.open = this.stream = new StreamWriter(this.out, nodesHint);
  }

  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    invariant(this.stream !== null, NOT_BEGUN);
    this.stream.entry(ms, seq, fieldsAndValues);
  }

  onStreamMeta(meta: StreamMeta): void {
    invariant(this.stream !== null, NOT_BEGUN);
    this.stream.meta(meta);
  }

  beginStreamGroup(group: StreamGroup): void {
    invariant(this.stream !== null, NOT_BEGUN);
    this.stream.beginGroup(group);
  }

  onStreamConsumer(consumer: StreamConsumer): void {
    invariant(this.stream !== null, NOT_BEGUN);
    this.stream.consumer(consumer);
  }

  onStreamPending(pending: StreamPending): void {
    invariant(this.stream !== null, NOT_BEGUN);
    this.stream.pendingEntry(pending);
  }

  endStreamGroup(): void {
    invariant(this.stream !== null, NOT_BEGUN);
    this.stream.endGroup();
  }

  onEnd(): void {
    invariant(this.open !== null, 'a value is begun before it is ended');
    this.open.end();
    this.open = null;
    this.list = this.set = this.hash = this.zset = this.stream = null;
  }
}
