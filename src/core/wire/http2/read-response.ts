/**
 * Fills a `ResponseHead`, or the fields of trailers, from a header block: RFC 9113, 8.1 and 8.3.2.
 *
 * As in read-request.ts, the block is read to its end whatever is wrong.
 */
import {
  BodyKind,
  FieldId,
  type Fields,
  isBodiless,
  type ResponseHead,
  sieveTrailers,
  Version,
} from '../http/index.ts';
import { fieldProblem, lengthOf } from './field-rules.ts';
import { type HpackDecoder, Step } from './hpack/decoder.ts';
import { ENTRY_OVERHEAD } from './hpack/dynamic-table.ts';
import { MARK_ID, Mark, Pseudo } from './hpack/marks.ts';
import type { Scratch } from './hpack/scratch.ts';
import type { Http2Limits } from './limits.ts';
import type { Http2Problem } from './problems.ts';

const STATUS_DIGITS = 3;

/**
 * Reads the block that `decoder` has begun. `end`: the stream ends with it; `toHead`: it answers HEAD.
 * Null when all is well.
 */
export function readResponse(
  decoder: HpackDecoder,
  scratch: Scratch,
  head: ResponseHead,
  limits: Http2Limits,
  end: boolean,
  toHead: boolean,
): Http2Problem | null {
  head.reset();
  head.version = Version.http2;
  const fields = head.fields;
  let problem: Http2Problem | null = null;
  let size = 0;
  let count = 0;
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
      if (fields.count > 0) problem = 'late-pseudo-field';
      else if ((mark & MARK_ID) !== Pseudo.status) problem = 'unknown-pseudo-field';
      else if (head.status !== 0) problem = 'double-pseudo-field';
      else if (valueLength !== STATUS_DIGITS) problem = 'bad-status';
      else {
        head.status = lengthOf(decoder, scratch.buf);
        // 8.6: there is no 101 in HTTP/2.
        if (head.status < 100 || head.status > 599 || head.status === 101) problem = 'bad-status';
      }
    } else {
      problem = fieldProblem(decoder, scratch.buf, false);
      const id = mark & MARK_ID;
      if (id === FieldId.contentLength) {
        if (head.contentLength !== -1) problem = 'bad-content-length';
        head.contentLength = lengthOf(decoder, scratch.buf);
        if (head.contentLength === -1) problem = 'bad-content-length';
      }
      if ((mark & Mark.never) !== 0) fields.markSecret(fields.count);
      fields.push(nameStart, nameLength, valueStart, valueLength, id);
    }
    if (problem !== null) decoder.discard();
  }
  if (problem !== null) return problem;
  if (head.status === 0) return 'missing-pseudo-field';
  fields.buf = scratch.buf;
  head.end = decoder.used;
  const bodiless = toHead || isBodiless(head.status);
  if (!end && !bodiless) {
    head.body = head.contentLength === -1 ? BodyKind.stream : BodyKind.length;
  } else if (end && !bodiless && head.contentLength > 0) {
    return 'length-mismatch';
  }
  return null;
}

/** Reads trailers: fields only, none of which frames or routes (8.1). */
export function readTrailers(
  decoder: HpackDecoder,
  scratch: Scratch,
  fields: Fields,
  limits: Http2Limits,
): Http2Problem | null {
  fields.reset();
  let problem: Http2Problem | null = null;
  let size = 0;
  for (;;) {
    const step = decoder.next();
    if (step === Step.end) break;
    if (step === Step.error) return 'bad-compression';
    if (problem !== null) continue;
    const mark = decoder.mark;
    const { nameStart, nameLength, valueStart, valueLength } = decoder;
    size += nameLength + valueLength + ENTRY_OVERHEAD;
    if (size > limits.headBytesMax || fields.count >= limits.fieldsMax) problem = 'head-too-large';
    else if ((mark & Mark.pseudo) !== 0) problem = 'unknown-pseudo-field';
    else {
      problem = fieldProblem(decoder, scratch.buf, false);
      if ((mark & Mark.never) !== 0) fields.markSecret(fields.count);
      fields.push(nameStart, nameLength, valueStart, valueLength, mark & MARK_ID);
    }
    if (problem !== null) decoder.discard();
  }
  if (problem !== null) return problem;
  fields.buf = scratch.buf;
  return sieveTrailers(fields) === 0 ? null : 'bad-trailer';
}

/** Reads a block that nobody wants, for the sake of the table. False: it cannot be decompressed. */
export function skipBlock(decoder: HpackDecoder): boolean {
  decoder.discard();
  for (;;) {
    const step = decoder.next();
    if (step === Step.end) return true;
    if (step === Step.error) return false;
  }
}
