/**
 * The payload of FUNCTION DUMP and FUNCTION RESTORE: libraries of functions as their texts.
 *
 *     { FUNCTION2 u8 | text, a string } | RDB version u16 | CRC-64 of everything before it u64
 *
 * As with DUMP payloads, reading throws nothing, whatever the bytes.
 */
import { ByteWriter } from './byte-writer.ts';
import { OP_FUNCTION2, RDB_VERSION_READ_MAX } from './constants.ts';
import { Crc64 } from './crc64.ts';
import { ByteCursor } from './cursor.ts';
import { RdbFault, RdbStarved } from './fault.ts';

/** The version in which these payloads came: any Redis that has functions reads it. */
const VERSION_WRITTEN = 10;
const FOOTER_BYTES = 10;
const CRC_BYTES = 8;

/** Why a payload is refused. `no-function`: it holds something else. */
export type FunctionDumpFault = 'bad-checksum' | 'no-function' | 'bad-format';

/** The payload of these texts. */
export function writeFunctionDump(texts: Iterable<Buffer>): Buffer {
  const writer = new ByteWriter();
  for (const text of texts) {
    writer.u8(OP_FUNCTION2);
    writer.string(text, true);
  }
  writer.u16(VERSION_WRITTEN);
  const checksum = Buffer.alloc(CRC_BYTES);
  new Crc64().update(writer.view()).writeTo(checksum, 0);
  writer.bytes(checksum);
  return writer.take();
}

/** The texts in a payload. */
export function readFunctionDump(payload: Buffer): Buffer[] | FunctionDumpFault {
  const end = payload.length - FOOTER_BYTES;
  const crcAt = payload.length - CRC_BYTES;
  if (end < 0 || payload.readUInt16LE(end) > RDB_VERSION_READ_MAX) return 'bad-checksum';
  if (!new Crc64().update(payload, 0, crcAt).equalsAt(payload, crcAt)) return 'bad-checksum';
  const cursor = new ByteCursor();
  cursor.load(payload, 0, end);
  const texts: Buffer[] = [];
  try {
    while (cursor.remaining > 0) {
      if (cursor.u8() !== OP_FUNCTION2) return 'no-function';
      texts.push(Buffer.from(cursor.string()));
    }
  } catch (cause) {
    if (cause instanceof RdbFault || cause instanceof RdbStarved) return 'bad-format';
    throw cause;
  }
  return texts;
}
