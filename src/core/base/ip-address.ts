/**
 * IP addresses as text and as bytes.
 *
 * Strict reading: four decimal numbers without leading zeros (RFC 6943 section 3.1.1 tells what comes of
 * other forms), or RFC 4291 section 2.2, the form with an embedded IPv4 address included, without a zone.
 * Writing follows RFC 5952, so one address has one text.
 */

const dot = 0x2e;
const colon = 0x3a;

/** @returns 4 or 16 bytes, or null when it is no address. */
export function parseIp(text: string): Buffer | null {
  return text.includes(':') ? parseIp6(text) : parseIp4(text, 0);
}

/** @param bytes 4 or 16 of them. */
export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatIp6(bytes);
}

function parseIp4(text: string, from: number): Buffer | null {
  const bytes = Buffer.allocUnsafe(4);
  let at = from;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== dot) return null;
    const start = at;
    let value = 0;
    while (at < text.length && at - start < 3) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const leadingZero = at - start > 1 && text.charCodeAt(start) === 0x30;
    if (at === start || value > 255 || leadingZero) return null;
    bytes[part] = value;
  }
  return at === text.length ? bytes : null;
}

function parseIp6(text: string): Buffer | null {
  const bytes = Buffer.alloc(16);
  let filled = 0;
  /** Where '::' stands, in bytes. */
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (filled >= 16) return null;
    const end = groupEnd(text, at);
    if (text.charCodeAt(end) === dot) {
      const tail = filled <= 12 ? parseIp4(text, at) : null;
      if (tail === null) return null;
      tail.copy(bytes, filled);
      filled += 4;
      at = text.length;
      break;
    }
    if (end === at || end - at > 4) return null;
    bytes.writeUInt16BE(Number.parseInt(text.slice(at, end), 16), filled);
    filled += 2;
    at = end;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== colon) return null;
    if (text.charCodeAt(at) === colon) {
      if (gap >= 0) return null;
      gap = filled;
      at++;
    } else if (at === text.length) return null;
  }
  if (gap < 0) return filled === 16 ? bytes : null;
  // '::' stands for one group of zeros at least.
  if (filled > 14) return null;
  bytes.copyWithin(16 - (filled - gap), gap, filled);
  bytes.fill(0, gap, 16 - (filled - gap));
  return bytes;
}

/** The first character from `at` that is no hexadecimal digit. */
function groupEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && /[0-9a-fA-F]/.test(text[end]!)) end++;
  return end;
}

function formatIp6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((bytes[at]! << 8) | bytes[at + 1]!);
  // RFC 5952 section 4.2: the longest run of zeros, the first of equals, two groups at least.
  let best = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      best = start;
      bestLength = length;
    }
  }
  // Section 5: addresses that embed IPv4 ones by a known prefix.
  if (best === 0 && bestLength === 5 && groups[5] === 0xffff) {
    return `::ffff:${bytes.subarray(12).join('.')}`;
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best < 0) return hex(groups);
  return `${hex(groups.slice(0, best))}::${hex(groups.slice(best + bestLength))}`;
}
