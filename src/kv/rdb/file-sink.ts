/**
 * What the reader of a whole RDB file tells, beyond the values themselves.
 *
 *     onHeader (onAux | onSelectDb | onResizeDb | onFunction | key)*
 *     key: onKey, the value's events (only if onKey returned true), endKey
 *
 * Buffers are views that are valid during the call only.
 */

import type { RdbValueSink } from './sink.ts';

export interface RdbKeyInfo {
  /** The value's type byte as stored. */
  readonly type: number;
  /** Ms since 1970; null when the key does not expire. May lie in the past. */
  readonly expireAtMs: number | null;
  /** Seconds since the last use, where the file tells it (LRU policies). */
  readonly idleSeconds: number | null;
  /** Logarithmic access counter 0-255, where the file tells it (LFU policies). */
  readonly frequency: number | null;
}

export interface RdbFileSink extends RdbValueSink {
  onHeader(version: number): void;
  /** A named fact about the file's origin: redis-ver, ctime, used-mem, ... */
  onAux(name: Buffer, value: Buffer): void;
  /** Keys that follow belong to this database. */
  onSelectDb(db: number): void;
  /** Sizes of the database selected last; hints, they may be wrong. */
  onResizeDb(keys: number, expires: number): void;
  /** The source of a function library, as FUNCTION LOAD takes it. */
  onFunction(source: Buffer): void;
  /** A key. Returns whether its value is wanted; if not, it is read over. */
  onKey(key: Buffer, info: RdbKeyInfo): boolean;
  /** The value of a wanted key is complete. A collection may have turned out empty: drop it. */
  endKey(): void;
}
