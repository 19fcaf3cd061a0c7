/** Bytes of checkpoint files; the grammar is docs/formats/checkpoint.md. */
import { crc32 } from 'node:zlib';

export const MAGIC = Buffer.from('PLINTHCP');
export const VERSION = 2;
/** Version 1 has streams as `large` records only. */
const VERSION_MIN = 1;
export const HEADER_BYTES = 40;
export const BLOCK_HEAD_BYTES = 8;
/** Records are gathered into a block until it has this many bytes. */
export const BLOCK_BYTES = 256 * 1024;
/** A length above this is damage: no record is longer than key and value at their limits. */
export const BLOCK_BYTES_MAX = 0x7fffffff;

export const RecordKind = {
  database: 1,
  packed: 2,
  large: 3,
  extra: 4,
  end: 5,
  begin: 6,
  elements: 7,
  done: 8,
} as const;

/** Bit of a record's meta: an expiry follows. */
export const HAS_EXPIRY = 0x80000000;

const NAME = /^checkpoint-([0-9]{16})\.plc$/;
/** Name of a checkpoint that is being written. */
export const NEW_NAME = 'checkpoint.new';

export function checkpointName(logIndex: number): string {
  return `checkpoint-${String(logIndex).padStart(16, '0')}.plc`;
}

/** The log index in a checkpoint's file name, -1 when it is no such name. */
export function indexOfName(name: string): number {
  const match = NAME.exec(name);
  return match === null ? -1 : Number(match[1]);
}

export function encodeHeader(logIndex: number, createdMs: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt16LE(VERSION, 8);
  header.writeDoubleLE(logIndex, 16);
  header.writeDoubleLE(createdMs, 24);
  header.writeUInt32LE(crc32(header.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  return header;
}

/** The log index of a header, or what is wrong with it. */
export function decodeHeader(header: Buffer): { logIndex: number } | { wrong: string } {
  if (header.length < HEADER_BYTES) return { wrong: 'the file is shorter than its header' };
  if (!header.subarray(0, 8).equals(MAGIC)) return { wrong: 'it is no checkpoint' };
  const checksum = crc32(header.subarray(0, HEADER_BYTES - 4));
  if (header.readUInt32LE(HEADER_BYTES - 4) !== checksum) {
    return { wrong: 'the checksum of the header is wrong' };
  }
  const version = header.readUInt16LE(8);
  if (version < VERSION_MIN || version > VERSION) {
    return { wrong: `version ${version} is not known, ${VERSION_MIN} to ${VERSION} are` };
  }
  return { logIndex: header.readDoubleLE(16) };
}

/** Checksum of a block's records. */
export function checksumOf(bytes: Buffer): number {
  return crc32(bytes);
}
