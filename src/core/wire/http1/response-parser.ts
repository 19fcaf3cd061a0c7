/**
 * The head of an upstream server's response. RFC 9112 sections 4 and 6.3.
 *
 * As strict as for requests: what comes from a server that was made to say something else than it means
 * ends on a client. Everything refused here is answered with 502.
 */
import { FieldId } from '../http/field-ids.ts';
import { CR, isDigit, LF, SP, VALUE_BYTE } from '../http/grammar.ts';
import { BodyKind, LENGTH_UNKNOWN, type Version } from '../http/message-head.ts';
import { MethodId } from '../http/methods.ts';
import { problems } from '../http/problems.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { isBodiless } from '../http/status.ts';
import { parseFieldLines } from './field-lines.ts';
import { readFraming } from './framing.ts';
import type { HeadLimits } from './limits.ts';
import { byteProblem } from './request-line.ts';
import { readVersion, VERSION_BYTES } from './version.ts';

/** Version, space and three digits. */
const STATUS_BYTES = VERSION_BYTES + 4;

/**
 * Reads the head that begins at `start` of `buf`; the method of its request decides on the body. The head
 * borrows `buf`. `limits.targetBytes` has no meaning here.
 *
 * @returns bytes consumed (> 0); 0 when the end has not come yet; negative: the code of a problem.
 */
export function parseResponseHead(
  head: ResponseHead,
  buf: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
  requestMethod: MethodId,
): number {
  head.reset();
  const { fields } = head;
  fields.buf = buf;
  fields.lines = true;
  const last = Math.min(end, start + limits.headBytes);
  let at = parseStatusLine(head, buf, start, last);
  if (at > 0) at = parseFieldLines(fields, buf, at, last, limits.fieldsMax);
  if (at <= 0) {
    return at === 0 && end - start >= limits.headBytes ? problems.headTooLarge.code : at;
  }
  head.start = start;
  head.end = at;
  const problem = interpret(head, requestMethod);
  return problem === 0 ? at - start : problem;
}

/** As `parseRequestLine`. The space behind the status may be missing when the reason is, as some servers do. */
function parseStatusLine(head: ResponseHead, buf: Buffer, start: number, end: number): number {
  const version = readVersion(buf, start, end);
  if (version <= 0) return version;
  head.version = version as Version;
  let at = start + VERSION_BYTES;
  if (at < end && buf[at] !== SP) return byteProblem(buf, at, end, problems.badStatusLine.code);
  let status = 0;
  for (at++; at < end && at < start + STATUS_BYTES; at++) {
    const byte = buf[at]!;
    if (!isDigit(byte)) return byteProblem(buf, at, end, problems.badStatusLine.code);
    status = status * 10 + byte - 0x30;
  }
  if (at >= end) return 0;
  if (status < 100 || status > 599) return problems.badStatus.code;
  head.status = status;
  if (buf[at] === SP) at++;
  else if (buf[at] !== CR) return byteProblem(buf, at, end, problems.badStatusLine.code);
  const reasonStart = at;
  while (at < end && VALUE_BYTE[buf[at]!] !== 0) at++;
  if (at === end) return 0;
  if (buf[at] !== CR) return byteProblem(buf, at, end, problems.badStatusLine.code);
  if (at + 1 === end) return 0;
  if (buf[at + 1] !== LF) return problems.bareCr.code;
  head.reasonStart = reasonStart;
  head.reasonLength = at - reasonStart;
  return at + 2;
}

/** RFC 9112 section 6.3, in its order. Returns 0 or a problem. */
function interpret(head: ResponseHead, requestMethod: MethodId): number {
  const { fields, status } = head;
  const problem = readFraming(head);
  if (problem !== 0) return problem;
  const tunnel = requestMethod === MethodId.connect && status >= 200 && status < 300;
  // RFC 9110 sections 7.8 and 15.2.2: 101 says what is switched to.
  if (status === 101 && !head.upgrade) return problems.badSwitch.code;
  if (tunnel || status === 101) {
    // RFC 9110 section 9.3.6: whatever the length fields of a tunnel say is ignored, so nobody shall see them.
    fields.removeAll(FieldId.contentLength);
    fields.removeAll(FieldId.transferEncoding);
    head.body = BodyKind.none;
    head.contentLength = LENGTH_UNKNOWN;
    head.upgrade = true;
    head.keepAlive = false;
    return 0;
  }
  head.upgrade = false;
  if (isBodiless(status) && status !== 304) {
    // RFC 9110 section 8.6 forbids them here; a length of 0 is common and does no harm.
    if (head.body !== BodyKind.none) return problems.bodyNotAllowed.code;
    fields.removeAll(FieldId.contentLength);
    head.contentLength = LENGTH_UNKNOWN;
    return 0;
  }
  if (requestMethod === MethodId.head || status === 304) {
    head.body = BodyKind.none;
    return 0;
  }
  if (head.body === BodyKind.none && head.contentLength === LENGTH_UNKNOWN) {
    head.body = BodyKind.untilClose;
    head.keepAlive = false;
  }
  return 0;
}
