/**
 * The client's side of RESP: requests as arrays of bulk strings
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/), one by one or many small ones gathered
 * into one buffer that is sent as it is.
 *
 * Invariant: a buffer that was taken is never written to again.
 */
import { invariant } from '../../base/index.ts';

/** Text is sent as UTF-8, a number by its decimal digits. */
export type Arg = Buffer | string | number;

/** Room that a fresh buffer has, bytes. */
const FRESH_BYTES = 96 * 1024;
/** Bytes of a header line and of an end of line, at most. */
const LINE_ROOM = 24;
const NOTHING = Buffer.alloc(0);

export class CommandWriter {
  /** Bytes gathered since the last `take`. */
  size = 0;
  private buffer: Buffer = NOTHING;
  private readonly freshBytes: number;

  /** `freshBytes`: room of a fresh buffer; one that is too small grows. */
  constructor(freshBytes = FRESH_BYTES) {
    this.freshBytes = freshBytes;
  }

  /**
   * Appends one request: at least its command's name, as a server does not answer an empty one. Returns
   * its bytes.
   */
  add(args: readonly Arg[]): number {
    invariant(args.length > 0, 'a request has a name');
    const from = this.size;
    this.reserve(LINE_ROOM);
    this.header('*', args.length);
    for (const arg of args) this.argument(arg);
    return this.size - from;
  }

  /** Appends bytes that are requests already. */
  addRaw(bytes: Buffer): void {
    this.reserve(bytes.length);
    bytes.copy(this.buffer, this.size);
    this.size += bytes.length;
  }

  /** What was gathered; the writer begins anew. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.size);
    const left = this.buffer.length - this.size;
    // What is left of the buffer still serves when it is worth it.
    this.buffer = left >= this.freshBytes / 2 ? this.buffer.subarray(this.size) : NOTHING;
    this.size = 0;
    return taken;
  }

  private argument(arg: Arg): void {
    if (typeof arg === 'object') {
      this.reserve(arg.length + 2 * LINE_ROOM);
      this.header('$', arg.length);
      arg.copy(this.buffer, this.size);
      this.size += arg.length;
    } else {
      const text = String(arg);
      const bytes = Buffer.byteLength(text);
      this.reserve(bytes + 2 * LINE_ROOM);
      this.header('$', bytes);
      this.size += this.buffer.write(text, this.size);
    }
    this.size += this.buffer.write('\r\n', this.size, 'latin1');
  }

  private header(mark: string, count: number): void {
    this.size += this.buffer.write(`${mark}${count}\r\n`, this.size, 'latin1');
  }

  private reserve(bytes: number): void {
    const wanted = this.size + bytes;
    if (wanted <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.size, wanted, this.freshBytes));
    this.buffer.copy(grown, 0, 0, this.size);
    this.buffer = grown;
  }
}

/** One request as bytes of its own. */
export function encodeCommand(args: readonly Arg[]): Buffer {
  let room = LINE_ROOM;
  for (const arg of args) {
    const bytes = typeof arg === 'object' ? arg.length : Buffer.byteLength(String(arg));
    room += bytes + 2 * LINE_ROOM;
  }
  const writer = new CommandWriter(room);
  writer.add(args);
  return writer.take();
}
