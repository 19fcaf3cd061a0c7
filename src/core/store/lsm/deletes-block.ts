/**
 * The deleted ranges of a table as a block (docs/formats/lsm.md).
 */
import { type Fragment, RangeDeletes } from './range-deletes.ts';
import { putVarint, readVarint, varintBytes, varintEnd } from './varint.ts';

export function encodeDeletes(fragments: readonly Fragment[]): Buffer {
  const parts: Buffer[] = [];
  for (const { from, to, sequences } of fragments) {
    const keys = varintBytes(from.length) + from.length + varintBytes(to.length) + to.length;
    const part = Buffer.allocUnsafe(keys + 2 + sequences.length * 8);
    let at = putVarint(part, 0, from.length);
    at += from.copy(part, at);
    at = putVarint(part, at, to.length);
    at += to.copy(part, at);
    at = part.writeUInt16LE(sequences.length, at);
    for (const sequence of sequences) at = part.writeDoubleLE(sequence, at);
    parts.push(part);
  }
  const tail = Buffer.allocUnsafe(4);
  tail.writeUInt32LE(fragments.length);
  return Buffer.concat([...parts, tail]);
}

export function decodeDeletes(payload: Buffer): RangeDeletes {
  const deletes = new RangeDeletes();
  const count = payload.readUInt32LE(payload.length - 4);
  let at = 0;
  const key = (): Buffer => {
    const length = readVarint(payload, at);
    const start = varintEnd;
    at = start + length;
    return payload.subarray(start, at);
  };
  for (let nth = 0; nth < count; nth++) {
    const from = key();
    const to = key();
    const sequences: number[] = [];
    const versions = payload.readUInt16LE(at);
    at += 2;
    for (let i = 0; i < versions; i++, at += 8) sequences.push(payload.readDoubleLE(at));
    deletes.fragments.push({ from, to, sequences });
  }
  return deletes;
}
