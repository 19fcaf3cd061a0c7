/**
 * LEB128 of integers below 2^53, at most 8 bytes.
 */

/** Bytes that `putVarint` takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes++;
  return bytes;
}

/** @returns the offset behind the number. */
export function putVarint(into: Buffer, at: number, value: number): number {
  let rest = value;
  let offset = at;
  while (rest >= 2 ** 31) {
    into[offset++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    into[offset++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  into[offset++] = rest;
  return offset;
}

/** Where the last `readVarint` ended. Read it at once: there is one for all. */
export let varintEnd = 0;

/** A number cut short or too large reads as -1; the caller names the damage. */
export function readVarint(from: Buffer, at: number): number {
  let value = from[at]!;
  if (value < 128) {
    varintEnd = at + 1;
    return value;
  }
  value &= 127;
  let scale = 128;
  for (let offset = at + 1; offset < at + 8 && offset < from.length; offset++) {
    const byte = from[offset]!;
    value += (byte & 127) * scale;
    if (byte < 128) {
      varintEnd = offset + 1;
      return value <= Number.MAX_SAFE_INTEGER ? value : -1;
    }
    scale *= 128;
  }
  return -1;
}
