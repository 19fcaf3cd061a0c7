/**
 * What an unfinished request needs, kept for the next one.
 *
 * Of values of 10 KiB every twelfth is cut by the end of a read, and each such request would take a
 * buffer and a parser of its own: 17 KiB outside the heap, of which the garbage collector is told, so
 * that it marked the whole heap every 50,000 commands (docs/decisions/0011).
 *
 * Nothing points into a buffer that is given back: commands copy what they keep, because most requests
 * stand in the read buffer of all connections.
 */
import { type ParserLimits, RespParser } from '../../core/wire/index.ts';

/** Bytes of the buffers that are kept, the first size of an unfinished request's. */
export const SPARE_INPUT_BYTES = 16 * 1024;
const SPARES_MAX = 64;
/** A parser that had to take more arguments has grown too large to be kept. */
const ARGUMENTS_MAX = 64;
const NOTHING = Buffer.alloc(0);

export class SpareInputs {
  private readonly buffers: Buffer[] = [];
  private readonly parsers: RespParser[] = [];
  private readonly limits: ParserLimits;

  constructor(limits: ParserLimits) {
    this.limits = limits;
  }

  /** A buffer of SPARE_INPUT_BYTES if one is at hand. */
  takeBuffer(): Buffer | undefined {
    return this.buffers.pop();
  }

  giveBuffer(buffer: Buffer): void {
    if (buffer.length === SPARE_INPUT_BYTES && this.buffers.length < SPARES_MAX) {
      this.buffers.push(buffer);
    }
  }

  /** A parser between requests. */
  takeParser(): RespParser {
    return this.parsers.pop() ?? new RespParser(this.limits);
  }

  giveParser(parser: RespParser): void {
    const { args } = parser;
    if (args.starts.length > ARGUMENTS_MAX || this.parsers.length >= SPARES_MAX) return;
    parser.reset();
    parser.needed = 0;
    args.buf = NOTHING;
    args.count = 0;
    this.parsers.push(parser);
  }
}
