/**
 * One dialled connection that speaks HTTP/1, one request at a time.
 *
 *     idle ──carry──▶ sent ──head──▶ body ──end──▶ idle (kept) or closed
 *                       └── reset, silence, nonsense ──▶ failed, closed
 *
 * Invariants: a connection is kept only when request and response are both whole and the server said nothing
 * beyond; what it says unasked ends it. A response is never patched: what can not be read is a failure.
 */
import {
  BodyReader,
  type BodySink,
  BodyWriter,
  BULK_BODY_BYTES_MIN,
  giveBulkBuffer,
  Output,
  takeBulkBuffer,
} from '../http/index.ts';
import type { ByteStream, StreamEvents } from '../runtime/index.ts';
import {
  BodyKind,
  CHUNK_LIMITS,
  encodeRequestHead,
  type Fields,
  HEAD_LIMITS,
  HeadCollector,
  MethodId,
  parseResponseHead,
  problemOf,
  type RequestHead,
  ResponseHead,
  requestHeadBytesMax,
} from '../wire/index.ts';
import { type UpstreamFailure, upstreamFailures } from './failures.ts';
import type { UpstreamEvents, UpstreamRequest } from './request.ts';

/** What a connection needs of the pool that it is kept in. */
export interface ClientOwner {
  readonly headMs: number;
  readonly bodyStallMs: number;
  monotonicMs(): number;
  /** The request is over; `reusable`: the connection may carry another one. */
  released(client: Http1Client, reusable: boolean): void;
  closed(client: Http1Client): void;
}

/** Heads are read one at a time, so one of them does for all connections. */
const head = new ResponseHead();

export class Http1Client implements UpstreamRequest, StreamEvents, BodySink {
  /** Requests it has carried. */
  carried = 0;
  /** When it was last of use, monotonic milliseconds. */
  movedMs = 0;
  private readonly stream: ByteStream;
  private readonly owner: ClientOwner;
  private readonly output: Output;
  private readonly body = new BodyReader();
  private readonly writer = new BodyWriter();
  private events: UpstreamEvents | null = null;
  private collector: HeadCollector | null = null;
  private bulk: Buffer | null = null;
  private method: MethodId = MethodId.other;
  private requestEnded = true;
  private responseBegun = false;
  private responseEnded = true;
  private keepAlive = true;
  private tunnel = false;
  private expectsContinue = false;
  private paused = false;
  private receivedAny = false;
  private gone = false;
  private readonly sink = new ResponseBody();

  constructor(stream: ByteStream, owner: ClientOwner) {
    this.stream = stream;
    this.owner = owner;
    this.output = new Output(stream);
    this.movedMs = owner.monotonicMs();
    stream.attach(this);
  }

  /** The connection carries a request of `events` now. */
  carry(events: UpstreamEvents): void {
    this.events = events;
    this.sink.events = events;
    this.requestEnded = false;
    this.responseBegun = false;
    this.responseEnded = false;
    this.keepAlive = true;
    this.tunnel = false;
    this.receivedAny = false;
    const reused = this.carried > 0;
    this.carried++;
    events.onReady(this, reused);
  }

  get isUsable(): boolean {
    return !this.gone;
  }

  // As an UpstreamRequest.

  send(request: RequestHead, end: boolean): void {
    const { output } = this;
    this.method = request.method;
    this.expectsContinue = request.expectContinue;
    this.movedMs = this.owner.monotonicMs();
    output.room(requestHeadBytesMax(request, null));
    output.end = encodeRequestHead(output.buf, output.end, request);
    this.writer.begin(end ? BodyKind.none : request.body, request.contentLength);
    this.requestEnded = end;
    if (end) output.flush();
  }

  data(bytes: Buffer, stays: boolean): boolean {
    if (this.gone || this.requestEnded) return true;
    const free = this.writer.data(this.output, bytes, stays);
    return free && this.stream.bufferedBytes === 0;
  }

  end(trailers: Fields | null): void {
    if (this.gone || this.requestEnded) return;
    this.requestEnded = true;
    this.movedMs = this.owner.monotonicMs();
    if (this.tunnel) {
      this.output.flush();
      this.stream.shutdown();
      return;
    }
    this.writer.end(this.output, trailers);
    this.output.flush();
    if (this.responseEnded) this.release();
  }

  flush(): void {
    this.output.flush();
  }

  /** The request's body is cut off: so must be the connection. */
  abort(): void {
    this.cancel();
  }

  pause(): void {
    this.paused = true;
    this.stream.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.movedMs = this.owner.monotonicMs();
    if (!this.gone) this.stream.resume();
  }

  cancel(): void {
    this.events = null;
    this.close();
  }

  /** Nobody uses it: closes. */
  close(): void {
    if (this.gone) return;
    this.gone = true;
    this.giveBulk();
    this.body.stop();
    this.output.clear();
    this.owner.released(this, false);
    this.stream.destroy();
  }

  /** Looks at timeouts. */
  tick(nowMs: number): void {
    if (this.events === null || this.tunnel) return;
    if (
      this.stream.bufferedBytes > 0 ||
      this.paused ||
      (!this.requestEnded && !this.responseBegun)
    ) {
      // Its client or its own reader holds it up; those have timeouts of their own.
      if (this.paused || this.stream.bufferedBytes === 0) {
        this.movedMs = nowMs;
        return;
      }
      if (nowMs - this.movedMs >= this.owner.bodyStallMs)
        this.fail(upstreamFailures.sendTimeout, '');
      return;
    }
    const limit = this.responseBegun ? this.owner.bodyStallMs : this.owner.headMs;
    if (limit === 0 || nowMs - this.movedMs < limit) return;
    this.fail(this.responseBegun ? upstreamFailures.bodyTimeout : upstreamFailures.headTimeout, '');
  }

  // From the stream.

  onData(chunk: Buffer): void {
    if (this.gone) return;
    if (this.events === null) {
      // Unasked: a response to nothing, or the 408 with which some servers close.
      this.close();
      return;
    }
    this.movedMs = this.owner.monotonicMs();
    this.receivedAny = true;
    this.take(chunk, 0, chunk.length, this.stream.chunksStay);
  }

  onDrain(): void {
    this.movedMs = this.owner.monotonicMs();
    if (!this.requestEnded) this.events?.onDrain();
  }

  onEnd(): void {
    const { events } = this;
    if (events === null) {
      this.close();
      return;
    }
    if (this.responseBegun && this.body.peerEnded(this.sink)) {
      this.responseEnded = true;
      events.onReadEnd();
      if (this.tunnel) {
        if (this.requestEnded) this.close();
        return;
      }
      this.events = null;
      this.close();
      return;
    }
    if (this.responseBegun) this.fail(upstreamFailures.truncated, '');
    else this.fail(this.unseen() ? upstreamFailures.resetUnused : upstreamFailures.closedEarly, '');
  }

  onClosed(error: string | null): void {
    const failed = !this.gone;
    this.gone = true;
    this.giveBulk();
    this.output.clear();
    if (failed) {
      this.owner.released(this, false);
      this.tell(error ?? '');
    }
    this.owner.closed(this);
  }

  private tell(detail: string): void {
    const { events } = this;
    this.events = null;
    if (events === null || (this.responseEnded && !this.tunnel)) return;
    if (this.responseBegun) events.onFailure(upstreamFailures.truncated, detail);
    else if (this.unseen()) events.onFailure(upstreamFailures.resetUnused, detail);
    else events.onFailure(upstreamFailures.reset, detail);
  }

  /** The server may have closed a kept connection before it saw the request. */
  private unseen(): boolean {
    return this.carried > 1 && !this.receivedAny;
  }

  private take(buf: Buffer, start: number, end: number, stays: boolean): void {
    const { events } = this;
    let at = start;
    while (at < end && this.events === events && events !== null && !this.responseEnded) {
      const next = this.responseBegun
        ? this.body.read(buf, at, end, stays, this.sink)
        : this.readHead(buf, at, end, events);
      if (this.events !== events) break;
      if (next < 0) {
        this.fail(upstreamFailures.badResponse, problemOf(next).name);
        return;
      }
      at = next;
      if (this.responseBegun && this.body.ended) this.responseEnded = true;
    }
    if (this.events !== events || events === null) return;
    if (this.body.paused && !this.responseEnded) {
      this.body.paused = false;
      this.pause();
    }
    if (!this.responseEnded) {
      events.onReadEnd();
      return;
    }
    // Bytes behind the response: who sent them can not be trusted with another request.
    if (at < end) this.keepAlive = false;
    this.giveBulk();
    this.events = null;
    if (this.requestEnded || this.tunnel) this.release();
    else this.close();
    events.onReadEnd();
  }

  private readHead(buf: Buffer, at: number, end: number, events: UpstreamEvents): number {
    let taken: number;
    if (this.collector === null) {
      taken = parseResponseHead(head, buf, at, end, HEAD_LIMITS, this.method);
      if (taken === 0) {
        this.collector = new HeadCollector(HEAD_LIMITS.headBytes, (b, s, e) =>
          parseResponseHead(head, b, s, e, HEAD_LIMITS, this.method),
        );
        taken = this.collector.take(buf, at, end);
      }
    } else {
      taken = this.collector.take(buf, at, end);
    }
    if (taken === 0) return end;
    if (taken < 0) return taken;
    const { collector } = this;
    this.collector = null;
    if (head.isInterim()) {
      events.onInterim(head);
    } else {
      this.begin(events);
    }
    collector?.release();
    return at + taken;
  }

  private begin(events: UpstreamEvents): void {
    this.responseBegun = true;
    this.keepAlive = head.keepAlive;
    if (head.upgrade) {
      this.tunnel = true;
      this.body.beginTunnel();
      this.writer.begin(BodyKind.untilClose, 0);
      this.requestEnded = false;
      events.onHead(head, false);
      return;
    }
    this.body.begin(head, CHUNK_LIMITS);
    const long = head.body !== BodyKind.length || head.contentLength >= BULK_BODY_BYTES_MIN;
    if (long && !this.body.ended && !this.stream.chunksStay) {
      this.bulk = takeBulkBuffer();
      if (this.bulk !== null) this.stream.useReadBuffer(this.bulk);
    }
    // A server that waited to be sent the body has decided without it.
    if (!this.requestEnded && this.expectsContinue) this.keepAlive = false;
    if (this.body.ended) this.responseEnded = true;
    events.onHead(head, this.body.ended);
  }

  /** The request is over and well. */
  private release(): void {
    this.movedMs = this.owner.monotonicMs();
    if (this.keepAlive && !this.tunnel && !this.gone) this.owner.released(this, true);
    else this.close();
  }

  /** Ends the request for a reason. */
  fail(failure: UpstreamFailure, detail: string): void {
    const { events } = this;
    this.events = null;
    this.close();
    events?.onFailure(failure, detail);
  }

  private giveBulk(): void {
    if (this.bulk === null) return;
    if (!this.gone) this.stream.useReadBuffer(null);
    giveBulkBuffer(this.bulk, !this.paused && !this.body.paused);
    this.bulk = null;
  }
}

/** The events of a request as the sink of its response's body. */
class ResponseBody implements BodySink {
  events: UpstreamEvents | null = null;

  data(bytes: Buffer, stays: boolean): boolean {
    return this.events!.onData(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.events!.onEnd(trailers);
  }

  flush(): void {}

  abort(): void {}
}
