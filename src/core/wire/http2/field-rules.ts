/**
 * What holds for the fields of every head and of trailers in HTTP/2: RFC 9113, 8.2.
 */
import { FieldId } from '../http/index.ts';
import type { HpackDecoder } from './hpack/decoder.ts';
import { MARK_ID, Mark } from './hpack/marks.ts';
import type { Http2Problem } from './problems.ts';

/** Digits of the longest Content-Length that is an exact number. */
const LENGTH_DIGITS_MAX = 15;
const TRAILERS = Buffer.from('trailers', 'latin1');

/** What a regular field at the decoder breaks; null for nearly all. */
export function fieldProblem(
  decoder: HpackDecoder,
  buf: Buffer,
  request: boolean,
): Http2Problem | null {
  const mark = decoder.mark;
  if ((mark & (Mark.badName | Mark.badValue)) !== 0) {
    return (mark & Mark.badName) !== 0 ? 'bad-field-name' : 'bad-field-value';
  }
  switch (mark & MARK_ID) {
    case FieldId.connection:
    case FieldId.keepAlive:
    case FieldId.proxyConnection:
    case FieldId.transferEncoding:
    case FieldId.upgrade:
    case FieldId.http2Settings:
      return 'connection-field';
    case FieldId.te:
      if (!request) return 'connection-field';
      return isTrailers(decoder, buf) ? null : 'bad-te';
    default:
      return null;
  }
}

/** The value of Content-Length at the decoder, -1 when it is no number. */
export function lengthOf(decoder: HpackDecoder, buf: Buffer): number {
  const { valueStart, valueLength } = decoder;
  if (valueLength === 0 || valueLength > LENGTH_DIGITS_MAX) return -1;
  let value = 0;
  for (let i = valueStart; i < valueStart + valueLength; i++) {
    const digit = buf[i]! - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isTrailers({ valueStart, valueLength }: HpackDecoder, buf: Buffer): boolean {
  return (
    valueLength === TRAILERS.length &&
    TRAILERS.compare(buf, valueStart, valueStart + valueLength) === 0
  );
}
