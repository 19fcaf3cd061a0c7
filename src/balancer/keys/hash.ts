/**
 * Hashes by which requests are assigned to servers: 32 bits, unsigned, the same on every node and after
 * every start, because two balancers in front of one pool must agree.
 *
 * So they are no defence against clients that choose their keys: who sends to one server on purpose meets
 * the bounded load, the server's limit and the rate limits. A route may give a seed of its own.
 */
import { hashBytes } from '../../core/base/index.ts';

/** The key of a request that lacks what its route keys on: no cookie, no such header. */
export const NO_KEY = -1;

/** Hash of `length` bytes of `buf` from `start`. */
export function hashRange(buf: Buffer, start: number, length: number, seed = 0): number {
  return hashBytes(buf, start, length, seed);
}

/** Hash of a text by its UTF-8 bytes; equals `hashRange` of those bytes. */
export function hashText(text: string, seed = 0): number {
  const bytes = Buffer.from(text);
  return hashBytes(bytes, 0, bytes.length, seed);
}

/**
 * Hash of a client's address as sockets tell it. An IPv4 address gives the same hash when it comes mapped
 * into IPv6 (`::ffff:192.0.2.1`), as it does on a listener for both.
 */
export function hashAddress(address: string, seed = 0): number {
  const mapped = address.startsWith('::ffff:') && address.includes('.');
  return hashText(mapped ? address.slice(7) : address, seed);
}

/** Spreads the bits of a 32-bit number (the finish of murmur3): near numbers become far ones. A bijection. */
export function mix32(value: number): number {
  let h = value | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 2^32 divided by the golden ratio: multiples of it are spread evenly over 32 bits. */
export const GOLDEN = 0x9e3779b9;
