/**
 * The keys of a database that expire: a dense list of (time, record), in no order.
 *
 * A record knows its index in the list, so adding, moving and removing are constant time; finding
 * what is due is a sequential sweep over times only, eight bytes a key. Kept in chunks so that growth
 * never copies the list.
 */
import type { Address } from '../memory/index.ts';

const CHUNK_SHIFT = 14;
const CHUNK = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK - 1;

export class Expiries {
  size = 0;
  private readonly times: Float64Array[] = [];
  private readonly records: Uint32Array[] = [];

  /** Appends; returns the index. `atMs` is Unix time in milliseconds. */
  add(record: Address, atMs: number): number {
    const index = this.size++;
    const chunk = index >>> CHUNK_SHIFT;
    if (chunk === this.times.length) {
      this.times.push(new Float64Array(CHUNK));
      this.records.push(new Uint32Array(CHUNK));
    }
    this.times[chunk]![index & CHUNK_MASK] = atMs;
    this.records[chunk]![index & CHUNK_MASK] = record;
    return index;
  }

  /** Removes by moving the last into the gap; returns the record that moved to `index`, or 0. */
  remove(index: number): Address {
    const last = --this.size;
    const record = this.recordAt(last);
    const time = this.timeAt(last);
    const lastChunk = last >>> CHUNK_SHIFT;
    if ((last & CHUNK_MASK) === 0 && this.times.length > lastChunk + 1) {
      this.times.pop();
      this.records.pop();
    }
    if (index === last) return 0;
    this.times[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = time;
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
    this.times[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = atMs;
  }

  /** The record moved in memory. */
  setRecord(index: number, record: Address): void {
    this.records[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = record;
  }

  get bytes(): number {
    return this.times.length * CHUNK * 12;
  }

  reset(): void {
    this.size = 0;
    this.times.length = 0;
    this.records.length = 0;
  }
}
