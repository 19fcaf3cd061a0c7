/**
 * Sends a body on a stream of HTTP/2 as far as the peer's windows allow; the rest waits here.
 *
 * Invariants: bytes that wait are as many as the source has given since it was told to stop: one read of it. Those
 * that stay are only referred to, others are copied. The end follows behind the last byte. A body that is shorter
 * or longer than its head said is reported and never ended as if it were whole.
 */
import { emptyList, ownCopy } from '../base/index.ts';
import type { Fields, Http2Connection, Http2Stream } from '../wire/index.ts';
import { copyOf } from './copy-fields.ts';
import type { Http2Writer } from './http2-writer.ts';

/** So much of a turn's output leaves before its end: it is as long a write as pays. */
const WRITE_BYTES = 65_536;

export class Http2BodySender<T> {
  /** Bytes given so far. */
  bytes = 0;
  private http2: Http2Connection<T> | null = null;
  private writer: Http2Writer<T> | null = null;
  private stream: Http2Stream<T> | null = null;
  private readonly waiting: Buffer[] = [];
  /** Bytes still to come by the head, -1: nobody knows. */
  private left = -1;
  private whole = false;
  private trailers: Fields | null = null;
  /** Inside `data`: its result says that nothing waits. */
  private sending = false;

  /** The head has been sent. `length`: what it says of the body, -1 when it says nothing. */
  begin(
    http2: Http2Connection<T>,
    writer: Http2Writer<T>,
    stream: Http2Stream<T>,
    length: number,
  ): void {
    this.http2 = http2;
    this.writer = writer;
    this.stream = stream;
    this.left = length;
    this.bytes = 0;
    this.whole = false;
  }

  /** Nothing more is sent, and nothing is referred to. */
  stop(): void {
    this.http2 = null;
    this.writer = null;
    this.stream = null;
    emptyList(this.waiting);
    this.trailers = null;
  }

  /** The body is longer or shorter than its head said. */
  get isWrong(): boolean {
    return this.left > 0 ? this.whole : this.left < -1;
  }

  /** Bytes wait for the peer's windows or for the kernel. */
  get isWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** True: the memory is free. False: it is in use, or so much waits, until `onWritable` says true. */
  data(bytes: Buffer, stays: boolean): boolean {
    const { http2, stream, waiting } = this;
    if (http2 === null || stream === null || this.whole || bytes.length === 0) return true;
    this.bytes += bytes.length;
    if (this.left !== -1) {
      this.left -= bytes.length;
      if (this.left < 0) {
        this.left = -2;
        return true;
      }
    }
    if (waiting.length > 0) {
      waiting.push(stays ? bytes : ownCopy(bytes));
      return false;
    }
    const taken = http2.sendData(stream, bytes, 0, bytes.length, false);
    if (taken === bytes.length) {
      this.leave();
      return true;
    }
    waiting.push(bytes.subarray(taken));
    this.leave();
    if (waiting.length === 0) return true;
    // Not copied before: most of the time the write has made room for all of it.
    if (!stays) waiting[0] = ownCopy(waiting[0]!);
    return false;
  }

  /** The body is whole. Look at `isWrong` then. */
  end(trailers: Fields | null): void {
    if (this.whole || this.stream === null) return;
    this.whole = true;
    if (this.isWrong) return;
    if (this.waiting.length === 0) this.finish(trailers);
    else if (trailers !== null) this.trailers = copyOf(trailers);
  }

  /** The stream may send again. True: nothing waits any more, the source may go on. */
  onWritable(): boolean {
    const { http2, stream, waiting } = this;
    if (http2 === null || stream === null) return false;
    while (waiting.length > 0) {
      const bytes = waiting[0]!;
      const taken = http2.sendData(stream, bytes, 0, bytes.length, false);
      if (taken < bytes.length) {
        waiting[0] = bytes.subarray(taken);
        return false;
      }
      waiting.shift();
    }
    if (!this.whole) return !this.sending;
    this.finish(this.trailers);
    return false;
  }

  private finish(trailers: Fields | null): void {
    const { http2, stream } = this;
    if (trailers === null) http2!.sendData(stream!, EMPTY, 0, 0, true);
    else http2!.sendTrailers(stream!, trailers);
  }

  private leave(): void {
    if (this.http2!.output.length < WRITE_BYTES) return;
    this.sending = true;
    this.writer!.write();
    this.sending = false;
  }
}

const EMPTY = Buffer.alloc(0);
