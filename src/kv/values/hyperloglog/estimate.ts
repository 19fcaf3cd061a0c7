/**
 * The cardinality that a HyperLogLog's registers stand for: Otmar Ertl, "New cardinality estimation
 * algorithms for HyperLogLog sketches" (arXiv:1702.01284), with the constants and the order of
 * operations of Redis, so that the answers are the same.
 */
import { countDense, mergeDense } from './dense.ts';
import { HEADER_BYTES, isDense, REGISTERS } from './format.ts';
import { eachRun } from './runs.ts';

/** Highest count but one that a register can hold. */
const Q = 50;
const ALPHA = 0.7213475204444817;

const histogram = new Uint32Array(64);
const odd = new Uint32Array(64);

/** The cardinality of one sketch; undefined when its runs are broken. */
export function estimateSketch(bytes: Buffer, start: number, length: number): number | undefined {
  histogram.fill(0);
  if (isDense(bytes, start)) countDense(bytes, start + HEADER_BYTES, histogram);
  else {
    const whole = eachRun(bytes, start + HEADER_BYTES, start + length, (_first, run, count) => {
      histogram[count] = histogram[count]! + run;
    });
    if (!whole) return undefined;
  }
  return estimate();
}

/** The cardinality of registers that stand one in a byte. */
export function estimateRegisters(registers: Uint8Array): number {
  histogram.fill(0);
  // Neighbours are often alike: two counters that wait for one another less than one.
  odd.fill(0);
  for (let i = 0; i < REGISTERS; i += 2) {
    histogram[registers[i]!]!++;
    odd[registers[i + 1]!]!++;
  }
  for (let count = 0; count < odd.length; count++)
    histogram[count] = histogram[count]! + odd[count]!;
  return estimate();
}

/** Raises each of `registers` to a sketch's; false when its runs are broken. */
export function mergeSketch(
  registers: Uint8Array,
  bytes: Buffer,
  start: number,
  length: number,
): boolean {
  if (isDense(bytes, start)) {
    mergeDense(bytes, start + HEADER_BYTES, registers);
    return true;
  }
  return eachRun(bytes, start + HEADER_BYTES, start + length, (first, run, count) => {
    if (count === 0) return;
    for (let i = first; i < first + run; i++) if (count > registers[i]!) registers[i] = count;
  });
}

function estimate(): number {
  let z = REGISTERS * tau((REGISTERS - histogram[Q + 1]!) / REGISTERS);
  for (let count = Q; count >= 1; count--) {
    z += histogram[count]!;
    z *= 0.5;
  }
  z += REGISTERS * sigma(histogram[0]! / REGISTERS);
  return Math.round((ALPHA * REGISTERS * REGISTERS) / z);
}

function sigma(part: number): number {
  if (part === 1) return Number.POSITIVE_INFINITY;
  let x = part;
  let y = 1;
  let z = x;
  for (let before = Number.NaN; before !== z; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(part: number): number {
  if (part === 0 || part === 1) return 0;
  let x = part;
  let y = 1;
  let z = 1 - x;
  for (let before = Number.NaN; before !== z; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}
