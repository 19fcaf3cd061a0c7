/**
 * Splits a master's stream into its commands and counts its bytes: the replication offset.
 *
 *     between --first byte of a command--> inside --its last byte--> between
 *     between, inside --bytes that are no command--> broken
 *
 * | state   | whole command              | part of one       | bytes that are none |
 * | ------- | -------------------------- | ----------------- | ------------------- |
 * | between | between, told              | inside, held      | broken              |
 * | inside  | between, told              | inside, held      | broken              |
 * | broken  | broken                     | broken            | broken              |
 *
 * Memory: the largest command. What is told are views that last for the call.
 */
import { type Args, Parsed, RespParser } from '../../core/wire/index.ts';

/** What one command may be: as much as a server with any settings may have taken from a client. */
const LIMITS = {
  argsMax: 2 ** 30,
  bulkBytesMax: 1024 * 1024 * 1024,
  lineBytesMax: 64 * 1024,
};

/** A command, its bytes as they came, and the offset behind it. */
export type TellCommand = (args: Args, raw: Buffer, endOffset: number) => void;

export class StreamSplitter {
  /** Offset behind the last whole command. */
  offset: number;
  /** Why the stream can not be understood any further; empty as long as it can. */
  error = '';
  private readonly parser = new RespParser(LIMITS);
  private readonly tell: TellCommand;
  private held: Buffer = NOTHING;
  private heldBytes = 0;

  constructor(offset: number, tell: TellCommand) {
    this.offset = offset;
    this.tell = tell;
  }

  /** Bytes that came and are not a whole command yet. */
  get pendingBytes(): number {
    return this.heldBytes;
  }

  push(chunk: Buffer): void {
    if (this.error !== '') return;
    if (this.heldBytes === 0) {
      this.keep(chunk, this.split(chunk, chunk.length));
      return;
    }
    this.hold(chunk);
    if (this.heldBytes < this.parser.needed) return;
    const { held, heldBytes } = this;
    const from = this.split(held, heldBytes);
    held.copy(held, 0, from, heldBytes);
    this.heldBytes = heldBytes - from;
    if (this.heldBytes === 0) this.held = NOTHING;
  }

  /** Forgets a command that came in part: it comes again, whole, after a new PSYNC. */
  dropPartial(): void {
    this.parser.reset();
    this.held = NOTHING;
    this.heldBytes = 0;
  }

  /** Tells the whole commands of `bytes[0, end)`; returns where the first other byte is. */
  private split(bytes: Buffer, end: number): number {
    let at = 0;
    while (at < end) {
      const found = this.parser.parse(bytes, at, end);
      if (found === Parsed.more) break;
      if (found === Parsed.error) {
        this.error = this.parser.error;
        return end;
      }
      const { next } = this.parser;
      this.offset += next - at;
      this.tell(this.parser.args, bytes.subarray(at, next), this.offset);
      at = next;
    }
    return at;
  }

  private keep(chunk: Buffer, from: number): void {
    if (from < chunk.length) this.hold(chunk.subarray(from));
  }

  private hold(bytes: Buffer): void {
    const size = this.heldBytes + bytes.length;
    if (size > this.held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.heldBytes));
      this.held.copy(grown, 0, 0, this.heldBytes);
      this.held = grown;
    }
    bytes.copy(this.held, this.heldBytes);
    this.heldBytes = size;
  }
}

const NOTHING = Buffer.alloc(0);
