/**
 * Carries one exchange to a server and its response back.
 *
 *     start ─▶ choose ─▶ waiting ─onReady─▶ sent ─onHead─▶ answering ─onEnd─▶ done
 *                ▲                           │
 *                └──── failed, may retry ────┘          anything else: answered or cut off ─▶ done
 *
 * Invariants: the client gets one response, or a connection that breaks where the server's did; a request that a
 * server may have seen is sent again only when the plan says so; behind done nothing is touched, the object
 * belongs to the next exchange.
 */
import { answer, type BodySink, type Exchange, type ResponseFlow } from '../http/index.ts';
import {
  type Origin,
  type UpstreamEvents,
  type UpstreamFailure,
  type UpstreamRequest,
  upstreamFailures,
} from '../upstream/index.ts';
import { BodyKind, FieldId, type Fields, type ResponseHead } from '../wire/index.ts';

/** What the owner of a route decides. One plan serves many exchanges at once. */
export interface ForwardPlan {
  /** The server for the next attempt, null when there is none. `forward.attempts` were made before. */
  choose(exchange: Exchange, forward: Forward): Origin | null;
  /** Edits the request's head before it is sent; hop-by-hop fields are gone already. */
  request(exchange: Exchange): void;
  /** Edits the head of the response before it goes to the client. */
  response(exchange: Exchange, head: ResponseHead): void;
  /** Whether to try again after a failure before any response; when not, the client is answered. */
  mayRetry(exchange: Exchange, forward: Forward, failure: UpstreamFailure): boolean;
  /** Each attempt's outcome, for health and figures: undefined when a response came to its end. */
  attempted(exchange: Exchange, forward: Forward, failure: UpstreamFailure | undefined): void;
}

const POOL_MAX = 1024;
const pool: Forward[] = [];

/** Forwards an exchange; everything else happens by events. */
export function forward(exchange: Exchange, plan: ForwardPlan): void {
  (pool.pop() ?? new Forward()).start(exchange, plan);
}

export class Forward implements UpstreamEvents, BodySink, ResponseFlow {
  /** Attempts that have failed. */
  attempts = 0;
  /** The server of this attempt. */
  origin: Origin | null = null;
  /** Anything a plan wants to know again: which server it chose. */
  note: unknown = undefined;
  /** When the attempt began, when it had its connection, and when its response began; monotonic ms. */
  chosenMs = 0;
  readyMs = 0;
  headMs = 0;
  /** Status of the server's response, 0 before. */
  status = 0;
  private exchange: Exchange | null = null;
  private plan: ForwardPlan | null = null;
  private upstream: UpstreamRequest | null = null;
  private hasBody = false;
  private bodyBegun = false;
  private answering = false;
  private tunnel = false;

  start(exchange: Exchange, plan: ForwardPlan): void {
    this.exchange = exchange;
    this.plan = plan;
    exchange.flow = this;
    const { request } = exchange;
    this.hasBody = request.body !== BodyKind.none;
    const protocol = request.upgrade ? request.fields.get(FieldId.upgrade) : undefined;
    request.removeHopByHop();
    if (request.body === BodyKind.stream) {
      request.setBody(
        request.contentLength >= 0 ? BodyKind.length : BodyKind.chunked,
        request.contentLength,
      );
    }
    if (protocol !== undefined) {
      request.fields.addKnown(FieldId.upgrade, protocol);
      request.fields.addKnown(FieldId.connection, 'upgrade');
    }
    plan.request(exchange);
    this.attempt();
    if (this.exchange === exchange && !exchange.isOver) exchange.request.retain();
  }

  // As the events of the upstream request.

  onReady(upstream: UpstreamRequest): void {
    const exchange = this.exchange as Exchange;
    this.upstream = upstream;
    upstream.send(exchange.request, !this.hasBody);
    if (!this.hasBody || this.bodyBegun) return;
    this.bodyBegun = true;
    exchange.receive(this);
  }

  onInterim(head: ResponseHead): void {
    head.removeHopByHop();
    this.exchange!.sink.interim(head);
  }

  onHead(head: ResponseHead, end: boolean): void {
    const exchange = this.exchange as Exchange;
    this.answering = true;
    this.status = head.status;
    const protocol = head.upgrade ? head.fields.get(FieldId.upgrade) : undefined;
    head.removeHopByHop();
    if (protocol !== undefined) head.fields.addKnown(FieldId.upgrade, protocol);
    this.tunnel = head.upgrade;
    this.plan!.response(exchange, head);
    if (end) this.over(undefined);
    exchange.sink.head(head, end);
    if (end) {
      exchange.sink.flush();
      return;
    }
    if (this.tunnel) {
      exchange.sink.flush();
      this.bodyBegun = true;
      exchange.receive(this);
    }
  }

  onData(bytes: Buffer, stays: boolean): boolean {
    return this.exchange!.sink.data(bytes, stays);
  }

  onEnd(trailers: Fields | null): void {
    const exchange = this.exchange as Exchange;
    const { tunnel, upstream } = this;
    this.over(undefined);
    exchange.sink.end(trailers);
    if (tunnel) upstream?.cancel();
  }

  onReadEnd(): void {
    this.exchange?.sink.flush();
  }

  onFailure(failure: UpstreamFailure, detail: string): void {
    const { exchange, plan } = this;
    if (exchange === null || plan === null) return;
    this.upstream = null;
    if (this.answering) {
      this.over(failure);
      exchange.sink.abort();
      return;
    }
    plan.attempted(exchange, this, failure);
    const replayable = !failure.sent || !this.hasBody;
    if (replayable && !this.bodyBegun && plan.mayRetry(exchange, this, failure)) {
      this.attempts++;
      this.attempt();
      return;
    }
    this.release();
    refuse(exchange, failure, detail);
  }

  // As the sink of the request's body.

  data(bytes: Buffer, stays: boolean): boolean {
    return this.upstream === null ? true : this.upstream.data(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.upstream?.end(trailers);
  }

  flush(): void {
    this.upstream?.flush();
  }

  abort(): void {
    this.onAbort();
  }

  // As the flow of the response, and of the upstream's drain.

  onDrain(): void {
    this.upstream?.resume();
    this.exchange?.resumeBody();
  }

  onAbort(): void {
    const { upstream, origin } = this;
    if (this.exchange === null) return;
    this.release();
    if (upstream !== null) upstream.cancel();
    else origin?.cancel(this);
  }

  private attempt(): void {
    const exchange = this.exchange as Exchange;
    this.origin = this.plan!.choose(exchange, this);
    if (this.origin !== null) {
      this.origin.request(this);
      return;
    }
    this.release();
    refuse(exchange, upstreamFailures.noServer, '');
  }

  private over(failure: UpstreamFailure | undefined): void {
    this.plan!.attempted(this.exchange as Exchange, this, failure);
    this.release();
  }

  private release(): void {
    const exchange = this.exchange as Exchange;
    if (exchange.flow === this) exchange.flow = null;
    this.exchange = null;
    this.plan = null;
    this.origin = null;
    this.upstream = null;
    this.note = undefined;
    this.attempts = 0;
    this.status = 0;
    this.hasBody = false;
    this.bodyBegun = false;
    this.answering = false;
    this.tunnel = false;
    if (pool.length < POOL_MAX) pool.push(this);
  }
}

function refuse(exchange: Exchange, failure: UpstreamFailure, _detail: string): void {
  if (exchange.isOver) return;
  answer(exchange, {
    status: failure.status,
    says: failure.says,
    ...(failure.status === 503 && { fields: [[FieldId.retryAfter, '1']] as const }),
  });
}
