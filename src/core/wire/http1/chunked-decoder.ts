/**
 * The body of a message in chunks: a machine over arriving bytes that finds the data without copying it.
 * RFC 9112 section 7.1.
 *
 *     size -> extension -> data -> data end -> size ... -> size 0 -> trailer section -> done
 *
 *     decoder.reset(limits);
 *     for (let at = start; ; at = decoder.at) {
 *       const step = decoder.step(buf, at, end);
 *       if (step === ChunkStep.data) take(buf, decoder.dataStart, decoder.dataEnd);
 *       else break;                         // more, done or a problem (negative)
 *     }
 *
 * Promises: no allocation for a chunk; sizes are hexadecimal digits and nothing else, at most 13 (2^52 - 1);
 * CRLF ends every line; chunk extensions are as in chunk-extension.ts, bounded over the whole body, and dropped;
 * trailers are as strict as fields, and `sieveTrailers` decides which stay.
 * Hot: bench/http-parse.ts.
 */

import { Fields } from '../http/fields.ts';
import { CR, HEX_VALUE, LF, SEMICOLON } from '../http/grammar.ts';
import { problems } from '../http/problems.ts';
import { sieveTrailers } from '../http/trailers.ts';
import { ExtensionState, mayEnd, nextExtensionState } from './chunk-extension.ts';
import { parseFieldLines } from './field-lines.ts';
import { HeadCollector } from './head-collector.ts';
import type { ChunkLimits } from './limits.ts';

/** What `step` found. Below zero: the code of a problem. */
export const ChunkStep = {
  /** All bytes were taken, the body goes on. */
  more: 0,
  /** Data of the body from `dataStart` to `dataEnd`. */
  data: 1,
  /** The body is over; `at` is the byte behind it. */
  done: 2,
} as const;

const State = {
  sizeFirst: 0,
  size: 1,
  sizeLf: 2,
  extension: 3,
  data: 4,
  dataCr: 5,
  dataLf: 6,
  trailerFirst: 7,
  trailerLf: 8,
  trailers: 9,
  done: 10,
} as const;

const SIZE_DIGITS_MAX = 13;

export class ChunkedDecoder {
  /** Where the next step goes on. */
  at = 0;
  dataStart = 0;
  dataEnd = 0;
  /** The fields of the trailer section once `done`, null without one. They live until `reset`. */
  trailers: Fields | null = null;
  /** Bytes of data found so far. */
  dataBytes = 0;

  private state: number = State.sizeFirst;
  private size = 0;
  private digits = 0;
  private extension: number = ExtensionState.nameFirst;
  private extensionBytes = 0;
  private limits: ChunkLimits | null = null;
  private section: TrailerSection | null = null;

  /** Begins with another body. */
  reset(limits: ChunkLimits): void {
    this.limits = limits;
    this.state = State.sizeFirst;
    this.size = 0;
    this.digits = 0;
    this.extensionBytes = 0;
    this.dataBytes = 0;
    this.trailers = null;
    this.section = null;
  }

  /** Goes on at `start`; bytes from `end` on are not looked at. See the drawing above. */
  step(buf: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case State.sizeFirst:
        case State.size: {
          at = this.readSize(buf, at, end);
          if (at < 0) return at;
          break;
        }
        case State.extension: {
          at = this.readExtension(buf, at, end);
          if (at < 0) return at;
          break;
        }
        case State.sizeLf:
          if (buf[at++] !== LF) return problems.bareCr.code;
          this.state = this.size === 0 ? State.trailerFirst : State.data;
          break;
        case State.data: {
          const length = Math.min(this.size, end - at);
          this.dataStart = at;
          this.dataEnd = at + length;
          this.dataBytes += length;
          this.size -= length;
          if (this.size === 0) this.state = State.dataCr;
          this.at = at + length;
          return ChunkStep.data;
        }
        case State.dataCr:
          if (buf[at] !== CR) return endProblem(buf[at]!);
          at++;
          this.state = State.dataLf;
          break;
        case State.dataLf:
          if (buf[at++] !== LF) return problems.bareCr.code;
          this.state = State.sizeFirst;
          break;
        case State.trailerFirst:
          if (buf[at] !== CR) {
            this.state = State.trailers;
            break;
          }
          at++;
          this.state = State.trailerLf;
          break;
        case State.trailerLf:
          if (buf[at++] !== LF) return problems.bareCr.code;
          this.at = at;
          this.state = State.done;
          return ChunkStep.done;
        case State.trailers:
          return this.readTrailers(buf, at, end);
        default:
          this.at = at;
          return ChunkStep.done;
      }
    }
    this.at = at;
    return this.state === State.done ? ChunkStep.done : ChunkStep.more;
  }

  /** Returns where it stopped, or a problem. */
  private readSize(buf: Buffer, start: number, end: number): number {
    let at = start;
    if (this.state === State.sizeFirst) {
      this.size = 0;
      this.digits = 0;
      this.state = State.size;
    }
    let { size, digits } = this;
    let digit = 255;
    while (at < end) {
      digit = HEX_VALUE[buf[at]!]!;
      if (digit === 255) break;
      if (++digits > SIZE_DIGITS_MAX) return problems.chunkTooLarge.code;
      size = size * 16 + digit;
      at++;
    }
    this.size = size;
    this.digits = digits;
    if (at === end) return at;
    const byte = buf[at]!;
    if (digits === 0) return lineProblem(byte, problems.badChunkSize.code);
    if (byte === CR) {
      this.state = State.sizeLf;
    } else if (byte === SEMICOLON) {
      this.state = State.extension;
      this.extension = ExtensionState.nameFirst;
      this.extensionBytes++;
    } else {
      return lineProblem(byte, problems.badChunkSize.code);
    }
    return at + 1;
  }

  private readExtension(buf: Buffer, start: number, end: number): number {
    const most = this.limits!.extensionBytes - this.extensionBytes;
    let at = start;
    let state = this.extension;
    while (at < end && buf[at] !== CR) {
      if (at - start >= most) return problems.chunkExtensionsTooLarge.code;
      state = nextExtensionState(state, buf[at]!);
      if (state === -1) return lineProblem(buf[at]!, problems.badChunkExtension.code);
      at++;
    }
    this.extensionBytes += at - start;
    this.extension = state;
    if (at === end) return at;
    if (!mayEnd(state)) return problems.badChunkExtension.code;
    this.state = State.sizeLf;
    return at + 1;
  }

  private readTrailers(buf: Buffer, start: number, end: number): number {
    this.section ??= new TrailerSection(this.limits!);
    const taken = this.section.collector.take(buf, start, end);
    if (taken < 0)
      return taken === problems.headTooLarge.code ? problems.trailersTooLarge.code : taken;
    if (taken === 0) {
      this.at = end;
      return ChunkStep.more;
    }
    this.at = start + taken;
    this.state = State.done;
    this.trailers = this.section.fields;
    return ChunkStep.done;
  }
}

/** Made only for the few bodies that have trailers. */
class TrailerSection {
  readonly fields: Fields = new Fields();
  readonly collector: HeadCollector;

  constructor(limits: ChunkLimits) {
    this.collector = new HeadCollector(limits.trailerBytes, (buf, start, end) =>
      parseTrailers(this.fields, buf, start, end, limits),
    );
  }
}

/**
 * Reads a whole trailer section, the empty line included, and removes what must not stand in one. Results as
 * of the parsers of heads.
 */
export function parseTrailers(
  fields: Fields,
  buf: Buffer,
  start: number,
  end: number,
  limits: ChunkLimits,
): number {
  fields.reset();
  fields.buf = buf;
  fields.lines = true;
  const last = Math.min(end, start + limits.trailerBytes);
  const at = parseFieldLines(fields, buf, start, last, limits.trailersMax);
  if (at <= 0) {
    return at === 0 && end - start >= limits.trailerBytes ? problems.trailersTooLarge.code : at;
  }
  return sieveTrailers(fields) || at - start;
}

/** The problem of a byte that must not stand in a line of the chunked coding. */
function lineProblem(byte: number, other: number): number {
  if (byte === 0) return problems.nul.code;
  return byte === LF ? problems.bareLf.code : other;
}

function endProblem(byte: number): number {
  return byte === LF ? problems.bareLf.code : problems.badChunkEnd.code;
}
