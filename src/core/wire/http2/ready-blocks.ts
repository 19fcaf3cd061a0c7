/**
 * Header blocks of fields that are sent again and again, made once and good for every connection: no field of them
 * refers to a table that grows, or enters one.
 *
 * Bounds: so many slots of so many octets; what meets in a slot takes turns, and is made only when it comes twice in
 * a row, since making costs several times what it saves. Benchmark: bench/http2-wire.ts.
 */
import { copyBytes } from '../../base/index.ts';
import type { Fields } from '../http/index.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { BlockPool, Output } from './output.ts';
import { writeFields } from './write-head.ts';

const SLOTS = 4096;
const SLOT_OCTETS = 512;

const encoder = new HpackEncoder(0, 0, true);
const scratch = new Output(new BlockPool());
/** Ids of the fields whose blocks the slots have; of those that came last and had none, negative: too long for one. */
const ids = new Float64Array(SLOTS);
const candidates = new Float64Array(SLOTS);
const lengths = new Uint16Array(SLOTS);
let octets: Buffer | null = null;

/** Appends the block of the fields with this id. False: there is none. */
export function putReadyBlock(output: Output, fieldsId: number): boolean {
  const slot = fieldsId & (SLOTS - 1);
  if (ids[slot] !== fieldsId || octets === null) return false;
  const length = lengths[slot]!;
  output.reserve(length);
  copyBytes(octets, slot * SLOT_OCTETS, output.buf, output.length, length);
  output.length += length;
  return true;
}

/** Fields without a block were sent: one is made if they are so often. */
export function noteReadyFields(fields: Fields, fieldsId: number): void {
  const slot = fieldsId & (SLOTS - 1);
  if (candidates[slot] !== fieldsId) {
    if (candidates[slot] !== -fieldsId) candidates[slot] = fieldsId;
    return;
  }
  writeFields(encoder, scratch, fields, 0);
  const { buf, length } = scratch;
  if (length <= SLOT_OCTETS) {
    octets ??= Buffer.allocUnsafeSlow(SLOTS * SLOT_OCTETS);
    copyBytes(buf, 0, octets, slot * SLOT_OCTETS, length);
    lengths[slot] = length;
    ids[slot] = fieldsId;
  } else {
    candidates[slot] = -fieldsId;
  }
  scratch.length = 0;
}
