/**
 * One request on a stream of a connection to a server that speaks HTTP/2.
 *
 *     carried ─send─▶ sent ─head─▶ body ─end─▶ over
 *                       └── reset, refused, lost, silence ──▶ failed
 *
 * Invariants: the response may outlive its stream, as long as its sink has not taken what came; what is sent waits
 * here when the server's windows let nothing through; nothing is told behind the end.
 */
import { type BodySink, Http2BodyReader, Http2BodySender } from '../http/index.ts';
import {
  BodyKind,
  FieldId,
  type Fields,
  Http2ErrorCode,
  type Http2Stream,
  MethodId,
  type RequestHead,
  type ResponseHead,
} from '../wire/index.ts';
import { type UpstreamFailure, upstreamFailures } from './failures.ts';
import type { Http2Client } from './http2-client.ts';
import type { UpstreamEvents, UpstreamRequest } from './request.ts';

const TRAILERS = Buffer.from('trailers', 'latin1');

export class Http2Request implements UpstreamRequest {
  readonly reader: Http2BodyReader<Http2Request> = new Http2BodyReader();
  /** It will hear that the read is through. */
  isFed = false;
  /** Reads of the connection when the head was sent. */
  sentAtRead = 0;
  private readonly sender = new Http2BodySender<Http2Request>();
  private readonly body = new ResponseBody(this);
  private events: UpstreamEvents | null = null;
  private client: Http2Client | null = null;
  private stream: Http2Stream<Http2Request> | null = null;
  private requestEnded = false;
  /** The response has begun. */
  begun = false;
  private interims = 0;
  /** A phase has begun or something has come since the last tick, and when the tick saw that. */
  private moved = true;
  private movedMs = 0;

  /** The connection carries it from now on. */
  begin(client: Http2Client, events: UpstreamEvents): void {
    this.client = client;
    this.events = events;
  }

  /** Forgets everything, for the next request. */
  reset(): void {
    this.events = null;
    this.client = null;
    this.stream = null;
    this.requestEnded = false;
    this.begun = false;
    this.interims = 0;
    this.moved = true;
    this.sender.stop();
    this.reader.reset();
  }

  get isOver(): boolean {
    return this.events === null;
  }

  // As an UpstreamRequest.

  send(head: RequestHead, end: boolean): void {
    const client = this.client as Http2Client;
    this.requestEnded = end;
    this.sentAtRead = client.reads;
    // RFC 9113 section 8.2.2; servers of gRPC insist on it.
    if (!head.fields.has(FieldId.te)) head.fields.addKnown(FieldId.te, TRAILERS);
    const stream = head.method === MethodId.connect ? null : client.open(head, end, this);
    if (stream === null) {
      client.doom(this);
      return;
    }
    this.stream = stream;
    if (end) return;
    const length = head.body === BodyKind.length ? head.contentLength : -1;
    this.sender.begin(client.http2, client.writer, stream, length);
  }

  data(bytes: Buffer, stays: boolean): boolean {
    if (this.stream === null || this.requestEnded) return true;
    this.moved = true;
    const free = this.sender.data(bytes, stays);
    if (this.sender.isWrong) {
      this.cancel();
      return true;
    }
    this.client!.schedule();
    return free;
  }

  end(trailers: Fields | null): void {
    if (this.stream === null || this.requestEnded) return;
    this.requestEnded = true;
    this.moved = true;
    this.sender.end(trailers);
    if (this.sender.isWrong) this.cancel();
    else this.client?.schedule();
  }

  flush(): void {
    this.client?.schedule();
  }

  /** The request's body is cut off: so must be the stream. */
  abort(): void {
    this.cancel();
  }

  pause(): void {
    this.reader.paused = true;
  }

  resume(): void {
    const { client } = this;
    if (client === null || !this.begun) return;
    this.moved = true;
    this.reader.resume();
    if (this.client === client) client.bodyMoved(this);
  }

  cancel(): void {
    if (this.events === null) return;
    this.over();
  }

  // From the connection.

  onInterim(head: ResponseHead): void {
    this.moved = true;
    if (++this.interims > INTERIMS_MAX)
      this.fail(upstreamFailures.badResponse, 'too many interims');
    else this.events?.onInterim(head);
  }

  onHead(head: ResponseHead, end: boolean): void {
    const { events, stream, reader } = this;
    if (events === null || stream === null) return;
    this.moved = true;
    this.begun = true;
    reader.begin(this.client!.http2, stream, end);
    reader.sink = this.body;
    events.onHead(head, end);
    if (end && this.events === events) this.over();
  }

  onBody(bytes: Buffer, stays: boolean): boolean {
    this.moved = true;
    return this.events === null ? true : this.events.onData(bytes, stays);
  }

  onBodyEnd(trailers: Fields | null): void {
    const { events } = this;
    if (events === null) return;
    this.over();
    events.onEnd(trailers);
  }

  onReadEnd(): void {
    this.isFed = false;
    this.events?.onReadEnd();
  }

  onWritable(): void {
    this.moved = true;
    if (this.sender.onWritable()) this.events?.onWritable();
  }

  /** It fails here. */
  fail(failure: UpstreamFailure, detail: string): void {
    const { events } = this;
    if (events === null) return;
    this.over();
    events.onFailure(failure, detail);
  }

  /** The stream has broken off: RFC 9113 section 5.4.2 forbids a reset behind one. `detach` follows. */
  broken(failure: UpstreamFailure, detail: string): void {
    const { events } = this;
    if (events === null) return;
    this.events = null;
    this.reader.stop();
    events.onFailure(failure, detail);
  }

  /** The stream is another one's from now on. True: the request is over, too. */
  detach(): boolean {
    this.stream = null;
    this.sender.stop();
    this.reader.detach();
    return this.events === null;
  }

  /** Looks at timeouts; `limits` in milliseconds, 0 for none. */
  tick(
    nowMs: number,
    limits: {
      readonly headMs: number;
      readonly bodyStallMs: number;
      readonly sendStallMs: number;
    },
  ): void {
    const { stream, reader } = this;
    if (this.events === null || stream === null) return;
    const { headMs, bodyStallMs, sendStallMs } = limits;
    const { stalledSinceMs } = stream;
    if (sendStallMs > 0 && stalledSinceMs >= 0 && nowMs - stalledSinceMs >= sendStallMs) {
      this.fail(upstreamFailures.sendTimeout, '');
      return;
    }
    const held = this.begun ? reader.paused : !this.requestEnded || this.sender.isWaiting;
    // What its client or its own reader holds up has timeouts there.
    if (this.moved || held) {
      this.moved = false;
      this.movedMs = nowMs;
      return;
    }
    const limitMs = this.begun ? bodyStallMs : headMs;
    if (limitMs === 0 || nowMs - this.movedMs < limitMs) return;
    this.fail(this.begun ? upstreamFailures.bodyTimeout : upstreamFailures.headTimeout, '');
  }

  /** Nothing is told any more; the stream goes unless both sides have ended it. */
  private over(): void {
    const client = this.client as Http2Client;
    const { stream } = this;
    this.events = null;
    this.reader.stop();
    if (stream === null) client.requestOver(this);
    else if (!stream.localEnded || !stream.remoteEnded) {
      client.http2.reset(stream, Http2ErrorCode.cancel);
      client.schedule();
    }
  }
}

/** Interim responses to one request: what is more is no announcement but a flood. */
const INTERIMS_MAX = 32;

/** The response's body on its way to whoever asked. */
class ResponseBody implements BodySink {
  private readonly request: Http2Request;

  constructor(request: Http2Request) {
    this.request = request;
  }

  data(bytes: Buffer, stays: boolean): boolean {
    return this.request.onBody(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.request.onBodyEnd(trailers);
  }

  flush(): void {}

  abort(): void {}
}
