/**
 * Where the body of a message ends, and whether its connection lives on: Content-Length,
 * Transfer-Encoding, Connection, Upgrade. RFC 9112 sections 6, 7 and 9; RFC 9110 sections 7.6.1, 7.8 and 8.6.
 *
 * Stricter than the text where servers are known to differ: a Content-Length that is repeated, even with the
 * same value, or given beside a Transfer-Encoding is refused, as is any Transfer-Encoding but one
 * `chunked`.
 */
import { FieldId, FRAMING_LAST, fieldIdOf } from '../http/field-ids.ts';
import { FIELD_STRIDE, type Fields, offsetIn } from '../http/fields.ts';
import { HT, isDigit, LOWER_CASE, SP } from '../http/grammar.ts';
import { BodyKind, type MessageHead, Version } from '../http/message-head.ts';
import { problems } from '../http/problems.ts';
import { TokenList } from '../http/tokens.ts';

const CHUNKED = Buffer.from('chunked', 'latin1');
const CLOSE = Buffer.from('close', 'latin1');
const KEEP_ALIVE = Buffer.from('keep-alive', 'latin1');
const UPGRADE = Buffer.from('upgrade', 'latin1');
/** Digits of Number.MAX_SAFE_INTEGER. */
const LENGTH_DIGITS_MAX = 16;

const tokens = new TokenList();
/** Options met in the Connection fields of the head being read. */
let close = false;
let keepAlive = false;
let upgrade = false;

/**
 * Reads the framing of the body as the fields give it, and the fate of the connection, into the head:
 * `contentLength`, `body` (none, length or chunked), `keepAlive`, `upgrade`, `named`. Returns 0 or a
 * problem.
 */
export function readFraming(head: MessageHead): number {
  const { fields } = head;
  const { at, count } = fields;
  let length = -1;
  let coding = -1;
  let upgradeField = false;
  close = false;
  keepAlive = false;
  upgrade = false;
  for (let i = 0; i < count; i++) {
    const id = at[i * FIELD_STRIDE + 4]!;
    if (id > FRAMING_LAST || id === FieldId.other) continue;
    if (id === FieldId.contentLength) {
      if (length !== -1) return problems.repeatedContentLength.code;
      length = i;
    } else if (id === FieldId.transferEncoding) {
      if (coding !== -1) return problems.badTransferEncoding.code;
      coding = i;
    } else if (id === FieldId.connection) {
      const problem = readConnection(head, i);
      if (problem !== 0) return problem;
    } else if (id === FieldId.upgrade) {
      upgradeField = fields.valueLength(i) > 0;
    }
  }
  const old = head.version === Version.http10;
  head.keepAlive = !close && (!old || keepAlive);
  // RFC 9110 section 7.8: a server ignores Upgrade in HTTP/1.0, and without the connection option.
  head.upgrade = upgrade && upgradeField && !old;
  if (coding !== -1) {
    if (old) return problems.transferEncodingInOldVersion.code;
    if (length !== -1) return problems.bothLengths.code;
    head.body = BodyKind.chunked;
    if (endsWithTab(fields, coding)) return problems.badTransferEncoding.code;
    return fields.valueIs(coding, CHUNKED) ? 0 : codingProblem(fields, coding);
  }
  if (length === -1) return 0;
  const bytes = readLength(fields, length);
  if (bytes === -1) return problems.badContentLength.code;
  head.contentLength = bytes;
  if (bytes > 0) head.body = BodyKind.length;
  return 0;
}

/**
 * Whether a tab stands between a value and the end of its line. That is allowed, but llhttp does not see `chunked`
 * in front of one: whoever finds another end of a body than its neighbour lets requests through.
 */
function endsWithTab(fields: Fields, index: number): boolean {
  if (!fields.lines) return false;
  const row = index * FIELD_STRIDE;
  const { buf, at } = fields;
  let i = at[row + 2]! + at[row + 3]!;
  while (buf[i] === SP) i++;
  return buf[i] === HT;
}

/** The number in a Content-Length, -1 when it is none that can be counted to. RFC 9110 section 8.6. */
function readLength(fields: Fields, index: number): number {
  const row = index * FIELD_STRIDE;
  const digits = fields.at[row + 3]!;
  if (digits === 0 || digits > LENGTH_DIGITS_MAX) return -1;
  const offset = fields.at[row + 2]!;
  const buf = fields.bytesAt(offset);
  const start = offsetIn(offset);
  let bytes = 0;
  for (let i = start; i < start + digits; i++) {
    const byte = buf[i]!;
    if (!isDigit(byte)) return -1;
    bytes = bytes * 10 + (byte - 0x30);
  }
  return bytes <= Number.MAX_SAFE_INTEGER ? bytes : -1;
}

/**
 * RFC 9112 section 6.1 wants 501 for codings that are not known, section 6.3 wants 400 when the last one
 * is not chunked, since then nobody knows where the request ends.
 */
function codingProblem(fields: Fields, index: number): number {
  let others = 0;
  let chunked = 0;
  let last = false;
  tokens.open(fields, index);
  while (tokens.next()) {
    last = tokens.is(CHUNKED);
    if (last) chunked++;
    else others++;
  }
  const known = !tokens.broken && last && chunked === 1 && others > 0;
  return known ? problems.unknownTransferCoding.code : problems.badTransferEncoding.code;
}

function readConnection(head: MessageHead, index: number): number {
  const { fields } = head;
  // The lists that nearly every message has.
  if (fields.valueIs(index, KEEP_ALIVE)) {
    keepAlive = true;
    return 0;
  }
  if (fields.valueIs(index, CLOSE)) {
    close = true;
    return 0;
  }
  tokens.open(fields, index);
  while (tokens.next()) {
    if (tokens.is(KEEP_ALIVE)) keepAlive = true;
    else if (tokens.is(CLOSE)) close = true;
    else if (tokens.is(UPGRADE)) upgrade = true;
    else {
      const problem = nameField(head);
      if (problem !== 0) return problem;
    }
  }
  return tokens.broken ? problems.badConnection.code : 0;
}

/** Notes the fields that have the name of the connection option just met. */
function nameField(head: MessageHead): number {
  const { buf, start, length } = tokens;
  const id = fieldIdOf(buf, start, length);
  // Their removal would change whose message it is and where it ends.
  if (id === FieldId.host || id === FieldId.contentLength) return problems.badConnection.code;
  if (id === FieldId.transferEncoding) return 0;
  const { fields } = head;
  for (let i = 0; i < fields.count; i++) {
    const same = id === FieldId.other ? sameName(fields, i, tokens) : fields.id(i) === id;
    if (same && !head.addNamed(i)) return problems.badConnection.code;
  }
  return 0;
}

/** Whether a field has the name that the list is at. */
function sameName(fields: Fields, index: number, { buf, start, length }: TokenList): boolean {
  if (fields.at[index * FIELD_STRIDE + 1] !== length) return false;
  const offset = fields.at[index * FIELD_STRIDE]!;
  const name = fields.bytesAt(offset);
  const nameStart = offsetIn(offset);
  for (let i = 0; i < length; i++) {
    if (LOWER_CASE[name[nameStart + i]!] !== LOWER_CASE[buf[start + i]!]) return false;
  }
  return true;
}
