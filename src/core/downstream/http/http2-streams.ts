/**
 * The exchanges of one HTTP/2 connection: what its state machine tells of streams becomes requests, bodies and
 * their ends.
 *
 * Invariants: every stream that was told of has one exchange, which is over when the stream closes; why it ended
 * is noted before it closes. What is wrong with a request is answered on its stream, the others go on.
 */
import { emptyList } from '../../base/index.ts';
import { RestingPool } from '../../http/index.ts';
import {
  BodyKind,
  type Fields,
  Http2ErrorCode,
  type Http2Handler,
  type Http2Problem,
  Http2Shared,
  type Http2Stream,
  type HttpProblem,
  MethodId,
  problems,
  RequestHead,
  ResponseHead,
} from '../../wire/index.ts';
import { turnIntoUpgrade } from './extended-connect.ts';
import type { Http2ServerConnection } from './http2-connection.ts';
import { Http2Exchange } from './http2-exchange.ts';
import { http2Refusals } from './http2-limits.ts';
import { answerRefusal, type RequestEnding } from './server.ts';

type Stream = Http2Stream<Http2Exchange>;

const exchanges = new RestingPool<Http2Exchange>(4096);

/** Memory that all connections use in turn. */
export const serverShared: Http2Shared<Http2Exchange> = new Http2Shared(
  new RequestHead(),
  new ResponseHead(),
);

export class Http2Streams implements Http2Handler<Http2Exchange> {
  /** Requests so far. */
  count = 0;
  private readonly owner: Http2ServerConnection;
  /** Exchanges whose bodies got something of the read at hand. */
  private readonly fed: Http2Exchange[] = [];

  constructor(owner: Http2ServerConnection) {
    this.owner = owner;
  }

  onRequest(stream: Stream, head: RequestHead, end: boolean): void {
    const { owner } = this;
    const { server, http2 } = owner;
    const { limits } = server;
    const exchange = exchanges.take() ?? new Http2Exchange();
    // Heads change places: this one is the exchange's, the exchange's is read into next.
    serverShared.requestHead = exchange.request;
    exchange.request = head;
    exchange.begin(owner, stream, http2.nowMs, end);
    this.count++;
    if (head.targetLength > limits.head.targetBytes) {
      this.refuse(exchange, problems.targetTooLong);
    } else if (limits.bodyBytes > 0 && head.contentLength > limits.bodyBytes) {
      this.refuse(exchange, problems.bodyTooLarge);
    } else if (head.method === MethodId.connect) {
      this.connect(exchange, end);
    } else {
      server.handler(exchange);
    }
    // Longer than the octets it was read from.
    if (!exchange.isOver) exchange.request.retain();
    owner.requestBegan();
  }

  onHeadTooLarge(stream: Stream): void {
    const { owner } = this;
    const exchange = exchanges.take() ?? new Http2Exchange();
    exchange.begin(owner, stream, owner.http2.nowMs, stream.remoteEnded);
    this.count++;
    // `onProblem` has counted it.
    this.answerInstead(exchange, 431, sentenceOf(problems.headTooLarge), 'refused');
    owner.requestBegan();
  }

  onData(stream: Stream, buf: Buffer, start: number, length: number, end: boolean): void {
    const exchange = stream.context!;
    const { body } = exchange;
    exchange.receivedBytes += length;
    this.owner.progress();
    body.data(buf, start, length, end);
    const { bodyBytes } = this.owner.server.limits;
    const limited = bodyBytes > 0 && !exchange.asksTunnel && !exchange.isOver;
    if (limited && exchange.receivedBytes > bodyBytes) {
      this.refuse(exchange, problems.bodyTooLarge);
    } else if (body.sink !== null) {
      this.feed(exchange);
    }
  }

  onTrailers(stream: Stream, fields: Fields): void {
    const exchange = stream.context!;
    exchange.body.end(fields);
    if (exchange.body.sink !== null) this.feed(exchange);
  }

  onReset(stream: Stream, _code: number, problem: Http2Problem | null): void {
    const exchange = stream.context;
    if (exchange === null || exchange.ending !== 'complete') return;
    exchange.ending = problem === null ? 'client-aborted' : 'refused';
  }

  onClosed(stream: Stream): void {
    const exchange = stream.context;
    if (exchange !== null) this.over(exchange);
  }

  /**
   * The exchange is over, though the client has not sent all of its request. It gets a moment to take the response
   * and stop: there are clients (curl 7.88) that forget a response that a reset comes along with.
   */
  leave(stream: Stream): void {
    const exchange = stream.context!;
    stream.context = null;
    stream.discarding = true;
    stream.stalledSinceMs = -1;
    this.over(exchange);
  }

  /** RFC 9113 section 8.1: a client that goes on sending is asked to stop. */
  lookAtLeft(stream: Stream, nowMs: number): void {
    if (stream.stalledSinceMs < 0) stream.stalledSinceMs = nowMs;
    else this.owner.http2.reset(stream, Http2ErrorCode.noError);
  }

  private over(exchange: Http2Exchange): void {
    const { flow, body, ending } = exchange;
    const sink = body.ended ? null : body.sink;
    exchange.detach();
    body.stop();
    if (ending !== 'complete') flow?.onAbort();
    sink?.abort();
    this.owner.server.events.onRequestEnd(exchange, ending);
    exchange.reset();
    exchanges.give(exchange);
    this.owner.progress();
  }

  onWritable(stream: Stream): void {
    stream.context!.onWritable();
  }

  onProblem(problem: Http2Problem, _streamId: number): void {
    this.owner.server.events.onRefused(http2Refusals[problem]);
  }

  onGoaway(): void {
    this.owner.clientLeaves();
  }

  onSettings(): void {}

  onPong(): void {}

  // Of a client only.

  onResponse(): void {}

  onInformational(): void {}

  onUnprocessed(): void {}

  /** Something was given to a body's sink: it is told when the read is through. */
  feed(exchange: Http2Exchange): void {
    if (exchange.isFed) return;
    exchange.isFed = true;
    this.fed.push(exchange);
  }

  /** The read is through. */
  flush(): void {
    const { fed } = this;
    for (let i = 0; i < fed.length; i++) fed[i]!.onReadEnd();
    emptyList(fed);
  }

  /** Says what is wrong in place of whoever works on it; a response that has begun breaks off. */
  answerInstead(exchange: Http2Exchange, status: number, says: string, why: RequestEnding): void {
    exchange.ending = why;
    const { flow, body } = exchange;
    const sink = body.ended ? null : body.sink;
    exchange.flow = null;
    exchange.sink = exchange;
    body.stop();
    flow?.onAbort();
    sink?.abort();
    if (exchange.isOver) return;
    if (exchange.begun) exchange.abort();
    else answerRefusal(this.owner.server, exchange, { status, says });
  }

  /** RFC 9113 section 8.5 and RFC 8441: what comes on the stream is no body but the tunnel's. */
  private connect(exchange: Http2Exchange, end: boolean): void {
    const { request } = exchange;
    const { server } = this.owner;
    if (end) {
      this.answerInstead(exchange, 400, 'A tunnel needs both sides of its stream.', 'refused');
    } else if (request.upgrade && server.random !== null) {
      exchange.webSocketKey = turnIntoUpgrade(request, server.random);
      this.tunnel(exchange);
    } else if (server.allowConnect) {
      this.tunnel(exchange);
    } else {
      this.answerInstead(exchange, 501, 'Tunnels by CONNECT are not offered.', 'refused');
    }
  }

  private tunnel(exchange: Http2Exchange): void {
    exchange.asksTunnel = true;
    exchange.request.body = BodyKind.none;
    this.owner.server.handler(exchange);
  }

  private refuse(exchange: Http2Exchange, problem: HttpProblem): void {
    this.owner.server.events.onRefused(problem);
    this.answerInstead(exchange, problem.status, sentenceOf(problem), 'refused');
  }

  /** Ends a stream without another word. */
  breakOff(stream: Stream, why: RequestEnding): void {
    const exchange = stream.context;
    if (exchange !== null) exchange.ending = why;
    this.owner.http2.reset(stream, Http2ErrorCode.cancel);
  }
}

function sentenceOf({ says, name }: HttpProblem): string {
  return `${says} (${name})`;
}
