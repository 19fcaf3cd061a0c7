/**
 * Prefixes that are counted: an IPv4 address and its /24, an IPv6 /64 and its /48, as two 32-bit words (see
 * `Visitor`) and a kind.
 */
import { formatIp } from '../../core/base/index.ts';
import { V4_WORD, type Visitor } from './visitor.ts';

export const PrefixKind = { narrow: 1, wide: 2 } as const;
export type PrefixKind = (typeof PrefixKind)[keyof typeof PrefixKind];

/** The second word of the wide prefix that holds a narrow one; the first is the same. */
export function wideWord(a: number, b: number): number {
  return (a === V4_WORD ? b & 0xffffff00 : b & 0xffff0000) >>> 0;
}

/** Of a prefix and what it is counted for, unsigned. `seed`: the process's own, so that nobody can choose collisions. */
export function hashPrefix(a: number, b: number, tag: number, seed: number): number {
  let h = seed ^ Math.imul(tag, 0x9e3779b1);
  h = Math.imul(h ^ a, 0xcc9e2d51);
  h ^= h >>> 15;
  h = Math.imul(h ^ b, 0x1b873593);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** `192.0.2.1`, `192.0.2.0/24`, `2001:db8:0:1::/64`, `2001:db8::/48`. */
export function prefixText(a: number, b: number, kind: PrefixKind): string {
  const isWide = kind === PrefixKind.wide;
  if (a === V4_WORD) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(b);
    return isWide ? `${formatIp(bytes)}/24` : formatIp(bytes);
  }
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(a, 0);
  bytes.writeUInt32BE(b, 4);
  return `${formatIp(bytes)}/${isWide ? 48 : 64}`;
}

/** The narrow prefix of a visitor as text. */
export function visitorText({ a, b }: Visitor): string {
  return prefixText(a, b, PrefixKind.narrow);
}
