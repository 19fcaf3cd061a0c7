/**
 * The last 64 bytes of a table (docs/formats/lsm.md).
 */
import { crc32 } from 'node:zlib';
import { LsmError } from './errors.ts';

export const FOOTER_BYTES = 64;
const VERSION = 1;
const MAGIC = 'PLINTHTB';
const CHECKSUM_AT = 52;

/** A block's payload in its file. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export interface Footer {
  readonly index: Extent;
  readonly filter: Extent;
  readonly deletes: Extent;
  readonly number: number;
  readonly entries: number;
}

export function encodeFooter(footer: Footer): Buffer {
  const bytes = Buffer.alloc(FOOTER_BYTES);
  for (const [at, extent] of [
    [0, footer.index],
    [10, footer.filter],
    [20, footer.deletes],
  ] as const) {
    bytes.writeUIntLE(extent.offset, at, 6);
    bytes.writeUInt32LE(extent.length, at + 6);
  }
  bytes.writeUInt16LE(VERSION, 30);
  bytes.writeDoubleLE(footer.number, 32);
  bytes.writeDoubleLE(footer.entries, 40);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  bytes.write(MAGIC, 56, 'latin1');
  return bytes;
}

/**
 * @param offset of the footer in `file`, for the error.
 * @throws LsmError 'corrupt', 'version'.
 */
export function decodeFooter(bytes: Buffer, file: string, offset: number): Footer {
  const refuse = (detail: string) => new LsmError('corrupt', { file, offset, detail });
  if (bytes.length < FOOTER_BYTES) throw refuse('the file is too short for a table');
  if (bytes.toString('latin1', 56, 64) !== MAGIC) throw refuse('this is no end of a table');
  if (crc32(bytes.subarray(0, CHECKSUM_AT)) !== bytes.readUInt32LE(CHECKSUM_AT)) {
    throw refuse('the checksum of the footer does not hold');
  }
  const version = bytes.readUInt16LE(30);
  if (version !== VERSION) {
    throw new LsmError('version', {
      file,
      offset,
      detail: `version ${version}, known is ${VERSION}`,
    });
  }
  const extent = (at: number): Extent => ({
    offset: bytes.readUIntLE(at, 6),
    length: bytes.readUInt32LE(at + 6),
  });
  return {
    index: extent(0),
    filter: extent(10),
    deletes: extent(20),
    number: bytes.readDoubleLE(32),
    entries: bytes.readDoubleLE(40),
  };
}
