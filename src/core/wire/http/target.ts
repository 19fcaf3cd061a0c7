/**
 * The request target in its four forms. RFC 9112 section 3.2; HTTP/2's `:path` is origin-form or `*`
 * (RFC 9113 section 8.3.1).
 *
 * Invariants: what is accepted has bytes of `TARGET_BYTE` only; a scheme is http or https; CONNECT has
 * authority-form with a port and nobody else has; `*` goes with OPTIONS only. Percent-encodings are not
 * judged here: whoever compares paths normalises them.
 */
import { readAuthority } from './authority.ts';
import { COLON, LOWER_CASE, QUESTION, SLASH, TARGET_BYTE, TargetByte } from './grammar.ts';
import { MethodId } from './methods.ts';
import { problems } from './problems.ts';
import { NO_PORT, type RequestHead, TargetForm } from './request-head.ts';

const ASTERISK = 0x2a;
const HTTP = Buffer.from('http', 'latin1');

/** Where the bytes end that may stand in a target, from `start` on. */
export function targetEndOf(buf: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && TARGET_BYTE[buf[at]!] === TargetByte.plain) at++;
  // From the first `?` on everything is query.
  if (at < end && buf[at] === QUESTION) {
    while (at < end && TARGET_BYTE[buf[at]!] !== TargetByte.no) at++;
  }
  return at;
}

/**
 * Reads a target, all of whose bytes `targetEndOf` has accepted, from a range of `head.fields.buf`. The method
 * is known already. Returns 0 or a problem.
 */
export function readTarget(head: RequestHead, start: number, end: number): number {
  const { buf } = head.fields;
  if (start === end) return problems.badTarget.code;
  head.targetStart = start;
  head.targetLength = end - start;
  if (head.method === MethodId.connect) {
    head.form = TargetForm.authority;
    const problem = readAuthority(head, start, end);
    // RFC 9110 section 9.3.6: there is no default port.
    if (problem !== 0 || head.port === NO_PORT) return problems.badTarget.code;
    return 0;
  }
  if (buf[start] === SLASH) {
    head.form = TargetForm.origin;
    readOrigin(head, start, end);
    return 0;
  }
  if (buf[start] === ASTERISK) {
    if (end - start !== 1 || head.method !== MethodId.options) return problems.badTarget.code;
    head.form = TargetForm.asterisk;
    return 0;
  }
  return readAbsolute(head, start, end);
}

/** Splits path and query. The range begins with `/` or `?`, or is empty. */
function readOrigin(head: RequestHead, start: number, end: number): void {
  const { buf } = head.fields;
  let at = start;
  while (at < end && buf[at] !== QUESTION) at++;
  head.originStart = start;
  head.originLength = end - start;
  head.pathStart = start;
  head.pathLength = at - start;
  head.hasQuery = at < end;
  head.queryStart = at < end ? at + 1 : at;
  head.queryLength = end - head.queryStart;
}

/** `http://authority` and the rest, RFC 9112 section 3.2.2. */
function readAbsolute(head: RequestHead, start: number, end: number): number {
  const { buf } = head.fields;
  let at = start;
  for (let i = 0; i < HTTP.length; i++, at++) {
    if (at >= end || LOWER_CASE[buf[at]!] !== HTTP[i]) return problems.badTarget.code;
  }
  const secure = at < end && LOWER_CASE[buf[at]!] === 0x73;
  if (secure) at++;
  if (at + 3 > end || buf[at] !== COLON || buf[at + 1] !== SLASH || buf[at + 2] !== SLASH) {
    return problems.badTarget.code;
  }
  at += 3;
  const authorityStart = at;
  while (at < end && buf[at] !== SLASH && buf[at] !== QUESTION) at++;
  if (readAuthority(head, authorityStart, at) !== 0) return problems.badTarget.code;
  head.form = TargetForm.absolute;
  head.secure = secure;
  readOrigin(head, at, end);
  return 0;
}
