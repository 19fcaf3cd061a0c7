/**
 * The order of a list's chunks as numbers, in runs: chunks that were added one after the other at one end
 * are counted up or down.
 *
 *   order = runs:u32 (first:f64 (count << 1 | down):u32){runs}
 */
import type { ElementIn, ElementOut } from '../../keyspace/index.ts';

export function writeOrder(chunks: number, numberOf: (chunk: number) => number, out: ElementOut) {
  const firsts: number[] = [];
  const counts: number[] = [];
  for (let chunk = 0; chunk < chunks; ) {
    const first = numberOf(chunk);
    const step = chunk + 1 < chunks && numberOf(chunk + 1) === first - 1 ? -1 : 1;
    let count = 1;
    while (chunk + count < chunks && numberOf(chunk + count) === first + step * count) count++;
    firsts.push(first);
    counts.push(count * 2 + (step < 0 ? 1 : 0));
    chunk += count;
  }
  out.u32(firsts.length);
  for (let i = 0; i < firsts.length; i++) {
    out.f64(firsts[i] as number);
    out.u32(counts[i] as number);
  }
}

/** Numbers to places. */
export function readOrder(from: ElementIn): Map<number, number> {
  const places = new Map<number, number>();
  for (let runs = from.u32(); runs > 0; runs--) {
    const first = from.f64();
    const word = from.u32();
    const step = (word & 1) === 0 ? 1 : -1;
    for (let i = 0; i < word >>> 1; i++) places.set(first + step * i, places.size);
  }
  return places;
}
