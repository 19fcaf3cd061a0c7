/**
 * Fills a `RequestHead` from a header block: RFC 9113, 8.3.1 and 8.5, and RFC 8441.
 *
 * The head points into the decoder's scratch until `retain`. Whatever is wrong is found here, before
 * anybody sees the request; the block is read to its end all the same, so that the table stays right.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import { allIn, METHOD_BYTE, TOKEN } from '../http/grammar.ts';
import {
  BodyKind,
  equalsIgnoringCase,
  FIELD_STRIDE,
  FieldId,
  LOWER_CASE,
  METHOD_BYTES_MAX,
  MethodId,
  methodIdOf,
  type RequestHead,
  readAuthority,
  readTarget,
  TargetForm,
  targetEndOf,
  Version,
} from '../http/index.ts';
import { fieldProblem, lengthOf } from './field-rules.ts';
import { type HpackDecoder, Step } from './hpack/decoder.ts';
import { ENTRY_OVERHEAD } from './hpack/dynamic-table.ts';
import { MARK_ID, Mark, Pseudo } from './hpack/marks.ts';
import type { Scratch } from './hpack/scratch.ts';
import type { Http2Limits } from './limits.ts';
import type { Http2Problem } from './problems.ts';

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const HTTP = Buffer.from('http', 'latin1');
const HTTPS = Buffer.from('https', 'latin1');
const CONTINUE = Buffer.from('100-continue', 'latin1');
const PSEUDO_COUNT = 7;

/** Where the pseudo-fields of the request at hand lie, by `Pseudo`; a start of -1: not there. */
const starts = new Int32Array(PSEUDO_COUNT);
const lengths = new Int32Array(PSEUDO_COUNT);

/** Reads the block that `decoder` has begun. `end`: the stream ends with it. Null when all is well. */
export function readRequest(
  decoder: HpackDecoder,
  scratch: Scratch,
  head: RequestHead,
  limits: Http2Limits,
  end: boolean,
): Http2Problem | null {
  head.reset();
  head.version = Version.http2;
  const fields = head.fields;
  let problem: Http2Problem | null = null;
  let size = 0;
  let count = 0;
  let host = -1;
  let cookies = 0;
  starts.fill(-1);
  for (;;) {
    const step = decoder.next();
    if (step === Step.end) break;
    if (step === Step.error) return 'bad-compression';
    if (problem !== null) continue;
    const mark = decoder.mark;
    const { nameStart, nameLength, valueStart, valueLength } = decoder;
    size += nameLength + valueLength + ENTRY_OVERHEAD;
    if (size > limits.headBytesMax || ++count > limits.fieldsMax) {
      problem = 'head-too-large';
    } else if ((mark & Mark.pseudo) !== 0) {
      const pseudo = mark & MARK_ID;
      if (fields.count > 0) problem = 'late-pseudo-field';
      else if (pseudo === Pseudo.unknown || pseudo === Pseudo.status) {
        problem = 'unknown-pseudo-field';
      } else if (starts[pseudo] !== -1) problem = 'double-pseudo-field';
      if ((mark & Mark.never) !== 0) {
        if (pseudo === Pseudo.path) head.secretPath = true;
        else if (pseudo === Pseudo.authority) head.secretAuthority = true;
      }
      starts[pseudo] = valueStart;
      lengths[pseudo] = valueLength;
    } else {
      problem = fieldProblem(decoder, scratch.buf, true);
      const id = mark & MARK_ID;
      switch (id) {
        case FieldId.host:
          if (host !== -1) problem = 'host-differs';
          host = fields.count;
          break;
        case FieldId.contentLength:
          if (head.contentLength !== -1) problem = 'bad-content-length';
          head.contentLength = lengthOf(decoder, scratch.buf);
          if (head.contentLength === -1) problem = 'bad-content-length';
          break;
        case FieldId.cookie:
          cookies++;
          break;
        case FieldId.expect:
          head.expectContinue = equalsIgnoringCase(scratch.buf, valueStart, valueLength, CONTINUE);
          break;
      }
      if ((mark & Mark.never) !== 0) fields.markSecret(fields.count);
      fields.push(nameStart, nameLength, valueStart, valueLength, id);
    }
    if (problem !== null) decoder.discard();
  }
  if (problem !== null) return problem;
  if (cookies > 1) joinCookies(head, scratch, decoder);
  fields.buf = scratch.buf;
  head.end = decoder.used;
  problem = readPseudo(head, host, limits);
  if (problem !== null) return problem;
  if (!end) head.body = head.contentLength === -1 ? BodyKind.stream : BodyKind.length;
  else if (head.contentLength > 0) return 'length-mismatch';
  return null;
}

function readPseudo(head: RequestHead, host: number, limits: Http2Limits): Http2Problem | null {
  const { buf } = head.fields;
  const methodStart = starts[Pseudo.method]!;
  const methodLength = lengths[Pseudo.method]!;
  if (methodStart === -1) return 'missing-pseudo-field';
  if (methodLength === 0 || methodLength > METHOD_BYTES_MAX) return 'bad-method';
  if (!allIn(METHOD_BYTE, buf, methodStart, methodStart + methodLength)) return 'bad-method';
  head.method = methodIdOf(buf, methodStart, methodLength);
  head.methodStart = methodStart;
  head.methodLength = methodLength;

  const tunnel = starts[Pseudo.protocol] !== -1;
  if (tunnel && !(limits.connectProtocol && head.method === MethodId.connect)) {
    return 'unknown-pseudo-field';
  }
  if (head.method === MethodId.connect && !tunnel) return readConnect(head, host);

  const schemeStart = starts[Pseudo.scheme]!;
  const schemeLength = lengths[Pseudo.scheme]!;
  const pathStart = starts[Pseudo.path]!;
  const pathEnd = pathStart + lengths[Pseudo.path]!;
  if (schemeStart === -1 || pathStart === -1) return 'missing-pseudo-field';
  head.secure = equalsIgnoringCase(buf, schemeStart, schemeLength, HTTPS);
  if (!head.secure && !equalsIgnoringCase(buf, schemeStart, schemeLength, HTTP)) {
    return 'bad-scheme';
  }

  const first = pathStart === pathEnd ? 0 : buf[pathStart];
  if (first !== SLASH && first !== ASTERISK) return 'bad-path';
  if (targetEndOf(buf, pathStart, pathEnd) !== pathEnd) return 'bad-path';
  if (tunnel) {
    // RFC 8441, 4: such a CONNECT has a path as any other request.
    if (first !== SLASH) return 'bad-path';
    head.method = MethodId.get;
    readTarget(head, pathStart, pathEnd);
    head.method = MethodId.connect;
    head.upgrade = true;
    const protocol = starts[Pseudo.protocol]!;
    const value = buf.subarray(protocol, protocol + lengths[Pseudo.protocol]!);
    // What follows is the tunnel's, and no body with a length.
    if (value.length === 0 || head.contentLength !== -1) return 'bad-connect';
    if (!allIn(TOKEN, value, 0, value.length)) return 'bad-connect';
    if (!head.fields.addKnown(FieldId.upgrade, value)) return 'bad-connect';
  } else if (readTarget(head, pathStart, pathEnd) !== 0) {
    return 'bad-path';
  }
  return readHost(head, host);
}

/** 8.5: an authority with a port and nothing else. */
function readConnect(head: RequestHead, host: number): Http2Problem | null {
  const start = starts[Pseudo.authority]!;
  if (starts[Pseudo.scheme] !== -1 || starts[Pseudo.path] !== -1 || start === -1) {
    return 'bad-connect';
  }
  if (readTarget(head, start, start + lengths[Pseudo.authority]!) !== 0) return 'bad-authority';
  head.form = TargetForm.authority;
  return host === -1 || isSameHost(head, host) ? null : 'host-differs';
}

/** The authority, or the Host field in its place; if both, they must be one (8.3.1). */
function readHost(head: RequestHead, host: number): Http2Problem | null {
  const { fields } = head;
  let start = starts[Pseudo.authority]!;
  let length = lengths[Pseudo.authority]!;
  if (start === -1) {
    if (host === -1) return 'missing-pseudo-field';
    start = fields.at[host * FIELD_STRIDE + 2]!;
    length = fields.valueLength(host);
    return readAuthority(head, start, start + length) === 0 ? null : 'bad-authority';
  }
  if (readAuthority(head, start, start + length) !== 0) return 'bad-authority';
  return host === -1 || isSameHost(head, host) ? null : 'host-differs';
}

function isSameHost(head: RequestHead, host: number): boolean {
  const { buf, at } = head.fields;
  const length = head.fields.valueLength(host);
  if (length !== head.authorityLength) return false;
  const start = at[host * FIELD_STRIDE + 2]!;
  for (let i = 0; i < length; i++) {
    if (LOWER_CASE[buf[start + i]!] !== LOWER_CASE[buf[head.authorityStart + i]!]) return false;
  }
  return true;
}

/** 8.2.3: whoever leaves HTTP/2 needs one Cookie field. */
function joinCookies(head: RequestHead, scratch: Scratch, decoder: HpackDecoder): void {
  const { fields } = head;
  const start = decoder.used;
  let first = -1;
  for (let i = fields.find(FieldId.cookie); i !== -1; i = fields.find(FieldId.cookie, i + 1)) {
    const row = i * FIELD_STRIDE;
    const length = fields.at[row + 3]!;
    const buf = scratch.room(decoder.used, length + 2);
    if (first === -1) first = row;
    else {
      buf[decoder.used++] = 0x3b;
      buf[decoder.used++] = 0x20;
      fields.remove(i);
    }
    const from = fields.at[row + 2]!;
    buf.copyWithin(decoder.used, from, from + length);
    decoder.used += length;
  }
  fields.at[first + 2] = start;
  fields.at[first + 3] = decoder.used - start;
}
