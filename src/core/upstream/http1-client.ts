/**
 * One dialled connection that speaks HTTP/1, one request at a time.
 *
 *     idle ──carry──▶ sent ──head──▶ body ──end──▶ idle (kept) or closed
 *                       │              └── 101 ──▶ tunnel ──both sides ended──▶ closed
 *                       └── reset, silence, nonsense ──▶ failed, closed
 *
 * Invariants: a connection is kept only when request and response are both whole and the server said nothing
 * beyond; what it says unasked ends it. A response is never patched: what can not be read is a failure, and so is
 * an upgrade that nobody asked for.
 */
import {
  BodyReader,
  type BodySink,
  BodyWriter,
  BulkReads,
  Output,
  SendStall,
  wakePools,
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
  problems,
  type RequestHead,
  ResponseHead,
  requestHeadBytesMax,
} from '../wire/index.ts';
import type { ClientOwner, UpstreamClient } from './client.ts';
import { type UpstreamFailure, upstreamFailures } from './failures.ts';
import type { UpstreamEvents, UpstreamRequest } from './request.ts';

/** Heads are read one at a time, so one of them does for all connections. */
const head = new ResponseHead();
/** Interim responses to one request: what is more is no announcement but a flood. */
const INTERIM_MAX = 32;
/** Room for nearly every head, so that its size is not counted beforehand. */
const HEAD_ROOM_BYTES = 4096;

export class Http1Client implements UpstreamClient, UpstreamRequest, StreamEvents {
  /** Requests it has carried. */
  carried = 0;
  /** When it was given back, monotonic milliseconds. */
  idleSinceMs = 0;
  place = -1;
  private readonly stream: ByteStream;
  private readonly owner: ClientOwner;
  private readonly output: Output;
  private readonly reader = new BodyReader();
  private readonly writer = new BodyWriter();
  private readonly bulk: BulkReads;
  private readonly body = new ResponseBody();
  private events: UpstreamEvents | null = null;
  private collector: HeadCollector | null = null;
  private method: MethodId = MethodId.other;
  private requestEnded = true;
  private responseBegun = false;
  private responseEnded = true;
  private bodiless = false;
  private keepAlive = true;
  private tunnel = false;
  private asksUpgrade = false;
  private interims = 0;
  private paused = false;
  private receivedAny = false;
  private gone = false;
  /** A phase has begun or something has come since the last tick. */
  private moved = true;
  private movedMs = 0;
  private readonly stall = new SendStall();

  constructor(stream: ByteStream, owner: ClientOwner) {
    this.stream = stream;
    this.owner = owner;
    this.output = new Output(stream);
    this.bulk = new BulkReads(stream);
    stream.attach(this);
  }

  /** The connection carries a request of `events` now. */
  carry(events: UpstreamEvents): void {
    this.events = events;
    this.body.events = events;
    this.requestEnded = false;
    this.responseBegun = false;
    this.responseEnded = false;
    this.keepAlive = true;
    this.receivedAny = false;
    this.interims = 0;
    this.bulk.wake();
    const reused = this.carried > 0;
    this.carried++;
    events.onReady(this, reused);
  }

  get carrying(): number {
    return this.events === null ? 0 : 1;
  }

  get room(): number {
    return this.gone || this.events !== null ? 0 : 1;
  }

  // As an UpstreamRequest.

  send(request: RequestHead, end: boolean): void {
    const { output } = this;
    this.method = request.method;
    this.asksUpgrade = request.upgrade;
    this.moved = true;
    output.room(HEAD_ROOM_BYTES);
    let to = encodeRequestHead(output.buf, output.end, request);
    if (to === -1) {
      output.room(requestHeadBytesMax(request, null));
      to = encodeRequestHead(output.buf, output.end, request);
    }
    output.end = to;
    this.requestEnded = end;
    if (end) output.flush();
    else this.writer.begin(request.body, request.contentLength);
  }

  /** From the request's body. */
  data(bytes: Buffer, stays: boolean): boolean {
    if (this.gone || this.requestEnded) return true;
    this.moved = true;
    const free = this.writer.data(this.output, bytes, stays);
    return free && this.stream.bufferedBytes === 0;
  }

  end(trailers: Fields | null): void {
    if (this.gone || this.requestEnded) return;
    this.requestEnded = true;
    this.moved = true;
    if (!this.tunnel) this.writer.end(this.output, trailers);
    this.output.flush();
    if (!this.tunnel) return;
    // The stream closes by itself once both sides have ended and all is sent.
    if (this.responseEnded) this.events = null;
    this.stream.shutdown();
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
    this.moved = true;
    if (!this.gone) this.stream.resume();
  }

  cancel(): void {
    this.events = null;
    this.close();
  }

  /** Closes without telling anybody. */
  close(): void {
    if (this.gone) return;
    this.letGo();
    this.stream.destroy();
  }

  /** Ends the request for a reason. */
  fail(failure: UpstreamFailure, detail: string): void {
    const { events } = this;
    this.events = null;
    this.close();
    events?.onFailure(failure, detail);
  }

  /** Looks at timeouts of a connection that is used. */
  tick(nowMs: number): void {
    if (this.gone) return;
    if (this.moved) {
      this.moved = false;
      this.movedMs = nowMs;
    }
    const { sendStallMs, headMs, bodyStallMs } = this.owner;
    const { bufferedBytes } = this.stream;
    if (this.stall.look(bufferedBytes, nowMs, sendStallMs)) {
      this.fail(upstreamFailures.sendTimeout, '');
      return;
    }
    const asked = this.requestEnded && bufferedBytes === 0;
    // What its client or its own reader holds up has timeouts there, and so has a tunnel.
    if (this.events === null || this.tunnel || this.paused || (!asked && !this.responseBegun)) {
      this.movedMs = nowMs;
      return;
    }
    const limitMs = this.responseBegun ? bodyStallMs : headMs;
    if (limitMs === 0 || nowMs - this.movedMs < limitMs) return;
    this.fail(this.responseBegun ? upstreamFailures.bodyTimeout : upstreamFailures.headTimeout, '');
  }

  // From the stream.

  onData(chunk: Buffer): void {
    if (this.gone) return;
    wakePools();
    if (this.events === null) {
      // Unasked: a response to nothing, or the 408 with which some servers close.
      this.close();
      return;
    }
    this.moved = true;
    this.receivedAny = true;
    this.take(chunk, chunk.length, this.stream.chunksStay);
  }

  onDrain(): void {
    this.stall.drained();
    if (!this.requestEnded) this.events?.onWritable();
  }

  onEnd(): void {
    if (this.gone) return;
    const { events, reader } = this;
    if (events === null) {
      this.close();
      return;
    }
    if (!this.responseBegun) {
      this.fail(this.unseen() ? upstreamFailures.resetUnused : upstreamFailures.closedEarly, '');
      return;
    }
    if (this.responseEnded || !reader.endsWithPeer) {
      this.fail(upstreamFailures.truncated, '');
      return;
    }
    this.responseEnded = true;
    reader.stop();
    if (this.tunnel) {
      if (this.requestEnded) this.events = null;
      events.onEnd(null);
      events.onReadEnd();
      return;
    }
    this.events = null;
    this.close();
    events.onEnd(null);
    events.onReadEnd();
  }

  onClosed(error: string | null): void {
    if (this.gone) return;
    const { events } = this;
    this.events = null;
    this.letGo();
    if (events === null) return;
    if (this.responseBegun) events.onFailure(upstreamFailures.truncated, error ?? '');
    else if (this.unseen()) events.onFailure(upstreamFailures.resetUnused, error ?? '');
    else events.onFailure(upstreamFailures.reset, error ?? '');
  }

  /** The server may have closed a kept connection before it saw the request. */
  private unseen(): boolean {
    return this.carried > 1 && !this.receivedAny;
  }

  private letGo(): void {
    this.gone = true;
    this.bulk.give(!this.paused && !this.reader.paused);
    this.reader.stop();
    this.output.clear();
    this.owner.released(this, false);
  }

  private take(buf: Buffer, end: number, stays: boolean): void {
    const events = this.events as UpstreamEvents;
    const { reader } = this;
    let at = 0;
    while (at < end && !this.responseEnded) {
      const next = this.responseBegun
        ? reader.read(buf, at, end, stays, this.body)
        : this.readHead(buf, at, end, events);
      // Whoever was told has let the request go.
      if (this.events !== events) return;
      if (next < 0) {
        this.fail(upstreamFailures.badResponse, problemOf(next).name);
        return;
      }
      at = next;
      if (this.responseBegun && reader.ended) this.responseEnded = true;
    }
    if (!this.responseEnded) {
      if (reader.paused) {
        reader.paused = false;
        this.bulk.adapt(reader, buf.length, false);
        this.pause();
      } else if (this.responseBegun) {
        this.bulk.adapt(reader, buf.length, true);
      }
      events.onReadEnd();
      return;
    }
    // Bytes behind the response: who sent them can not be trusted with another request.
    if (at < end) this.keepAlive = false;
    this.complete(events);
  }

  /** The response is whole. Its end is told last: whoever asks again then finds this connection free. */
  private complete(events: UpstreamEvents): void {
    const { bodiless, body } = this;
    const { trailers } = body;
    body.trailers = null;
    this.events = null;
    if (this.keepAlive && this.requestEnded) {
      this.bulk.rest(this.reader.bytes, !this.reader.paused);
      // Who took the end of this response and wants no more does not hold up the next one.
      this.reader.paused = false;
      this.owner.released(this, true);
    } else this.close();
    if (bodiless) events.onHead(head, true);
    else events.onEnd(trailers);
    events.onReadEnd();
  }

  private readHead(buf: Buffer, at: number, end: number, events: UpstreamEvents): number {
    let taken = 0;
    if (this.collector === null) {
      taken = parseResponseHead(head, buf, at, end, HEAD_LIMITS, this.method);
      if (taken === 0) {
        this.collector = new HeadCollector(HEAD_LIMITS.headBytes, (b, s, e) =>
          parseResponseHead(head, b, s, e, HEAD_LIMITS, this.method),
        );
      }
    }
    if (this.collector !== null) taken = this.collector.take(buf, at, end);
    if (taken === 0) return end;
    // What a head refers to lives on as long as the head does.
    this.collector = null;
    if (taken < 0) return taken;
    const problem = this.begin(events);
    return problem === 0 ? at + taken : problem;
  }

  private begin(events: UpstreamEvents): number {
    if (head.isInterim()) {
      if (++this.interims > INTERIM_MAX) return problems.tooManyInterims.code;
      events.onInterim(head);
      return 0;
    }
    const connect = this.method === MethodId.connect;
    // RFC 9110 section 7.8: only what was asked for, and only behind the whole request.
    if (head.upgrade && !connect && !(this.asksUpgrade && this.requestEnded)) {
      return problems.badSwitch.code;
    }
    this.responseBegun = true;
    this.keepAlive = head.keepAlive;
    if (head.upgrade) {
      this.tunnel = true;
      this.reader.beginTunnel();
      this.writer.begin(BodyKind.untilClose, 0);
      this.requestEnded = false;
      events.onHead(head, false);
      return 0;
    }
    const { reader } = this;
    reader.begin(head, CHUNK_LIMITS);
    this.bodiless = reader.ended;
    if (!reader.ended) events.onHead(head, false);
    return 0;
  }
}

/** The events of a request as the sink of its response's body; its end is told by the connection. */
class ResponseBody implements BodySink {
  events: UpstreamEvents | null = null;
  trailers: Fields | null = null;

  data(bytes: Buffer, stays: boolean): boolean {
    return this.events!.onData(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.trailers = trailers;
  }

  flush(): void {}

  abort(): void {}
}
