/**
 * The elements of a comma-separated field, one after the other, without allocation.
 *
 *     tokens.open(fields, index);
 *     while (tokens.next()) if (tokens.is(CHUNKED)) ...
 *     if (tokens.broken) ...
 *
 * Strict: every element is one token (RFC 9110 section 5.6.2), blanks may surround it. Empty elements are
 * skipped, as RFC 9110 section 5.6.1.2 demands of a recipient, up to a bound. Anything else (parameters,
 * quoted strings) stops the walk and sets `broken`.
 */
import type { FieldId } from './field-ids.ts';
import { FIELD_STRIDE, type Fields, offsetIn } from './fields.ts';
import { COMMA, equalsIgnoringCase, HT, SP, TOKEN } from './grammar.ts';

/** Empty elements that one field may have. */
const EMPTY_ELEMENTS_MAX = 16;

export class TokenList {
  /** The field has something that is no list of tokens. */
  broken = false;
  /** The element met last: `start` and `length` in `buf`. */
  buf: Buffer = EMPTY;
  start = 0;
  length = 0;

  private at = 0;
  private end = 0;
  private empty = 0;

  /** Begins with the value of a field. */
  open(fields: Fields, index: number): void {
    const valueStart = fields.at[index * FIELD_STRIDE + 2]!;
    const start = offsetIn(valueStart);
    this.openBytes(fields.bytesAt(valueStart), start, start + fields.valueLength(index));
  }

  /** Begins with a range of bytes. */
  openBytes(buf: Buffer, start: number, end: number): void {
    this.buf = buf;
    this.at = start;
    this.end = end;
    this.empty = 0;
    this.broken = false;
  }

  /** Goes to the next element. False: there is none, or the list is `broken`. */
  next(): boolean {
    const { buf, end } = this;
    let { at } = this;
    for (;;) {
      while (at < end && isBlank(buf[at]!)) at++;
      if (at === end) {
        this.at = at;
        return false;
      }
      if (buf[at] !== COMMA) break;
      at++;
      if (++this.empty > EMPTY_ELEMENTS_MAX) return this.stop();
    }
    const start = at;
    while (at < end && TOKEN[buf[at]!] !== 0) at++;
    if (at === start) return this.stop();
    this.start = start;
    this.length = at - start;
    while (at < end && isBlank(buf[at]!)) at++;
    if (at < end && buf[at++] !== COMMA) return this.stop();
    this.at = at;
    return true;
  }

  /** Whether the element equals a word in small letters, without case. */
  is(lowerWord: Uint8Array): boolean {
    return equalsIgnoringCase(this.buf, this.start, this.length, lowerWord);
  }

  private stop(): false {
    this.broken = true;
    this.at = this.end;
    return false;
  }
}

/** Whether a list field with this id, which may stand on several lines, has this element. */
export function listHas(fields: Fields, id: FieldId, lowerWord: Uint8Array): boolean {
  for (let i = fields.find(id); i !== -1; i = fields.find(id, i + 1)) {
    shared.open(fields, i);
    while (shared.next()) if (shared.is(lowerWord)) return true;
  }
  return false;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

const EMPTY = Buffer.alloc(0);
const shared = new TokenList();
