/**
 * One dialled connection that speaks HTTP/2 (RFC 9113): many requests at once, each on a stream of its own.
 *
 *     open ──GOAWAY, drained──▶ takes no more ──no request left──▶ closed
 *       └──── lost, silent, nonsense ─────────▶ every request failed, closed
 *
 * Invariants: `room` is never more than what the server allows, so that a request that was taken can be sent; all
 * requests of one turn leave in one write; a request that the server says it has not looked at is reported as
 * not sent, and nothing else is.
 */
import { emptyList } from '../base/index.ts';
import {
  Http2Writer,
  RestingPool,
  SendStall,
  type TurnEndListener,
  turnEndOf,
  wakePools,
} from '../http/index.ts';
import type { ByteStream, Clock, StreamEvents } from '../runtime/index.ts';
import {
  type Fields,
  Http2Connection,
  Http2ErrorCode,
  type Http2Handler,
  type Http2Limits,
  type Http2Problem,
  Http2Shared,
  type Http2Stream,
  http2LimitsDefault,
  RequestHead,
  ResponseHead,
} from '../wire/index.ts';
import type { ClientOwner, UpstreamClient } from './client.ts';
import { type UpstreamFailure, upstreamFailures } from './failures.ts';
import { Http2Request } from './http2-request.ts';
import type { UpstreamEvents } from './request.ts';

type Stream = Http2Stream<Http2Request>;

/** Requests on one connection at once, whatever the server allows. */
const STREAMS_MAX = 256;
/** Before the server has said how many: the least that RFC 9113 section 6.5.2 recommends it to allow. */
export const STREAMS_EXPECTED = 100;
/** Silence of a server with requests under way before it is asked whether it is there, milliseconds. */
const PING_AFTER_MS = 10_000;
/** The same when it has answered and nothing else has come: servers of gRPC take more for an attack. */
const PING_AGAIN_MS = 330_000;
/** For its answer. */
const PING_ANSWER_MS = 10_000;

/** Streams hold each other up only by the window of their connection: it is as wide as all of them. */
const limits: Http2Limits = {
  ...http2LimitsDefault,
  connectionWindowBytes: http2LimitsDefault.streamWindowBytes * STREAMS_EXPECTED,
  outputBytesMax: 131_072,
};

const shared: Http2Shared<Http2Request> = new Http2Shared(new RequestHead(), new ResponseHead());
const requests = new RestingPool<Http2Request>(4096);

export class Http2Client implements UpstreamClient, StreamEvents, TurnEndListener {
  idleSinceMs = 0;
  place = -1;
  /** Reads so far. */
  reads = 0;
  readonly http2: Http2Connection<Http2Request>;
  readonly writer: Http2Writer<Http2Request>;
  private readonly stream: ByteStream;
  private readonly owner: ClientOwner;
  private readonly events = new ClientStreams(this);
  private readonly under = new Set<Http2Request>();
  /** Could not be sent, and must be told so, but not inside `send`. */
  private readonly doomed: Http2Request[] = [];
  private carried = 0;
  private gone = false;
  private paused = false;
  private receiving = false;
  /** The server's settings have come. */
  private knowsServer = false;
  /** Why requests fail that the connection takes with it; null: it broke off. */
  private reason: { readonly failure: UpstreamFailure; readonly detail: string } | null = null;
  private heard = true;
  private ponged = false;
  private pingAtMs = 0;
  private pingSentMs = -1;
  /** What the system said of the end. */
  private closedBy = '';
  private readonly stall = new SendStall();

  constructor(stream: ByteStream, owner: ClientOwner, clock: Clock) {
    this.stream = stream;
    this.owner = owner;
    this.http2 = new Http2Connection({ role: 'client', limits, shared, handler: this.events });
    this.writer = new Http2Writer({
      http2: this.http2,
      blocks: shared.blocks,
      target: stream,
      owner: this,
      turnEnd: turnEndOf(clock),
      outputBytesMax: limits.outputBytesMax,
    });
    this.http2.start(owner.monotonicMs());
    stream.attach(this);
    this.schedule();
  }

  // As an UpstreamClient.

  get carrying(): number {
    return this.under.size;
  }

  get room(): number {
    const { http2 } = this;
    if (this.gone || !http2.canOpen) return 0;
    const most = this.knowsServer ? Math.min(http2.peer.streamsMax, STREAMS_MAX) : STREAMS_EXPECTED;
    return Math.max(0, most - http2.streamCount);
  }

  carry(events: UpstreamEvents): void {
    const request = requests.take() ?? new Http2Request();
    const reused = this.carried > 0;
    this.carried++;
    if (this.under.size === 0) this.heard = true;
    this.under.add(request);
    request.begin(this, events);
    events.onReady(request, reused);
  }

  tick(nowMs: number): void {
    if (this.gone) return;
    wakePools();
    const { http2, owner } = this;
    http2.tick(nowMs);
    if (this.stall.look(this.stream.bufferedBytes, nowMs, this.owner.sendStallMs))
      this.fail(upstreamFailures.sendTimeout, '');
    else if (this.isSilent(nowMs)) this.fail(upstreamFailures.lost, 'no answer to PING');
    else for (const request of [...this.under]) request.tick(nowMs, owner);
    this.settle();
  }

  close(): void {
    if (this.gone) return;
    this.gone = true;
    for (const request of [...this.under]) request.cancel();
    this.http2.close(Http2ErrorCode.noError);
    this.writer.write();
    this.owner.released(this, false);
    this.stream.destroy();
  }

  fail(failure: UpstreamFailure, detail: string): void {
    if (this.gone) return;
    this.reason = { failure, detail };
    this.end();
  }

  // From the stream.

  onData(chunk: Buffer): void {
    if (this.gone) return;
    wakePools();
    this.reads++;
    this.heard = true;
    this.receiving = true;
    this.http2.receive(chunk, 0, chunk.length, this.owner.monotonicMs());
    this.events.flush();
    this.receiving = false;
    this.settle();
  }

  onDrain(): void {
    wakePools();
    this.stall.drained();
    this.writer.drained();
    this.http2.nowMs = this.owner.monotonicMs();
    this.settle();
  }

  onEnd(): void {
    if (this.gone) return;
    wakePools();
    this.end();
  }

  onClosed(error: string | null): void {
    wakePools();
    if (!this.gone) {
      this.reason = null;
      this.closedBy = error ?? '';
      this.gone = true;
      this.endRequests();
      this.owner.released(this, false);
    }
    this.writer.drop();
  }

  onTurnEnd(): void {
    this.writer.turnEnded();
    const { doomed } = this;
    for (const request of doomed.splice(0)) {
      request.fail(upstreamFailures.refusedUnseen, 'the connection takes no such request');
    }
    this.settle();
  }

  // From requests.

  /** Something was said: it leaves at the end of this read or turn. */
  schedule(): void {
    if (!this.receiving) this.writer.schedule();
  }

  /** Sends a head on a stream of its own; null: that can not be. */
  open(head: RequestHead, end: boolean, request: Http2Request): Stream | null {
    this.http2.nowMs = this.owner.monotonicMs();
    const stream = this.http2.sendRequest(head, end, this.stream.encrypted, request);
    this.schedule();
    return stream;
  }

  doom(request: Http2Request): void {
    this.doomed.push(request);
    this.writer.schedule();
  }

  /** What was kept of a body has been given to its sink. */
  bodyMoved(request: Http2Request): void {
    if (this.receiving) {
      this.events.feed(request);
      return;
    }
    request.onReadEnd();
    this.writer.schedule();
  }

  /** A request is over and its stream is closed. */
  requestOver(request: Http2Request): void {
    if (!this.under.delete(request)) return;
    const doomed = this.doomed.indexOf(request);
    if (doomed !== -1) this.doomed.splice(doomed, 1);
    request.reset();
    requests.give(request);
    this.changed();
  }

  // From the state machine.

  settingsCame(): void {
    const before = this.room;
    this.knowsServer = true;
    if (!this.gone && this.room > before) this.owner.released(this, true);
  }

  pongCame(): void {
    this.pingSentMs = -1;
    this.ponged = true;
  }

  /** There may be room now, or none for ever. */
  changed(): void {
    this.owner.released(this, this.room > 0);
  }

  /** How a stream ends that the connection or the server broke off. */
  broke(request: Http2Request, code: number, problem: Http2Problem | null): void {
    const { reason } = this;
    if (reason !== null) request.broken(reason.failure, reason.detail);
    else if (problem !== null) request.broken(upstreamFailures.badResponse, problem);
    else if (code === Http2ErrorCode.refusedStream && !this.gone) {
      request.broken(upstreamFailures.refusedUnseen, 'REFUSED_STREAM');
    } else if (request.begun) request.broken(upstreamFailures.truncated, this.detailOf(code));
    else if (this.gone && this.carried > 1 && this.reads === request.sentAtRead) {
      // The server may have closed a kept connection before it saw the request.
      request.broken(upstreamFailures.resetUnused, this.detailOf(code));
    } else request.broken(upstreamFailures.reset, this.detailOf(code));
  }

  private detailOf(code: number): string {
    return this.gone ? this.closedBy : `RST_STREAM ${code}`;
  }

  /** Everything ends here and now. */
  private end(): void {
    this.gone = true;
    this.endRequests();
    this.writer.write();
    this.owner.released(this, false);
    this.stream.destroy();
  }

  private endRequests(): void {
    this.http2.close(this.reason === null ? null : Http2ErrorCode.noError);
    // Those whose stream has ended before, and with it what would have told them.
    if (this.reason === null) return;
    const { failure, detail } = this.reason;
    for (const request of [...this.under]) request.fail(failure, detail);
  }

  /** Writes what waits, and closes a connection that is of no use any more. */
  private settle(): void {
    if (this.gone) return;
    const { http2, writer, stream } = this;
    writer.write();
    if (http2.problem !== null) {
      this.end();
    } else if (!http2.canOpen && this.under.size === 0 && http2.streamCount === 0) {
      this.close();
    } else if (writer.isFull !== this.paused) {
      this.paused = !this.paused;
      if (this.paused) stream.pause();
      else stream.resume();
    }
  }

  /** Asks a server that says nothing whether it is still there. True: it is not. */
  private isSilent(nowMs: number): boolean {
    if (this.heard || this.paused) {
      this.heard = false;
      this.pingSentMs = -1;
      this.pingAtMs = nowMs + (this.ponged ? PING_AGAIN_MS : PING_AFTER_MS);
      this.ponged = false;
    }
    if (this.pingSentMs >= 0) return nowMs - this.pingSentMs >= PING_ANSWER_MS;
    if (nowMs < this.pingAtMs) return false;
    this.http2.ping();
    this.pingSentMs = nowMs;
    return false;
  }
}

/** What the state machine tells of the streams of one connection. */
class ClientStreams implements Http2Handler<Http2Request> {
  private readonly client: Http2Client;
  /** Requests whose responses got something of the read at hand. */
  private readonly fed: Http2Request[] = [];

  constructor(client: Http2Client) {
    this.client = client;
  }

  onResponse(stream: Stream, head: ResponseHead, end: boolean): void {
    const request = stream.context;
    if (request === null) return;
    request.onHead(head, end);
    // Without more of it in this read the head is what is to leave.
    if (!end) this.feed(request);
  }

  onInformational(stream: Stream, head: ResponseHead): void {
    stream.context?.onInterim(head);
  }

  onData(stream: Stream, buf: Buffer, start: number, length: number, end: boolean): void {
    const request = stream.context!;
    request.reader.data(buf, start, length, end);
    this.feed(request);
  }

  onTrailers(stream: Stream, fields: Fields): void {
    const request = stream.context!;
    request.reader.end(fields);
    this.feed(request);
  }

  onReset(stream: Stream, code: number, problem: Http2Problem | null): void {
    if (stream.context !== null) this.client.broke(stream.context, code, problem);
  }

  onUnprocessed(stream: Stream): void {
    stream.context?.broken(upstreamFailures.refusedUnseen, 'GOAWAY');
  }

  onClosed(stream: Stream): void {
    const request = stream.context;
    if (request === null) return;
    if (request.detach()) this.client.requestOver(request);
    else this.client.changed();
  }

  onWritable(stream: Stream): void {
    stream.context?.onWritable();
  }

  onGoaway(): void {
    this.client.changed();
  }

  onSettings(): void {
    this.client.settingsCame();
  }

  onPong(): void {
    this.client.pongCame();
  }

  onProblem(): void {}

  // Of a server only.

  onRequest(): void {}

  onHeadTooLarge(): void {}

  /** Something was told of a request: it hears when the read is through. */
  feed(request: Http2Request): void {
    if (request.isFed) return;
    request.isFed = true;
    this.fed.push(request);
  }

  /** The read is through. */
  flush(): void {
    const { fed } = this;
    for (let i = 0; i < fed.length; i++) fed[i]!.onReadEnd();
    emptyList(fed);
  }
}
