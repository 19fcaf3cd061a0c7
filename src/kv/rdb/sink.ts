/**
 * What a reader tells and a writer is told: one value as a series of events, so
 * that neither side ever holds the value twice. `RdbValueWriter` is itself a
 * sink, so a reader can be joined to it directly.
 *
 * Order of events, for one value:
 *
 *     string   onString
 *     list     beginList   onListItem*    onEnd
 *     set      beginSet    onSetMember*   onEnd
 *     hash     beginHash   onHashField*   onEnd
 *     zset     beginZset   onZsetMember*  onEnd
 *     stream   beginStream onStreamEntry* onStreamMeta group* onEnd
 *     group    beginStreamGroup (onStreamConsumer onStreamPending*)* endStreamGroup
 *
 * Rules:
 * - Buffers are views that are valid during the call only; copy what is kept.
 * - A count is a hint: never above what the bytes at hand could hold, not exact.
 * - Events come before the whole value is known to be good. When the reader ends
 *   with anything but 'ok', drop what was built.
 * - `packed` says that the source used (or the writer shall use) the compact
 *   encoding: intset, listpack.
 */

/** The id of a stream entry: two unsigned 64-bit numbers. */
export interface StreamId {
  readonly ms: bigint;
  readonly seq: bigint;
}

export interface StreamMeta {
  /** Entries that are alive. */
  readonly length: number;
  readonly lastId: StreamId;
  /** 0-0 when the stream is empty. */
  readonly firstId: StreamId;
  /** Greatest id ever deleted, 0-0 if none. */
  readonly maxDeletedId: StreamId;
  /** Entries ever added; above 2^53 - 1 it is told as 2^53 - 1. */
  readonly entriesAdded: number;
}

export interface StreamGroup {
  readonly name: Buffer;
  readonly lastId: StreamId;
  /** Logical read counter; null when it is not known. */
  readonly entriesRead: number | null;
}

export interface StreamConsumer {
  readonly name: Buffer;
  /** Last attempted interaction, ms since 1970. */
  readonly seenTimeMs: number;
  /** Last successful interaction, ms since 1970; null when there was none. */
  readonly activeTimeMs: number | null;
}

/** An entry delivered to the consumer told last and not acknowledged. */
export interface StreamPending {
  readonly id: StreamId;
  readonly deliveryTimeMs: number;
  readonly deliveryCount: number;
}

export interface RdbValueSink {
  onString(value: Buffer): void;

  beginList(countHint: number): void;
  onListItem(item: Buffer): void;

  beginSet(countHint: number, packed: boolean): void;
  /** Returns false if the member was there already; the value is then refused. */
  onSetMember(member: Buffer): boolean;

  /**
   * `minExpireAtMs`: no field expires earlier (ms since 1970); 0 when no field
   * expires at all.
   */
  beginHash(countHint: number, packed: boolean, minExpireAtMs: number): void;
  /**
   * `expireAtMs`: ms since 1970, 0 for never. Returns false if the field was
   * there already; the value is then refused.
   */
  onHashField(field: Buffer, value: Buffer, expireAtMs: number): boolean;

  beginZset(countHint: number, packed: boolean): void;
  /** Returns false if the member was there already; the value is then refused. */
  onZsetMember(member: Buffer, score: number): boolean;

  beginStream(nodesHint: number): void;
  /** Ids ascend strictly. `fieldsAndValues` alternate and are never empty. */
  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void;
  onStreamMeta(meta: StreamMeta): void;
  beginStreamGroup(group: StreamGroup): void;
  onStreamConsumer(consumer: StreamConsumer): void;
  onStreamPending(pending: StreamPending): void;
  endStreamGroup(): void;

  /** Ends whatever the last `begin` of a list, set, hash, zset or stream opened. */
  onEnd(): void;
}

/** Takes everything and keeps nothing: for skipping and for checking. */
export const ignoringSink: RdbValueSink = {
  onString() {},
  beginList() {},
  onListItem() {},
  beginSet() {},
  onSetMember: () => true,
  beginHash() {},
  onHashField: () => true,
  beginZset() {},
  onZsetMember: () => true,
  beginStream() {},
  onStreamEntry() {},
  onStreamMeta() {},
  beginStreamGroup() {},
  onStreamConsumer() {},
  onStreamPending() {},
  endStreamGroup() {},
  onEnd() {},
};
