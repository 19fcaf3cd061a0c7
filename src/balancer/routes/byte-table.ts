/**
 * A table that is built once and asked by ranges of bytes: no string is made, nothing is allocated to ask.
 *
 * Invariants: keys are unique; at most half of the places are taken, so a chain ends soon. The caller brings the
 * hash, always by the same function: a path is hashed once for all tables. Hot: bench/balancer-routes.ts.
 */
import { equalBytes } from '../../core/base/index.ts';

export class ByteTable<V> {
  /** Number of an entry and one, 0 for a free place. */
  private readonly places: Int32Array;
  private readonly keys: Buffer[] = [];
  private readonly hashes: number[] = [];
  private readonly values: V[] = [];

  /** @param entries each with a key of its own. */
  constructor(entries: Iterable<readonly [Buffer, V]>, hash: (key: Buffer) => number) {
    for (const [key, value] of entries) {
      this.keys.push(key);
      this.hashes.push(hash(key) | 0);
      this.values.push(value);
    }
    const places = 2 ** Math.ceil(Math.log2(Math.max(2, this.keys.length * 2)));
    this.places = new Int32Array(places);
    for (let entry = 0; entry < this.keys.length; entry++) {
      let place = placeOf(this.hashes[entry]!, places);
      while (this.places[place] !== 0) place = (place + 1) & (places - 1);
      this.places[place] = entry + 1;
    }
  }

  get size(): number {
    return this.keys.length;
  }

  /** The value of the key that lies in `buf[start, start + length)`. */
  find(hash: number, buf: Buffer, start: number, length: number): V | undefined {
    const { places, hashes, keys } = this;
    const last = places.length - 1;
    const wanted = hash | 0;
    for (let place = placeOf(wanted, places.length); ; place = (place + 1) & last) {
      const entry = places[place]! - 1;
      if (entry < 0) return undefined;
      if (hashes[entry] !== wanted) continue;
      const key = keys[entry]!;
      if (key.length === length && equalBytes(key, 0, buf, start, length)) {
        return this.values[entry];
      }
    }
  }
}

/** Folds the high bits in: a running hash is good there only. */
function placeOf(hash: number, places: number): number {
  return (Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 9) & (places - 1);
}
