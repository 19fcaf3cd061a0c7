/**
 * The payload of DUMP and RESTORE:
 *
 *     type u8 | value | RDB version u16 | CRC-64 of everything before it u64
 *
 * RESTORE takes it from clients, so reading never throws, whatever the bytes:
 * only an error thrown by the sink itself passes through.
 */

import { RDB_VERSION_READ_MAX } from './constants.ts';
import { Crc64 } from './crc64.ts';
import { ByteCursor } from './cursor.ts';
import { RdbFault, RdbStarved } from './fault.ts';
import type { RdbValueSink } from './sink.ts';
import { parserFor } from './value-types.ts';

const FOOTER_BYTES = 10;
const CRC_BYTES = 8;

/** `unsupported`: the value of a module, or a type newer than those read here. */
export type DumpResult = 'ok' | 'bad-checksum' | 'bad-format' | 'unsupported';

/** What Redis answers to RESTORE for each of them. */
export const DUMP_ERROR_TEXT: Readonly<Record<Exclude<DumpResult, 'ok'>, string>> = {
  'bad-checksum': 'ERR DUMP payload version or checksum are wrong',
  'bad-format': 'ERR Bad data format',
  unsupported: 'ERR Bad data format',
};

export interface DumpOptions {
  /** Take a checksum of 0 for "none was computed", as RDB files do. Default false. */
  readonly acceptZeroChecksum?: boolean;
  /**
   * Refuse repeated members and fields in the reader (a set of all of them is
   * kept meanwhile). Turn off where the sink itself answers false. Default true.
   */
  readonly trackDuplicates?: boolean;
}

/** Reads one DUMP payload and tells `sink` the value. */
export function readDump(
  payload: Buffer,
  sink: RdbValueSink,
  options: DumpOptions = {},
): DumpResult {
  if (!footerIsRight(payload, options.acceptZeroChecksum ?? false)) return 'bad-checksum';
  const cursor = new ByteCursor();
  cursor.load(payload, 0, payload.length - FOOTER_BYTES);
  const trackDuplicates = options.trackDuplicates ?? true;
  try {
    const type = cursor.u8();
    parserFor(type, { sink, allowEmpty: false, trackDuplicates }).run(cursor);
  } catch (cause) {
    if (cause instanceof RdbFault) return cause.kind;
    if (cause instanceof RdbStarved) return 'bad-format';
    throw cause;
  }
  return cursor.remaining === 0 ? 'ok' : 'bad-format';
}

function footerIsRight(payload: Buffer, acceptZero: boolean): boolean {
  if (payload.length < FOOTER_BYTES) return false;
  const crcAt = payload.length - CRC_BYTES;
  if (payload.readUInt16LE(crcAt - 2) > RDB_VERSION_READ_MAX) return false;
  if (acceptZero && payload.readBigUInt64LE(crcAt) === 0n) return true;
  return new Crc64().update(payload, 0, crcAt).equalsAt(payload, crcAt);
}
