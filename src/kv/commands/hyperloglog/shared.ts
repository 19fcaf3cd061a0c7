/** What several HyperLogLog commands do. */
import type { Call } from '../../command/call.ts';
import { ReplyError, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { isHyperLogLog, Sketch } from '../../values/hyperloglog/index.ts';
import { markRaw } from '../../values/string/index.ts';
import { assignBytes } from '../strings/shared.ts';

export const CORRUPTED = new ReplyError('INVALIDOBJ Corrupted HLL object detected');
const NOT_A_SKETCH = new ReplyError('WRONGTYPE Key is not a valid HyperLogLog string value.');

export const hyperloglogFamily = { acl: ['hyperloglog'], group: 'hyperloglog' } as const;

/** The sketch that is being changed. */
export const sketch = new Sketch();

/** Where the bytes of a sketch stand, good until the database changes. */
export interface SketchBytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

/** The bytes of a record. @throws ReplyError when they are no HyperLogLog. */
export function sketchBytes({ db }: Call, record: Address): SketchBytes {
  if (db.typeOf(record) !== Type.string) throw WRONG_TYPE;
  const found = {
    bytes: db.bytesOf(record),
    start: db.valueOffset(record),
    length: db.valueLength(record),
  };
  if (!isHyperLogLog(found.bytes, found.start, found.length)) throw NOT_A_SKETCH;
  return found;
}

/** Begins to change the sketch of a record, a new one for 0. */
export function openSketch(call: Call, record: Address): void {
  if (record === 0) sketch.openEmpty();
  else {
    const { bytes, start, length } = sketchBytes(call, record);
    sketch.open(bytes, start, length);
  }
}

/** Stores the sketch that was changed at the key at an argument. */
export function storeSketch(call: Call, record: Address, index: number): void {
  let target = record;
  if (sketch.detached) {
    const { bytes, start, length } = sketch;
    target = assignBytes(call, record, index, { buf: bytes, start, length, keepExpiry: true });
  }
  markRaw(call.db, target);
}
