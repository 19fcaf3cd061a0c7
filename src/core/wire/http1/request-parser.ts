/**
 * The head of a request, from bytes to offsets and what they mean. RFC 9112.
 *
 * Promises: one pass over the bytes, no strings, no allocation; what is accepted can be forwarded without
 * another look, because no server reads it in another way: every leniency of RFC 9112 that servers have
 * been fooled with is refused with a named problem. tests/fuzz/http holds it against Node's own parser.
 * Hot: bench/http-parse.ts.
 */

import { readAuthority } from '../http/authority.ts';
import { FieldId } from '../http/field-ids.ts';
import { FIELD_STRIDE } from '../http/fields.ts';
import { BodyKind, Version } from '../http/message-head.ts';
import { MethodId } from '../http/methods.ts';
import { problems } from '../http/problems.ts';
import { type RequestHead, TargetForm } from '../http/request-head.ts';
import { parseFieldLines } from './field-lines.ts';
import { readFraming } from './framing.ts';
import type { HeadLimits } from './limits.ts';
import { parseRequestLine, skipEmptyLines } from './request-line.ts';

const CONTINUE = Buffer.from('100-continue', 'latin1');

/**
 * Reads the head that begins at `start` of `buf`; bytes from `end` on are not looked at. The head borrows
 * `buf`.
 *
 * @returns bytes consumed, empty lines before the head included (> 0, and the head is complete); 0 when its
 * end has not come yet; negative: the code of a problem. In the last two cases the head means nothing.
 */
export function parseRequestHead(
  head: RequestHead,
  buf: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
): number {
  const first = skipEmptyLines(buf, start, end);
  if (first < 0) return first;
  head.reset();
  const { fields } = head;
  fields.buf = buf;
  fields.lines = true;
  const last = Math.min(end, first + limits.headBytes);
  let at = parseRequestLine(head, buf, first, last, limits.targetBytes);
  if (at > 0) at = parseFieldLines(fields, buf, at, last, limits.fieldsMax);
  if (at <= 0) {
    return at === 0 && end - first >= limits.headBytes ? problems.headTooLarge.code : at;
  }
  head.start = first;
  head.end = at;
  const problem = interpret(head, limits.ignoresExpectations === true);
  return problem === 0 ? at - start : problem;
}

/** What the fields say together, once all are there. Returns 0 or a problem. */
function interpret(head: RequestHead, ignoresExpectations: boolean): number {
  const problem = readFraming(head);
  if (problem !== 0) return problem;
  const hasBody = head.body !== BodyKind.none;
  // RFC 9110 sections 9.3.6 and 9.3.8: CONNECT and TRACE have no content.
  if (hasBody && (head.method === MethodId.connect || head.method === MethodId.trace)) {
    return problems.bodyNotAllowed.code;
  }
  return readHost(head) || readExpectation(head, ignoresExpectations);
}

/**
 * RFC 9112 section 3.2: exactly one valid Host in HTTP/1.1, none twice in any version. Section 3.2.2: the
 * authority of the target wins over it, so the field then gets that one.
 */
function readHost(head: RequestHead): number {
  const { fields } = head;
  const index = fields.find(FieldId.host);
  const ofTarget = head.form === TargetForm.absolute || head.form === TargetForm.authority;
  if (index === -1) return head.version === Version.http10 ? 0 : problems.missingHost.code;
  if (fields.find(FieldId.host, index + 1) !== -1) return problems.repeatedHost.code;
  const row = index * FIELD_STRIDE;
  const { at } = fields;
  const start = at[row + 2]!;
  const end = start + at[row + 3]!;
  if (!ofTarget) return readAuthority(head, start, end);
  const { authorityStart, authorityLength } = head;
  if (readAuthority(head, start, end) !== 0) return problems.badHost.code;
  at[row + 2] = authorityStart;
  at[row + 3] = authorityLength;
  return readAuthority(head, authorityStart, authorityStart + authorityLength);
}

/** RFC 9110 section 10.1.1: one expectation is known, 417 may answer others; HTTP/1.0 has none. */
function readExpectation(head: RequestHead, ignoresOthers: boolean): number {
  const { fields } = head;
  if (head.version === Version.http10) return 0;
  for (let i = fields.find(FieldId.expect); i !== -1; i = fields.find(FieldId.expect, i + 1)) {
    if (fields.valueIs(i, CONTINUE)) head.expectContinue = true;
    else if (!ignoresOthers) return problems.badExpectation.code;
  }
  return 0;
}
