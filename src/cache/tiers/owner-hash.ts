/** What a record on the disk is of, as bytes and as the hash that the disk finds it by: one after the other. */
import { hashBytes } from '../../core/base/index.ts';

export class OwnerHash {
  low = 0;
  high = 0;
  /** `ownerOf` of the last one, `length` bytes from 0 on. */
  bytes: Buffer = Buffer.allocUnsafeSlow(1024);
  length = 0;
  private readonly seeds: { readonly low: number; readonly high: number };
  /** What the beginning of `bytes` is. */
  private space: string | null = null;

  /** @param seeds those of the disk. */
  constructor(seeds: { readonly low: number; readonly high: number }) {
    this.seeds = seeds;
  }

  of(space: string, key: string): this {
    const length = space.length + 1 + key.length;
    if (length > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(length * 2);
      this.space = null;
    }
    const { bytes, seeds } = this;
    if (space !== this.space) {
      bytes.write(`${space}\n`, 0, 'latin1');
      this.space = space;
    }
    bytes.write(key, space.length + 1, 'latin1');
    this.length = length;
    this.low = hashBytes(bytes, 0, length, seeds.low);
    this.high = hashBytes(bytes, 0, length, seeds.high);
    return this;
  }
}
