/** Stream ids: comparing them, and the 16 big-endian bytes that RDB keeps of one. */

import type { StreamId } from './sink.ts';

export const STREAM_ID_BYTES = 16;
export const ZERO_ID: StreamId = { ms: 0n, seq: 0n };

/** Negative, zero or positive as `a` is before, the same as or after `b`. */
export function compareIds(a: StreamId, b: StreamId): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  if (a.seq === b.seq) return 0;
  return a.seq < b.seq ? -1 : 1;
}

export function readId(bytes: Buffer): StreamId {
  return { ms: bytes.readBigUInt64BE(0), seq: bytes.readBigUInt64BE(8) };
}

export function writeId(target: Buffer, at: number, ms: bigint, seq: bigint): void {
  target.writeBigUInt64BE(ms, at);
  target.writeBigUInt64BE(seq, at + 8);
}
