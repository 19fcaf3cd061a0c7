/**
 * The checksums that S3 knows ("Checking object integrity"): one row an algorithm, from which names of fields,
 * of elements and the ways to make one of parts follow.
 *
 * A checksum of an object that came in parts is either COMPOSITE, the checksum of the parts' checksums with `-N`
 * behind it, or FULL_OBJECT, that of the bytes, which only CRCs can make of their parts'.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { CRC32C_POLYNOMIAL, CRC64NVME_POLYNOMIAL, RunningCrc } from './running-crc.ts';

export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT';

export interface ChecksumRow {
  readonly name: 'CRC32' | 'CRC32C' | 'SHA1' | 'SHA256' | 'CRC64NVME';
  /** `x-amz-checksum-crc32`. */
  readonly header: string;
  /** `ChecksumCRC32`. */
  readonly element: string;
  readonly bytes: number;
  /** Reflected polynomial, for combining; 0n where that can not be done. */
  readonly polynomial: bigint;
  /** What a multipart upload may have, the default first. */
  readonly types: readonly ChecksumType[];
  begin(): RunningChecksum;
}

export type ChecksumName = ChecksumRow['name'];

export const checksumTable: readonly ChecksumRow[] = [
  {
    name: 'CRC32',
    ...named('CRC32'),
    bytes: 4,
    polynomial: 0xedb88320n,
    types: ['COMPOSITE', 'FULL_OBJECT'],
    begin: runningCrc32,
  },
  {
    name: 'CRC32C',
    ...named('CRC32C'),
    bytes: 4,
    polynomial: CRC32C_POLYNOMIAL,
    types: ['COMPOSITE', 'FULL_OBJECT'],
    begin: () => new RunningCrc(CRC32C_POLYNOMIAL, 4),
  },
  {
    name: 'SHA1',
    ...named('SHA1'),
    bytes: 20,
    polynomial: 0n,
    types: ['COMPOSITE'],
    begin: () => createHash('sha1'),
  },
  {
    name: 'SHA256',
    ...named('SHA256'),
    bytes: 32,
    polynomial: 0n,
    types: ['COMPOSITE'],
    begin: () => createHash('sha256'),
  },
  {
    name: 'CRC64NVME',
    ...named('CRC64NVME'),
    bytes: 8,
    polynomial: CRC64NVME_POLYNOMIAL,
    types: ['FULL_OBJECT'],
    begin: () => new RunningCrc(CRC64NVME_POLYNOMIAL, 8),
  },
];

export function checksumRow(name: string): ChecksumRow | undefined {
  return checksumTable.find((row) => row.name === name.toUpperCase());
}

export function checksumRowOfHeader(header: string): ChecksumRow | undefined {
  return checksumTable.find((row) => row.header === header);
}

/** Whether a text is the base64 of a digest of this algorithm. */
export function isDigest({ bytes }: ChecksumRow, text: string): boolean {
  return isBase64Of(text, bytes);
}

/** Whether a text is the base64 of so many bytes, as it is usually written. */
export function isBase64Of(text: string, bytes: number): boolean {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text;
}

function named(name: string): { header: string; element: string } {
  return { header: `x-amz-checksum-${name.toLowerCase()}`, element: `Checksum${name}` };
}

/** Node has this one itself. */
function runningCrc32(): RunningChecksum {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest() {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeUInt32BE(value >>> 0);
      return bytes;
    },
  };
}
