/**
 * Requests to a server as bytes: many small ones gathered into one buffer that is sent as it is.
 * A buffer that was taken is never written to again.
 */

export type Arg = Buffer | string | number;

/** Room that a fresh buffer has, bytes. */
const FRESH_BYTES = 96 * 1024;
/** Bytes of a header line and of an end of line, at most. */
const LINE_ROOM = 24;

export class CommandWriter {
  private buffer = Buffer.allocUnsafe(FRESH_BYTES);
  size = 0;

  /** Appends one request; strings are UTF-8. Returns its bytes. */
  add(args: readonly Arg[]): number {
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
    this.buffer = left >= FRESH_BYTES / 2 ? this.buffer.subarray(this.size) : FRESH();
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
    if (this.size + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.size, this.size + bytes, FRESH_BYTES));
    this.buffer.copy(grown, 0, 0, this.size);
    this.buffer = grown;
  }
}

const FRESH = (): Buffer<ArrayBuffer> => Buffer.allocUnsafe(FRESH_BYTES);

/** One request as bytes. */
export function encodeCommand(args: readonly Arg[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === 'object' ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from('\r\n');
