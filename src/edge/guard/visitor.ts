/**
 * Who is behind a request: the address of the connection, or, when that is a proxy that is believed, the one that it
 * says last in X-Forwarded-For, which is whom it had itself at the other end.
 *
 * Both ways of an address count as one key of two 32-bit words: an IPv6 address its network of 64 bits, since whoever
 * has an address there has all of them (RFC 6177); an IPv4 address lies in `0:ffff::/32` of these keys, where no
 * client has an IPv6 network. `Visitor.read` allocates nothing. Hot: bench/edge-guard.ts.
 */
import { parseIp, plainAddress } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import { FIELD_STRIDE, FieldId, HEX_VALUE, offsetIn } from '../../core/wire/index.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const DOT = 0x2e;
const SPACE = 0x20;
const PERCENT = 0x25;
/** First word of the keys of IPv4 addresses. */
export const V4_WORD = 0xffff;

export class Visitor {
  /** 4, 6, or 0: it has no IP address. */
  family: 0 | 4 | 6 = 0;
  /** It is a proxy that is believed and names nobody. Only as `read` found it. */
  isProxy = false;
  /** The key of its IPv4 address or IPv6 /64. */
  a = 0;
  b = 0;
  /** The rest of an IPv6 address. */
  c = 0;
  d = 0;

  /** Reads the visitor of an exchange. */
  read({ client, request }: Exchange): void {
    const { addressBytes, isTrusted } = client;
    this.isProxy = false;
    if (isTrusted) {
      const { fields } = request;
      const first = fields.find(FieldId.xForwardedFor);
      if (first !== -1) {
        let last = first;
        for (let i = first; i !== -1; i = fields.find(FieldId.xForwardedFor, i + 1)) last = i;
        const offset = fields.at[last * FIELD_STRIDE + 2]!;
        const start = offsetIn(offset);
        const end = start + fields.valueLength(last);
        if (this.readLast(fields.bytesAt(offset), start, end)) return;
      }
    }
    this.isProxy = isTrusted;
    this.readText(addressBytes, 0, addressBytes.length);
  }

  /** Reads an address as text, with a zone or without. @returns false: it is none, and `family` is 0. */
  readText(text: Buffer, start: number, end: number): boolean {
    // Most have one of IPv4, and no other text is taken for one.
    const address = readV4(text, start, end);
    if (address !== -1) {
      this.setV4(address);
      return true;
    }
    this.c = 0;
    this.d = 0;
    for (let at = start; at < end; at++) {
      if (text[at] !== COLON) continue;
      let to = at;
      while (to < end && text[to] !== PERCENT) to++;
      return this.readV6(text, start, to);
    }
    this.family = 0;
    this.a = 0;
    this.b = 0;
    return false;
  }

  private setV4(address: number): void {
    this.family = 4;
    this.a = V4_WORD;
    this.b = address;
    this.c = 0;
    this.d = 0;
  }

  private readLast(list: Buffer, start: number, end: number): boolean {
    let to = end;
    while (to > start && list[to - 1] === SPACE) to--;
    let from = to;
    while (from > start && list[from - 1] !== COMMA) from--;
    while (from < to && list[from] === SPACE) from++;
    return this.readText(list, from, to);
  }

  private readV6(text: Buffer, start: number, end: number): boolean {
    this.family = 0;
    let filled = 0;
    let gap = -1;
    let at = start;
    if (text[at] === COLON && text[at + 1] === COLON) {
      gap = 0;
      at += 2;
    }
    while (at < end) {
      if (filled === 8) return false;
      let value = 0;
      const from = at;
      while (at < end && at - from < 5) {
        const digit = HEX_VALUE[text[at]!]!;
        if (digit > 15) break;
        value = value * 16 + digit;
        at++;
      }
      if (at < end && text[at] === DOT) {
        const v4 = filled <= 6 ? readV4(text, from, end) : -1;
        if (v4 === -1) return false;
        groups[filled++] = v4 >>> 16;
        groups[filled++] = v4 & 0xffff;
        at = end;
        break;
      }
      if (at === from || at - from > 4) return false;
      groups[filled++] = value;
      if (at === end) break;
      if (text[at++] !== COLON) return false;
      if (text[at] === COLON && at < end) {
        if (gap !== -1) return false;
        gap = filled;
        at++;
      } else if (at === end) return false;
    }
    if (gap === -1 ? filled !== 8 : filled > 7) return false;
    const missing = 8 - filled;
    if (gap !== -1) {
      for (let i = filled - 1; i >= gap; i--) groups[i + missing] = groups[i]!;
      for (let i = 0; i < missing; i++) groups[gap + i] = 0;
    }
    this.setV6();
    return true;
  }

  private setV6(): void {
    this.family = 6;
    this.a = pair(0);
    this.b = pair(2);
    this.c = pair(4);
    this.d = pair(6);
    // An IPv4 address on a socket for both families.
    if (this.a === 0 && this.b === 0 && this.c === 0xffff) this.setV4(this.d);
  }
}

/** Of the address that is being read. */
const groups = new Uint16Array(8);

function pair(at: number): number {
  return ((groups[at]! << 16) | groups[at + 1]!) >>> 0;
}

/** -1: it is none. */
function readV4(text: Buffer, start: number, end: number): number {
  let address = 0;
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text[at++] !== DOT) return -1;
    const from = at;
    let value = 0;
    while (at < end && at - from < 3) {
      const digit = text[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (at === from || value > 255) return -1;
    address = address * 256 + value;
  }
  return at === end ? address : -1;
}

const shared = new Visitor();

/** The visitor's address, 4 or 16 bytes; null: it has no IP address. For rules that are not hot. */
export function addressOf(exchange: Exchange): Buffer | null {
  const { client } = exchange;
  if (!client.isTrusted) return parseIp(plainAddress(client.remoteAddress));
  shared.read(exchange);
  return bytesOf(shared);
}

/** 4 or 16 bytes. */
export function bytesOf({ family, a, b, c, d }: Visitor): Buffer | null {
  if (family === 0) return null;
  if (family === 4) {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(b, 0);
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUInt32BE(a, 0);
  bytes.writeUInt32BE(b, 4);
  bytes.writeUInt32BE(c, 8);
  bytes.writeUInt32BE(d, 12);
  return bytes;
}
