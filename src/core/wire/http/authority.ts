/**
 * Host and port, as in the Host field, in `:authority` and in targets. RFC 3986 section 3.2, RFC 9110
 * section 4.2.
 *
 * Stricter than the grammar: no user information (RFC 9110 section 4.2.4), no empty host, no empty port, names
 * of `HOST_BYTE` only, no IPvFuture, no zone of an address.
 */
import { COLON, HEX_VALUE, HOST_BYTE, isDigit } from './grammar.ts';
import { problems } from './problems.ts';
import { NO_PORT, type RequestHead } from './request-head.ts';

const PORT_MAX = 65_535;
const PORT_DIGITS_MAX = 5;
/** Longest name of DNS, RFC 1035 section 2.3.4. */
const HOST_BYTES_MAX = 255;
const OPENING = 0x5b;
const CLOSING = 0x5d;
const DOT = 0x2e;

/**
 * Reads host and port from a range of `head.fields.buf` into the head. Returns 0, or the problem `badHost`
 * and the head is as before.
 */
export function readAuthority(head: RequestHead, start: number, end: number): number {
  const { buf } = head.fields;
  const hostEnd = hostEndOf(buf, start, end);
  if (hostEnd === -1) return problems.badHost.code;
  let port: number = NO_PORT;
  if (hostEnd < end) {
    port = portOf(buf, hostEnd + 1, end);
    if (buf[hostEnd] !== COLON || port === NO_PORT) return problems.badHost.code;
  }
  head.authorityStart = start;
  head.authorityLength = end - start;
  head.hostStart = start;
  head.hostLength = hostEnd - start;
  head.port = port;
  return 0;
}

/** Where the host ends that begins at `start`, or -1 when there is none. */
function hostEndOf(buf: Buffer, start: number, end: number): number {
  let at = start;
  if (buf[at] === OPENING && at < end) {
    while (at < end && buf[at] !== CLOSING) at++;
    return at < end && isIpv6(buf, start + 1, at) ? at + 1 : -1;
  }
  while (at < end && HOST_BYTE[buf[at]!] !== 0) at++;
  return at === start || at - start > HOST_BYTES_MAX ? -1 : at;
}

/** A port in decimal digits, `NO_PORT` when it is none. */
function portOf(buf: Buffer, start: number, end: number): number {
  if (end <= start || end - start > PORT_DIGITS_MAX) return NO_PORT;
  let port = 0;
  for (let i = start; i < end; i++) {
    const byte = buf[i]!;
    if (!isDigit(byte)) return NO_PORT;
    port = port * 10 + byte - 0x30;
  }
  return port <= PORT_MAX ? port : NO_PORT;
}

/**
 * Whether a range is an IPv6 address (RFC 4291 section 2.2): eight groups of one to four hexadecimal digits,
 * one run of which `::` may stand for, the last two of which may be an IPv4 address.
 */
function isIpv6(buf: Buffer, start: number, end: number): boolean {
  let groups = 0;
  let shortened = false;
  let at = start;
  if (at + 1 < end && buf[at] === COLON) {
    if (buf[at + 1] !== COLON) return false;
    shortened = true;
    at += 2;
  }
  while (at < end) {
    const groupStart = at;
    while (at < end && HEX_VALUE[buf[at]!] !== 255) at++;
    if (at < end && buf[at] === DOT) {
      if (!isIpv4(buf, groupStart, end)) return false;
      groups += 2;
      at = end;
      break;
    }
    if (at === groupStart || at - groupStart > 4) return false;
    groups++;
    if (at === end) break;
    if (buf[at++] !== COLON) return false;
    if (at === end) return false;
    if (buf[at] === COLON) {
      if (shortened) return false;
      shortened = true;
      at++;
    }
  }
  return shortened ? groups < 8 : groups === 8;
}

/** Whether a range is four numbers from 0 to 255 with dots between. */
function isIpv4(buf: Buffer, start: number, end: number): boolean {
  let numbers = 0;
  let at = start;
  for (;;) {
    const numberStart = at;
    let number = 0;
    while (at < end && isDigit(buf[at]!) && at - numberStart < 3) {
      number = number * 10 + buf[at++]! - 0x30;
    }
    if (at === numberStart || number > 255) return false;
    numbers++;
    if (at === end) return numbers === 4;
    if (buf[at++] !== DOT) return false;
  }
}
