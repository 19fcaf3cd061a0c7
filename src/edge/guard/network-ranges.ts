/**
 * Whether an address lies in one of many networks, in the logarithm of their number: the networks of a family as
 * sorted ranges that do not touch.
 *
 * An IPv4 address is the same one when it comes mapped into IPv6; beyond that the families are apart, as in
 * core/base's `Networks`. Nothing is allocated by `has` and `hasWords`. Hot: bench/edge-guard.ts.
 */
import { type Network, parseNetwork } from '../../core/base/index.ts';

const WORDS = 4;

export class NetworkRanges {
  readonly isEmpty: boolean;
  private readonly v4: Ranges;
  private readonly v6: Ranges;

  /** @param texts networks; what is none is left out, settings have been checked. */
  constructor(texts: readonly string[]) {
    const networks = texts.flatMap((text) => {
      const parsed = parseNetwork(text);
      return parsed.kind === 'network' ? [parsed.network] : [];
    });
    this.isEmpty = networks.length === 0;
    this.v4 = rangesOf(networks.filter(({ bytes }) => bytes.length === 4));
    this.v6 = rangesOf(networks.filter(({ bytes }) => bytes.length === 16));
  }

  /** @param address 4 or 16 bytes. */
  has(address: Buffer): boolean {
    if (this.isEmpty) return false;
    if (address.length === 4) return this.hasV4(word(address, 0));
    const a = word(address, 0);
    const b = word(address, 4);
    const c = word(address, 8);
    const d = word(address, 12);
    return a === 0 && b === 0 && c === 0xffff ? this.hasV4(d) : holds(this.v6, a, b, c, d);
  }

  /** An IPv4 address as a number. */
  hasV4(address: number): boolean {
    return holds(this.v4, address, 0, 0, 0);
  }

  /** An IPv6 address as four numbers of 32 bits. */
  hasV6(a: number, b: number, c: number, d: number): boolean {
    return holds(this.v6, a, b, c, d);
  }
}

/** Four words a row: firsts and lasts of ranges, sorted. */
interface Ranges {
  readonly count: number;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
}

function holds(ranges: Ranges, a: number, b: number, c: number, d: number): boolean {
  const { firsts, lasts } = ranges;
  let low = 0;
  let high = ranges.count;
  // The last range that begins at or before the address.
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAbove(firsts, middle * WORDS, a, b, c, d)) high = middle;
    else low = middle + 1;
  }
  return low > 0 && !isBelow(lasts, (low - 1) * WORDS, a, b, c, d);
}

/** Whether the row is greater than the address. */
function isAbove(
  rows: Uint32Array,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
): boolean {
  if (rows[at] !== a) return rows[at]! > a;
  if (rows[at + 1] !== b) return rows[at + 1]! > b;
  if (rows[at + 2] !== c) return rows[at + 2]! > c;
  return rows[at + 3]! > d;
}

/** Whether the row is less than the address. */
function isBelow(
  rows: Uint32Array,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
): boolean {
  if (rows[at] !== a) return rows[at]! < a;
  if (rows[at + 1] !== b) return rows[at + 1]! < b;
  if (rows[at + 2] !== c) return rows[at + 2]! < c;
  return rows[at + 3]! < d;
}

/** Networks nest or are apart, so that a range is a network that lies in no other one. */
function rangesOf(networks: readonly Network[]): Ranges {
  const sorted = networks
    .map(({ bytes, prefixBits }) => ({ first: bytes, last: lastOf(bytes, prefixBits) }))
    .sort((x, y) => Buffer.compare(x.first, y.first) || Buffer.compare(y.last, x.last));
  const outer: typeof sorted = [];
  for (const range of sorted) {
    const before = outer.at(-1);
    if (before === undefined || Buffer.compare(range.last, before.last) > 0) outer.push(range);
  }
  const firsts = new Uint32Array(outer.length * WORDS);
  const lasts = new Uint32Array(outer.length * WORDS);
  for (const [i, { first, last }] of outer.entries()) {
    for (let at = 0; at < first.length; at += 4) {
      firsts[i * WORDS + at / 4] = word(first, at);
      lasts[i * WORDS + at / 4] = word(last, at);
    }
  }
  return { count: outer.length, firsts, lasts };
}

function lastOf(bytes: Uint8Array, prefixBits: number): Uint8Array {
  return bytes.map((byte, at) => {
    const behind = Math.min(8, Math.max(0, at * 8 + 8 - prefixBits));
    return byte | (2 ** behind - 1);
  });
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}
