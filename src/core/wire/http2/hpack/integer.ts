/**
 * Integers of HPACK (RFC 7541, 5.1), written. They are read in the decoder, where the cursor is.
 */

/** Octets that an integer takes at most: prefix and five more hold 32 bits. */
export const INTEGER_OCTETS_MAX = 6;

/** Writes `value` behind the bits `flags` of a first octet with a prefix of `prefixBits`; returns the index behind. */
export function writeInteger(
  to: Buffer,
  at: number,
  prefixBits: number,
  flags: number,
  value: number,
): number {
  const prefixMax = (1 << prefixBits) - 1;
  if (value < prefixMax) {
    to[at] = flags | value;
    return at + 1;
  }
  to[at] = flags | prefixMax;
  let rest = value - prefixMax;
  let next = at + 1;
  while (rest >= 128) {
    to[next++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  to[next++] = rest;
  return next;
}
