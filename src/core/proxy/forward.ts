/**
 * Carries one exchange to a server and its response back.
 *
 *     start ─▶ choose ─▶ connecting ─onReady─▶ sent ─onHead─▶ answering ─onEnd─▶ over
 *               ▲ │ wait ─▶ (the plan calls `proceed` or `giveUp`)  │    └─▶ tunnel ─both ends─▶ over
 *               └─┴──────── failed, and the plan says again ◀───────┘
 *
 * Invariants: the client gets one response, or a connection that breaks where the server's did; what a server may
 * have seen is sent again only when the plan says so, and only while the client has got nothing; each target
 * that was chosen is told `ended` once; a source is resumed only when who takes from it is ready, since that may
 * be using its bytes; when it is over nothing is touched, the object belongs to the next exchange.
 */
import {
  answer,
  type BodySink,
  type Exchange,
  httpDate,
  type ResponseFlow,
  RestingPool,
} from '../http/index.ts';
import {
  type Origin,
  type UpstreamEvents,
  type UpstreamFailure,
  type UpstreamRequest,
  upstreamFailures,
} from '../upstream/index.ts';
import { BodyKind, FieldId, type Fields, MethodId, type ResponseHead } from '../wire/index.ts';
import { endpointsOf } from './client-endpoints.ts';
import { KeptBody } from './kept-body.ts';
import { isForUs, prepareRequest } from './request-head.ts';

/** A server that was chosen, with whatever its owner knows of it. */
export interface Target {
  readonly origin: Origin;
}

/** What became of one attempt. */
export interface AttemptOutcome {
  /** Undefined when the response came whole, or the client left. */
  readonly failure: UpstreamFailure | undefined;
  /** The client left before its end. */
  readonly abandoned: boolean;
}

/** What the owner of a route decides. One plan serves many exchanges at once. */
export interface ForwardPlan {
  /** Bytes of a request's body kept to be sent again; 0 for none. */
  readonly replayBytes: number;
  nowMs(): number;
  /** The target of the next attempt; null: there is none; 'wait': `proceed` or `giveUp` will be called. */
  choose(exchange: Exchange, forward: Forward): Target | null | 'wait';
  /** Not any more. */
  forgetWaiting(forward: Forward): void;
  /** Edits the request's head once; hop-by-hop fields are gone already. */
  request(exchange: Exchange): void;
  /** Edits the head of the response before it goes to the client. */
  response(exchange: Exchange, forward: Forward, head: ResponseHead): void;
  /** Milliseconds after which to try again, or -1. `head`: the response that has come, if one has. */
  retryAfterMs(
    exchange: Exchange,
    forward: Forward,
    failure: UpstreamFailure | undefined,
    head: ResponseHead | undefined,
  ): number;
  /** The attempt at `forward.target` is over. */
  ended(exchange: Exchange, forward: Forward, outcome: AttemptOutcome): void;
  /** Calls back after a while; for waits before retries. Returns what cancels it. */
  later(delayMs: number, run: () => void): () => void;
}

const pool = new RestingPool<Forward>(1024);
const WELL: AttemptOutcome = { failure: undefined, abandoned: false };
const ABANDONED: AttemptOutcome = { failure: undefined, abandoned: true };

/** Forwards an exchange; everything else happens by events. */
export function forward(exchange: Exchange, plan: ForwardPlan): void {
  const { method } = exchange.request;
  if ((method === MethodId.options || method === MethodId.trace) && isForUs(exchange)) return;
  (pool.take() ?? new Forward()).start(exchange, plan);
}

export class Forward implements UpstreamEvents, BodySink, ResponseFlow {
  /** Attempts begun. */
  attempts = 0;
  /** Where this attempt goes, and where earlier ones went. */
  target: Target | null = null;
  readonly tried: Target[] = [];
  /** A number of the plan's own for this attempt. */
  ticket = 0;
  /** When it was chosen, had its connection, and its response began; monotonic ms, 0 before. */
  chosenMs = 0;
  readyMs = 0;
  headMs = 0;
  /** Some of the request has been sent in this attempt. */
  sent = false;
  /** Status of the server's response, 0 before. */
  status = 0;
  private exchange: Exchange | null = null;
  private plan: ForwardPlan | null = null;
  private upstream: UpstreamRequest | null = null;
  /** Where a connection was asked for: a target may be given another origin meanwhile. */
  private origin: Origin | null = null;
  private hasBody = false;
  private bodyBegun = false;
  private readonly body = new KeptBody();
  private answering = false;
  private tunnel = false;
  /** Of a tunnel: which side has sent its last byte. */
  private clientEnded = false;
  private serverEnded = false;
  private cancelWait: (() => void) | null = null;
  private waiting = false;
  /** Its Origin is being asked: what comes of it comes at once. */
  private choosing = false;

  start(exchange: Exchange, plan: ForwardPlan): void {
    this.exchange = exchange;
    this.plan = plan;
    exchange.flow = this;
    const { request } = exchange;
    this.hasBody = request.body !== BodyKind.none;
    if (this.hasBody) this.body.begin(plan.replayBytes, request.contentLength);
    prepareRequest(exchange);
    plan.request(exchange);
    this.attempt();
  }

  /** Whether the body, if any, can be sent again. */
  get replayable(): boolean {
    return !this.hasBody || !this.bodyBegun || this.body.isWhole;
  }

  /** From the plan, behind 'wait': there may be room now. */
  proceed(): void {
    this.waiting = false;
    this.attempt();
  }

  /** From the plan, behind 'wait': the client is told. */
  giveUp(failure: UpstreamFailure): void {
    this.waiting = false;
    this.refuse(failure);
  }

  // As the events of the upstream request.

  onReady(upstream: UpstreamRequest): void {
    const exchange = this.exchange as Exchange;
    const plan = this.plan as ForwardPlan;
    this.upstream = upstream;
    // A kept connection is there at once, and no clock needs to be asked.
    this.readyMs = this.choosing ? this.chosenMs : plan.nowMs();
    this.sent = true;
    upstream.send(exchange.request, !this.hasBody);
    if (!this.hasBody) return;
    if (!this.bodyBegun) {
      this.bodyBegun = true;
      exchange.receive(this);
    } else if (!this.body.isWhole) {
      // More came while nobody took it than is kept.
      upstream.cancel();
      plan.ended(exchange, this, ABANDONED);
      this.target = null;
      this.refuse(upstreamFailures.reset);
    } else if (this.body.replay(upstream)) {
      exchange.resumeBody();
    }
  }

  onInterim(head: ResponseHead): void {
    head.removeHopByHop();
    this.exchange!.sink.interim(head);
  }

  onHead(head: ResponseHead, end: boolean): void {
    const exchange = this.exchange as Exchange;
    const plan = this.plan as ForwardPlan;
    this.headMs = plan.nowMs();
    this.status = head.status;
    // Its connection may carry another request by now.
    if (end) this.upstream = null;
    if (head.status >= 500 && this.replayable) {
      const afterMs = plan.retryAfterMs(exchange, this, undefined, head);
      if (afterMs >= 0) {
        this.upstream?.cancel();
        this.again(WELL, afterMs);
        return;
      }
    }
    this.answering = true;
    const { upgrade } = head;
    const protocol = upgrade ? head.fields.getList(FieldId.upgrade) : undefined;
    head.removeHopByHop();
    if (protocol !== undefined) head.fields.addKnown(FieldId.upgrade, protocol);
    // RFC 9110 section 6.6.1: whoever passes on a response without a date adds when it came.
    if (!head.fields.has(FieldId.date)) {
      head.fields.addKnown(FieldId.date, httpDate(exchange.wallMs()));
    }
    plan.response(exchange, this, head);
    if (upgrade) this.beginTunnel(exchange, head);
    else {
      if (end) this.over(WELL);
      exchange.sink.head(head, end);
      if (end) exchange.sink.flush();
    }
  }

  onData(bytes: Buffer, stays: boolean): boolean {
    return this.exchange === null ? true : this.exchange.sink.data(bytes, stays);
  }

  onEnd(trailers: Fields | null): void {
    const { exchange } = this;
    if (exchange === null) return;
    this.serverEnded = true;
    if (!this.tunnel) this.upstream = null;
    if (!this.tunnel || this.clientEnded) this.over(WELL);
    exchange.sink.end(trailers);
  }

  onReadEnd(): void {
    this.exchange?.sink.flush();
  }

  /** The server takes more of the request's body, so the client is read on. */
  onWritable(): void {
    if (this.upstream !== null) this.exchange?.resumeBody();
  }

  onFailure(failure: UpstreamFailure, _detail: string): void {
    const { exchange, plan } = this;
    if (exchange === null || plan === null) return;
    this.upstream = null;
    if (!failure.sent) this.sent = false;
    const outcome = { failure, abandoned: false };
    if (this.answering) {
      this.over(outcome);
      exchange.sink.abort();
      return;
    }
    const afterMs = plan.retryAfterMs(exchange, this, failure, undefined);
    if (afterMs >= 0) {
      this.again(outcome, afterMs);
      return;
    }
    plan.ended(exchange, this, outcome);
    this.target = null;
    this.refuse(failure);
  }

  // As the sink of the request's body.

  data(bytes: Buffer, stays: boolean): boolean {
    // Nobody wants the rest of a body that has been answered.
    if (this.exchange === null) return true;
    if (!this.tunnel) this.body.note(bytes);
    return this.upstream === null ? false : this.upstream.data(bytes, stays);
  }

  end(trailers: Fields | null): void {
    if (this.exchange === null) return;
    this.body.noteEnd(trailers);
    const { upstream } = this;
    if (this.tunnel) {
      this.clientEnded = true;
      if (this.serverEnded) this.over(WELL);
    }
    upstream?.end(trailers);
  }

  flush(): void {
    this.upstream?.flush();
  }

  abort(): void {
    this.onAbort();
  }

  // As the flow of the response.

  /** The client takes more of the response, so the server is read on. */
  onDrain(): void {
    this.upstream?.resume();
  }

  onAbort(): void {
    const { upstream, target, exchange, plan } = this;
    if (exchange === null) return;
    if (this.waiting) plan!.forgetWaiting(this);
    if (upstream !== null) upstream.cancel();
    else this.origin?.cancel(this);
    if (target !== null) plan!.ended(exchange, this, ABANDONED);
    this.release();
  }

  private beginTunnel(exchange: Exchange, head: ResponseHead): void {
    this.tunnel = true;
    exchange.sink.head(head, false);
    // The client may be gone by now.
    if (this.exchange !== exchange) return;
    exchange.sink.flush();
    exchange.receive(this);
  }

  private attempt(): void {
    const exchange = this.exchange as Exchange;
    const plan = this.plan as ForwardPlan;
    const target = plan.choose(exchange, this);
    if (target === 'wait') {
      this.waiting = true;
      return;
    }
    if (target === null) {
      this.refuse(upstreamFailures.noServer);
      return;
    }
    this.attempts++;
    this.target = target;
    this.tried.push(target);
    this.sent = false;
    this.status = 0;
    this.readyMs = 0;
    this.headMs = 0;
    this.chosenMs = plan.nowMs();
    const { origin } = target;
    this.origin = origin;
    this.choosing = true;
    origin.request(this, origin.tellsClient ? endpointsOf(exchange) : null);
    this.choosing = false;
  }

  /** This attempt is over, another one follows. */
  private again(outcome: AttemptOutcome, afterMs: number): void {
    const exchange = this.exchange as Exchange;
    const plan = this.plan as ForwardPlan;
    plan.ended(exchange, this, outcome);
    this.target = null;
    this.upstream = null;
    this.origin = null;
    // Inside an event of the last attempt's connection: it has to come to its end first.
    this.cancelWait = plan.later(afterMs, () => {
      this.cancelWait = null;
      this.attempt();
    });
  }

  private over(outcome: AttemptOutcome): void {
    this.plan!.ended(this.exchange as Exchange, this, outcome);
    this.release();
  }

  private refuse(failure: UpstreamFailure): void {
    const exchange = this.exchange as Exchange;
    this.release();
    answer(exchange, {
      status: failure.status,
      says: failure.says,
      ...(failure.status === 503 && { fields: [[FieldId.retryAfter, '1']] as const }),
    });
  }

  private release(): void {
    const exchange = this.exchange as Exchange;
    if (exchange.flow === this) exchange.flow = null;
    this.cancelWait?.();
    this.cancelWait = null;
    this.exchange = null;
    this.plan = null;
    this.target = null;
    this.upstream = null;
    this.origin = null;
    this.tried.length = 0;
    this.attempts = 0;
    this.ticket = 0;
    this.sent = false;
    this.status = 0;
    this.chosenMs = 0;
    this.readyMs = 0;
    this.headMs = 0;
    const bodyComes = this.bodyBegun && !exchange.isOver && !exchange.bodyEnded;
    this.hasBody = false;
    this.bodyBegun = false;
    this.answering = false;
    this.tunnel = false;
    this.clientEnded = false;
    this.serverEnded = false;
    this.waiting = false;
    this.body.reset();
    // A body that still comes is given to this object until its exchange is over.
    if (!bodyComes) pool.give(this);
  }
}
