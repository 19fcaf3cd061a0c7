/**
 * Another path for the server: the prefix replaced, the whole path replaced, or put together from the groups of a
 * pattern.
 *
 * Promises: the query stays; what stands behind a prefix stays as it was received, where the prefix did; the
 * new path begins with one slash, since `//` would begin a host where somebody takes it for a reference
 * (RFC 3986 section 4.2), and has no dot-segment, whatever the groups held.
 */
import { offsetIn, type RequestHead, TargetForm } from '../../core/wire/index.ts';
import { SLASH, strictForm } from './normal-path.ts';
import { sentPathOf, targetBytes } from './path-text.ts';
import type { Pattern } from './pattern.ts';

const QUESTION = 0x3f;
const DOLLAR = 0x24;
const EMPTY = Buffer.alloc(0);

/** Bytes that a rewritten target may have; a longer one is refused. */
const TARGET_BYTES_MAX = 32 * 1024;
/** The new target, and the path in its strict form; both hold until the next rewriting. */
const made = Buffer.alloc(TARGET_BYTES_MAX);
const checked = Buffer.alloc(TARGET_BYTES_MAX);
const form = Buffer.alloc(TARGET_BYTES_MAX);

/** Gives the request its new path. False when there is none that may be sent. */
export type PathRewriting = (request: RequestHead) => boolean;

/** Replaces a prefix, which the request's path has. Both are in their forms, without a slash at the end. */
export function prefixRewriting(prefix: Buffer, replacement: Buffer): PathRewriting {
  return (request) => {
    const buf = request.fields.bytesAt(request.pathStart);
    const start = offsetIn(request.pathStart);
    if (beginsWith(buf, start, request.pathLength, prefix)) {
      const from = start + prefix.length;
      return setPath(request, replacement, buf, from, start + request.pathLength);
    }
    // The prefix was spelt otherwise: only the form says where it ends.
    const length = formOf(request);
    if (length < 0 || !beginsWith(form, 0, length, prefix)) return false;
    return setPath(request, replacement, form, prefix.length, length);
  };
}

/** Replaces the whole path. */
export function pathRewriting(path: Buffer): PathRewriting {
  return (request) => setPath(request, path, EMPTY, 0, 0);
}

/** Puts a path together from bytes and groups of a pattern, which the request's path matches. */
export function patternRewriting(
  pattern: Pattern,
  parts: readonly (Buffer | number)[],
): PathRewriting {
  return (request) => {
    const length = formOf(request);
    const positions = length < 0 ? undefined : pattern.positions(form, 0, length);
    if (positions === undefined) return false;
    let to = 0;
    for (const part of parts) {
      const group = typeof part === 'number';
      const from = group ? form : part;
      const start = group ? positions[part * 2]! : 0;
      const end = group ? positions[part * 2 + 1]! : part.length;
      if (start < 0) continue;
      if (to + end - start > TARGET_BYTES_MAX) return false;
      to += from.copy(made, to, start, end);
    }
    const end = strictForm(made, 0, to, checked);
    return end > 0 && setPath(request, EMPTY, checked, 0, end);
  };
}

/** Reads `/new/$1`: bytes and numbers of groups; a text says what is wrong. `$$` is a dollar sign. */
export function templateOf(text: string, groups: number): (Buffer | number)[] | string {
  const plain = sentPathOf(text.replaceAll(/\$[\d$]/g, 'x'));
  if (typeof plain === 'string') return plain;
  const parts: (Buffer | number)[] = [];
  for (const part of text.split(/(\$[\d$])/)) {
    const group = part.length === 2 && part.charCodeAt(0) === DOLLAR ? part.slice(1) : '';
    if (group === '' || group === '$') {
      if (part !== '') parts.push(group === '$' ? Buffer.from('$') : targetBytes(part));
    } else if (Number(group) < 1 || Number(group) > groups) {
      return `has ${part}, and pattern has ${groups === 0 ? 'no groups' : `groups up to $${groups}`}`;
    } else parts.push(Number(group));
  }
  return parts;
}

function beginsWith(buf: Buffer, start: number, length: number, prefix: Buffer): boolean {
  if (length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (buf[start + i] !== prefix[i]) return false;
  return length === prefix.length || buf[start + prefix.length] === SLASH;
}

/** Writes the strict form of the request's path into `form`. */
function formOf(request: RequestHead): number {
  const buf = request.fields.bytesAt(request.pathStart);
  const start = offsetIn(request.pathStart);
  if (request.pathLength > form.length) return -1;
  if (request.pathLength > 0) return strictForm(buf, start, start + request.pathLength, form);
  form[0] = SLASH;
  return 1;
}

/** The new path: a beginning and the rest of another one; the query behind it. */
function setPath(
  request: RequestHead,
  beginning: Buffer,
  rest: Buffer,
  restStart: number,
  restEnd: number,
): boolean {
  if (request.form === TargetForm.asterisk || request.form === TargetForm.authority) return true;
  const { queryLength } = request;
  const bytes = beginning.length + restEnd - restStart + queryLength + 2;
  if (bytes > TARGET_BYTES_MAX) return false;
  let to = beginning.copy(made);
  let from = restStart;
  if (to === 0) made[to++] = SLASH;
  // One slash where the two meet, and one at the beginning.
  if (made[to - 1] === SLASH) while (from < restEnd && rest[from] === SLASH) from++;
  to += rest.copy(made, to, from, restEnd);
  if (request.hasQuery) {
    const query = request.fields.bytesAt(request.queryStart);
    const start = offsetIn(request.queryStart);
    made[to++] = QUESTION;
    to += query.copy(made, to, start, start + queryLength);
  }
  return request.setOrigin(made.subarray(0, to));
}
