/**
 * The checksum of a whole from those of its parts: composite by hashing them, full-object by the algebra of CRCs.
 *
 * A CRC of A followed by B is crc(A) · x^(8·|B|) + crc(B) modulo its polynomial; ones before and behind cancel
 * out. Bits are reflected: the highest one stands for x^0.
 */
import type { ChecksumRow } from './algorithms.ts';

export interface PartChecksum {
  /** Base64. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Base64, `-`, number of parts. */
export function compositeChecksum(row: ChecksumRow, digests: readonly string[]): string {
  const running = row.begin();
  for (const digest of digests) running.update(Buffer.from(digest, 'base64'));
  return `${running.digest().toString('base64')}-${digests.length}`;
}

/** Base64 of the checksum of all bytes; the algorithm must be a CRC. */
export function fullObjectChecksum(row: ChecksumRow, parts: readonly PartChecksum[]): string {
  const field = new Field(row.polynomial, row.bytes * 8);
  let whole = 0n;
  for (const { digest, sizeBytes } of parts) {
    const crc = BigInt(`0x${Buffer.from(digest, 'base64').toString('hex')}`);
    whole = field.multiply(field.shiftOf(sizeBytes), whole) ^ crc;
  }
  return Buffer.from(whole.toString(16).padStart(row.bytes * 2, '0'), 'hex').toString('base64');
}

/** Polynomials modulo one of them. */
class Field {
  private readonly polynomial: bigint;
  private readonly top: bigint;
  /** Parts have one length nearly always. */
  private readonly shifts = new Map<number, bigint>();

  constructor(polynomial: bigint, bits: number) {
    this.polynomial = polynomial;
    this.top = 1n << BigInt(bits - 1);
  }

  multiply(a: bigint, b: bigint): bigint {
    let product = 0n;
    let power = b;
    for (let bit = this.top; bit !== 0n && a !== 0n; bit >>= 1n) {
      if ((a & bit) !== 0n) product ^= power;
      power = (power & 1n) === 1n ? (power >> 1n) ^ this.polynomial : power >> 1n;
    }
    return product;
  }

  /** x^(8·bytes). */
  shiftOf(bytes: number): bigint {
    const known = this.shifts.get(bytes);
    if (known !== undefined) return known;
    let shift = this.top;
    // x^8, squared for each bit of the length.
    let power = this.top >> 8n;
    for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) shift = this.multiply(shift, power);
      power = this.multiply(power, power);
    }
    this.shifts.set(bytes, shift);
    return shift;
  }
}
