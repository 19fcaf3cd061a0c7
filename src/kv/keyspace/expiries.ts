/**
 * The keys of a database that expire: a dense list of (time, record), in no order.
 *
 * A record knows its index in the list, so adding, moving and removing are constant time. Kept in
 * chunks, so growth never copies the list, and each chunk knows a time before which nothing of it is
 * due: a sweep looks at one number for 16,384 keys unless some of them are due.
 */
import type { Address } from '../memory/index.ts';

const CHUNK_SHIFT = 14;
const CHUNK = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK - 1;
/** Keys that an average is made of. */
const TTL_SAMPLES = 128;

export class Expiries {
  size = 0;
  private readonly times: Float64Array[] = [];
  private readonly records: Uint32Array[] = [];
  /** Times under which the index on the disk has the keys, 0 for none; chunks are made when first used. */
  private readonly stored: (Float64Array | undefined)[] = [];
  /** By chunk: nothing in it is due earlier. Exact after a sweep, then possibly too early. */
  private readonly earliest: number[] = [];

  /** Appends; returns the index. `atMs` is Unix time in milliseconds. */
  add(record: Address, atMs: number): number {
    const index = this.size++;
    const chunk = index >>> CHUNK_SHIFT;
    if (chunk === this.times.length) {
      this.times.push(new Float64Array(CHUNK));
      this.records.push(new Uint32Array(CHUNK));
      this.earliest.push(atMs);
    } else if ((index & CHUNK_MASK) === 0 || atMs < this.earliest[chunk]!) {
      this.earliest[chunk] = atMs;
    }
    this.times[chunk]![index & CHUNK_MASK] = atMs;
    this.records[chunk]![index & CHUNK_MASK] = record;
    const stored = this.stored[chunk];
    if (stored !== undefined) stored[index & CHUNK_MASK] = 0;
    return index;
  }

  /** The time under which the index on the disk has the key, 0 for none. */
  storedAt(index: number): number {
    return this.stored[index >>> CHUNK_SHIFT]?.[index & CHUNK_MASK] ?? 0;
  }

  setStored(index: number, atMs: number): void {
    const chunk = index >>> CHUNK_SHIFT;
    const stored = this.stored[chunk];
    if (stored !== undefined) stored[index & CHUNK_MASK] = atMs;
    else if (atMs !== 0) {
      const made = new Float64Array(CHUNK);
      made[index & CHUNK_MASK] = atMs;
      this.stored[chunk] = made;
    }
  }

  /** Removes by moving the last into the gap; returns the record that moved to `index`, or 0. */
  remove(index: number): Address {
    const last = --this.size;
    const record = this.recordAt(last);
    const time = this.timeAt(last);
    const stored = this.storedAt(last);
    const lastChunk = last >>> CHUNK_SHIFT;
    if ((last & CHUNK_MASK) === 0 && this.times.length > lastChunk + 1) {
      this.times.pop();
      this.records.pop();
      this.earliest.pop();
      this.stored.length = Math.min(this.stored.length, this.times.length);
    }
    if (index === last) return 0;
    this.setTime(index, time);
    this.setStored(index, stored);
    this.records[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = record;
    return record;
  }

  timeAt(index: number): number {
    return this.times[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] as number;
  }

  recordAt(index: number): Address {
    return this.records[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] as number;
  }

  setTime(index: number, atMs: number): void {
    const chunk = index >>> CHUNK_SHIFT;
    this.times[chunk]![index & CHUNK_MASK] = atMs;
    if (atMs < this.earliest[chunk]!) this.earliest[chunk] = atMs;
  }

  /** Chunks that hold something. */
  get chunks(): number {
    return (this.size + CHUNK_MASK) >>> CHUNK_SHIFT;
  }

  /**
   * Gives `expire` every record of a chunk that is due at `nowMs`; it removes that record and no
   * other. Stops when `expire` returns false, and then returns false. To sweep all, begin with the
   * last chunk: the records that fill gaps come from there and have been looked at.
   */
  sweep(chunk: number, nowMs: number, expire: (record: Address) => boolean): boolean {
    if (chunk >= this.chunks || (this.earliest[chunk] as number) > nowMs) return true;
    const first = chunk << CHUNK_SHIFT;
    let earliest = Number.POSITIVE_INFINITY;
    for (let index = Math.min(this.size, first + CHUNK) - 1; index >= first; index--) {
      if (this.timeAt(index) <= nowMs && !expire(this.recordAt(index))) return false;
      if (index < this.size) earliest = Math.min(earliest, this.timeAt(index));
    }
    if (chunk < this.earliest.length) this.earliest[chunk] = earliest;
    return true;
  }

  /** The record moved in memory. */
  setRecord(index: number, record: Address): void {
    this.records[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = record;
  }

  /** Time that keys have left on average, milliseconds, by a sample of them; 0 when none expires. */
  averageTtlMs(nowMs: number): number {
    const samples = Math.min(this.size, TTL_SAMPLES);
    let sum = 0;
    for (let i = 0; i < samples; i++) {
      sum += Math.max(0, this.timeAt(Math.floor((i * this.size) / samples)) - nowMs);
    }
    return samples === 0 ? 0 : sum / samples;
  }

  get bytes(): number {
    let stored = 0;
    for (const chunk of this.stored) if (chunk !== undefined) stored++;
    return this.times.length * CHUNK * 12 + stored * CHUNK * 8;
  }

  reset(): void {
    this.size = 0;
    this.times.length = 0;
    this.records.length = 0;
    this.earliest.length = 0;
    this.stored.length = 0;
  }
}
