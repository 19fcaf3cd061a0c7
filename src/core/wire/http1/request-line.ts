/**
 * The request line: method, target and version with one space between. RFC 9112 section 3.
 *
 * Hot: bench/http-parse.ts.
 */
import { CR, LF, METHOD_BYTE, SP } from '../http/grammar.ts';
import type { Version } from '../http/message-head.ts';
import { METHOD_BYTES_MAX, MethodId, methodIdOf } from '../http/methods.ts';
import { problems } from '../http/problems.ts';
import type { RequestHead } from '../http/request-head.ts';
import { readTarget, targetEndOf } from '../http/target.ts';
import { EMPTY_LINES_MAX } from './limits.ts';
import { readVersion, VERSION_BYTES } from './version.ts';

/** PRI is no method: RFC 9113 section 11.6 reserves it for the preface of HTTP/2, so that nobody takes one for the other. */
function isPri(buf: Buffer, start: number, length: number): boolean {
  return length === 3 && buf[start] === 0x50 && buf[start + 1] === 0x52 && buf[start + 2] === 0x49;
}

/**
 * Where the request line begins behind the few empty lines that may stand before it (RFC 9112 section 2.2),
 * or a problem (negative). When there is nothing else yet, `end`, or the place of a CR whose LF has not come.
 */
export function skipEmptyLines(buf: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buf[at] === CR) {
    if (at + 1 === end) return at;
    if (buf[at + 1] !== LF) return problems.bareCr.code;
    if (at - start >= EMPTY_LINES_MAX * 2) return problems.emptyLines.code;
    at += 2;
  }
  return at;
}

/**
 * Reads the line at `start` into the head.
 *
 * @returns where the byte behind the line is; 0 when its end has not come yet; negative: a problem.
 */
export function parseRequestLine(
  head: RequestHead,
  buf: Buffer,
  start: number,
  end: number,
  targetBytes: number,
): number {
  let at = start;
  while (at < end && METHOD_BYTE[buf[at]!] !== 0) at++;
  const methodLength = at - start;
  if (methodLength > METHOD_BYTES_MAX) return problems.methodTooLong.code;
  if (at === end) return 0;
  if (buf[at] !== SP || methodLength === 0) {
    return byteProblem(buf, at, end, problems.badMethod.code);
  }
  head.methodStart = start;
  head.methodLength = methodLength;
  head.method = methodIdOf(buf, start, methodLength);
  if (head.method === MethodId.other && isPri(buf, start, methodLength)) {
    return problems.versionNotSupported.code;
  }
  const targetStart = ++at;
  at = targetEndOf(buf, at, end);
  if (at - targetStart > targetBytes) return problems.targetTooLong.code;
  if (at === end) return 0;
  if (buf[at] !== SP) {
    // `GET /` and CRLF is HTTP/0.9.
    const other = buf[at] === CR ? problems.badRequestLine.code : problems.badTarget.code;
    return byteProblem(buf, at, end, other);
  }
  const problem = readTarget(head, targetStart, at);
  if (problem !== 0) return problem;
  at++;
  const version = readVersion(buf, at, end);
  if (version <= 0) return version;
  head.version = version as Version;
  at += VERSION_BYTES;
  if (at === end) return 0;
  if (buf[at] !== CR) return byteProblem(buf, at, end, problems.badRequestLine.code);
  if (at + 1 === end) return 0;
  return buf[at + 1] === LF ? at + 2 : problems.bareCr.code;
}

/** The problem of a byte that must not stand in a start line. */
export function byteProblem(buf: Buffer, at: number, end: number, other: number): number {
  switch (buf[at]) {
    case 0:
      return problems.nul.code;
    case LF:
      return problems.bareLf.code;
    case CR:
      // Whether it stands alone is not known before the next byte.
      if (at + 1 === end) return 0;
      return buf[at + 1] === LF ? other : problems.bareCr.code;
    default:
      return other;
  }
}
