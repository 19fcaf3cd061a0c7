/** What a field holds after SET and INCRBY: numbers that do not fit wrap, saturate or fail. */
import type { FieldOperation } from './field-args.ts';

/**
 * The value that an operation gives a field which held `old`; undefined: it overflows and must not.
 *
 * A signed field of under 64 bits is checked with differences of 64 bits, as Redis does: SET of a number
 * so small that its distance from the largest value overflows them saturates at that value.
 */
export function newValue(operation: FieldOperation, old: bigint): bigint | undefined {
  const { kind, signed, bits, value, overflow } = operation;
  const base = kind === 'SET' ? (signed ? value : BigInt.asUintN(64, value)) : old;
  const by = kind === 'SET' ? 0n : value;
  const max = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const min = signed ? -max - 1n : 0n;
  const above = signed ? isAbove(base, by, max, bits) : base + by > max;
  const below = !above && base + by < min;
  if (!above && !below) return base + by;
  if (overflow === 'FAIL') return undefined;
  if (overflow === 'SAT') return above ? max : min;
  return signed ? BigInt.asIntN(bits, base + by) : BigInt.asUintN(bits, base + by);
}

function isAbove(base: bigint, by: bigint, max: bigint, bits: number): boolean {
  if (base > max || bits === 64) return base + by > max;
  return by > BigInt.asIntN(64, max - base);
}

/** As `newValue` for sums that numbers hold exactly; undefined also stands for an overflow. */
export function newSmallValue(operation: FieldOperation, old: number, by: number) {
  const { kind, signed, bits } = operation;
  const sum = kind === 'SET' ? by : old + by;
  const max = 2 ** (signed ? bits - 1 : bits) - 1;
  const min = signed ? -max - 1 : 0;
  return sum >= min && sum <= max ? sum : undefined;
}
