/**
 * Finds the body of one HTTP/1 message in the bytes that arrive and gives it to a sink, without a copy.
 * RFC 9112 section 6.
 *
 * Invariants: the sink's `end` comes once, and only when the body is whole; a body that is cut off is the
 * owner's to abort. Bytes of one read go on coming although the sink has answered false: there `paused` is set,
 * and the owner reads no more from the connection.
 */
import {
  BodyKind,
  ChunkedDecoder,
  type ChunkLimits,
  ChunkStep,
  type MessageHead,
  problems,
} from '../wire/index.ts';
import type { BodySink } from './flow.ts';

export class BodyReader {
  /** The body is whole, or there was none. */
  ended = true;
  /** The sink wants no more. */
  paused = false;
  /** Bytes of the body so far. */
  bytes = 0;
  /** Bytes to come of a body of known length. */
  left = 0;
  private kind: BodyKind = BodyKind.none;
  /** Bytes that the body may have; 0 for no limit. */
  private bytesMax = 0;
  private decoder: ChunkedDecoder | null = null;

  /**
   * Begins with the body of a message. `bytesMax`, 0 for no limit: what is longer is a problem, and what is too
   * long is not given to the sink.
   */
  begin(head: MessageHead, limits: ChunkLimits, bytesMax = 0): void {
    this.start(head.body, head.contentLength);
    this.bytesMax = bytesMax;
    if (head.body !== BodyKind.chunked) return;
    this.decoder ??= decoders.pop() ?? new ChunkedDecoder();
    this.decoder.reset(limits);
  }

  /** What follows is no message any more: everything until the peer ends. */
  beginTunnel(): void {
    this.start(BodyKind.untilClose, 0);
  }

  /** There is no body, or it is not wanted any more. */
  stop(): void {
    this.ended = true;
    this.paused = false;
    this.release();
  }

  /** The peer sends no more. True: that is how this body ends, and the sink has been told. */
  peerEnded(sink: BodySink): boolean {
    if (!this.endsWithPeer) return false;
    this.ended = true;
    sink.end(null);
    return true;
  }

  /** The peer's end is the end of this body. */
  get endsWithPeer(): boolean {
    return !this.ended && this.kind === BodyKind.untilClose;
  }

  /**
   * Gives the body's bytes in `buf[start, end)` to the sink.
   * @returns where the body ends, or `end` when it goes on; negative: the code of a problem.
   */
  read(buf: Buffer, start: number, end: number, stays: boolean, sink: BodySink): number {
    if (this.kind === BodyKind.chunked) return this.readChunks(buf, start, end, stays, sink);
    let stop = end;
    if (this.kind === BodyKind.length && end - start >= this.left) stop = start + this.left;
    if (this.isTooLong(stop - start)) return problems.bodyTooLarge.code;
    if (stop > start) {
      this.left -= stop - start;
      this.give(buf, start, stop, stays, sink);
    }
    if (this.kind === BodyKind.length && this.left === 0) this.finish(sink, null);
    return stop;
  }

  private readChunks(
    buf: Buffer,
    start: number,
    end: number,
    stays: boolean,
    sink: BodySink,
  ): number {
    const decoder = this.decoder as ChunkedDecoder;
    let step = decoder.step(buf, start, end);
    while (step === ChunkStep.data) {
      if (this.isTooLong(decoder.dataEnd - decoder.dataStart)) return problems.bodyTooLarge.code;
      this.give(buf, decoder.dataStart, decoder.dataEnd, stays, sink);
      // The sink may have let the message go.
      if (this.ended) return end;
      step = decoder.step(buf, decoder.at, end);
    }
    if (step < 0) return step;
    const { at, trailers } = decoder;
    if (step === ChunkStep.done) this.finish(sink, trailers);
    return at;
  }

  private isTooLong(more: number): boolean {
    return this.bytesMax > 0 && this.bytes + more > this.bytesMax;
  }

  private give(buf: Buffer, start: number, end: number, stays: boolean, sink: BodySink): void {
    this.bytes += end - start;
    const whole = start === 0 && end === buf.length;
    const more = sink.data(whole ? buf : buf.subarray(start, end), stays);
    // The sink may have let the message go.
    if (!more && !this.ended) this.paused = true;
  }

  private finish(sink: BodySink, trailers: ChunkedDecoder['trailers']): void {
    if (this.ended) return;
    this.ended = true;
    // Trailers do not live in what the decoder uses for the next body.
    this.release();
    sink.end(trailers);
  }

  private start(kind: BodyKind, length: number): void {
    this.kind = kind;
    this.ended = kind === BodyKind.none || (kind === BodyKind.length && length === 0);
    this.left = length;
    this.bytes = 0;
    this.bytesMax = 0;
    this.paused = false;
  }

  private release(): void {
    if (this.decoder === null) return;
    if (decoders.length < DECODERS_KEPT) decoders.push(this.decoder);
    this.decoder = null;
  }
}

const DECODERS_KEPT = 64;
const decoders: ChunkedDecoder[] = [];
