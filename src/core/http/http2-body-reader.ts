/**
 * Gives the body that comes on a stream of HTTP/2 to a sink, and opens the stream's window as it is taken.
 * RFC 9113 section 6.9.
 *
 * Invariants: the window is given back when the sink has taken the bytes, so that a sink that says no holds up its
 * peer and not the connection; what comes while nobody takes is kept here, a stream's window of it at most; `end`
 * comes once, behind all bytes. The stream may end before the sink has had everything.
 */
import { emptyList, ownCopy } from '../base/index.ts';
import type { Fields, Http2Connection, Http2Stream } from '../wire/index.ts';
import { copyOf } from './copy-fields.ts';
import type { BodySink } from './flow.ts';

export class Http2BodyReader<T> {
  /** Who takes the body; null while nobody does. */
  sink: BodySink | null = null;
  /** The sink has had everything, or nothing was to come. */
  ended = true;
  /** The sink wants no more. */
  paused = false;
  /** Bytes that have come. */
  bytes = 0;
  private http2: Http2Connection<T> | null = null;
  private stream: Http2Stream<T> | null = null;
  private readonly kept: Buffer[] = [];
  private whole = false;
  private trailers: Fields | null = null;
  /** Bytes that a sink that said no was given: taken when it has itself resumed. */
  private lentBytes = 0;

  /** A message begins on a stream. `end`: it has no body. */
  begin(http2: Http2Connection<T>, stream: Http2Stream<T>, end: boolean): void {
    this.http2 = http2;
    this.stream = stream;
    this.ended = end;
    this.whole = end;
    this.bytes = 0;
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.ended = true;
    this.sink = null;
    emptyList(this.kept);
    this.trailers = null;
  }

  /** Forgets everything, for the next message. */
  reset(): void {
    this.stop();
    this.http2 = null;
    this.stream = null;
    this.paused = false;
    this.lentBytes = 0;
    this.whole = false;
  }

  /** The stream is another one's from now on; what is kept is still given. */
  detach(): void {
    this.stream = null;
  }

  /** All of the body has come, whether or not it was given. */
  get isWhole(): boolean {
    return this.whole;
  }

  /** From the connection: bytes that are lent for this call. */
  data(buf: Buffer, start: number, length: number, end: boolean): void {
    this.bytes += length;
    if (end) this.whole = true;
    if (this.ended) {
      this.taken(length);
      return;
    }
    if (this.sink === null || this.paused || this.kept.length > 0) {
      if (length > 0) this.kept.push(ownCopy(buf.subarray(start, start + length)));
    } else if (length > 0) {
      this.give(buf.subarray(start, start + length), false);
    }
    this.finish();
  }

  /** From the connection: the body ends with these. */
  end(trailers: Fields): void {
    this.whole = true;
    if (this.ended) return;
    if (this.kept.length > 0 || this.sink === null) {
      this.trailers = copyOf(trailers);
      return;
    }
    this.ended = true;
    this.sink.end(trailers);
  }

  /** Somebody takes the body now, or takes more of it. */
  resume(): void {
    this.paused = false;
    const { lentBytes, kept } = this;
    this.lentBytes = 0;
    this.taken(lentBytes);
    let given = 0;
    while (given < kept.length && !this.paused && this.sink !== null)
      this.give(kept[given++]!, true);
    kept.splice(0, given);
    this.finish();
  }

  private give(bytes: Buffer, stays: boolean): void {
    const { sink, stream } = this;
    const more = sink!.data(bytes, stays);
    // The sink may have let the message go, and its object may be another one's.
    if (this.stream !== stream || this.sink !== sink) return;
    if (more) this.taken(bytes.length);
    else {
      this.paused = true;
      this.lentBytes += bytes.length;
    }
  }

  private finish(): void {
    const { sink, trailers } = this;
    if (!this.whole || this.ended || sink === null || this.kept.length > 0) return;
    this.ended = true;
    this.trailers = null;
    sink.end(trailers);
  }

  private taken(bytes: number): void {
    if (bytes > 0 && this.stream !== null) this.http2!.consumed(this.stream, bytes);
  }
}
