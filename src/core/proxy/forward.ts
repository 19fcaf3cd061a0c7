/**
 * Carries one exchange to a server and its response back.
 *
 *     start ─▶ choose ─▶ connecting ─onReady─▶ sent ─onHead─▶ answering ─onEnd─▶ over
 *               ▲ │ wait ─▶ (the plan calls `proceed` or `giveUp`)  │    └─▶ tunnel ─both ends─▶ over
 *               └─┴──────── failed, and the plan says again ◀───────┘
 *
 * A request without a body that takes long may be hedged: another attempt runs beside the first, whichever
 * answers first goes on alone, and one that fails leaves the other.
 *
 * Invariants: the client gets one response, or a connection that breaks where the server's did; what a server may
 * have seen is sent again only when the plan says so, and only while the client has got nothing; each target
 * that was chosen is told `ended` once; a source is resumed only when who takes from it is ready, since that may
 * be using its bytes; when it is over nothing is touched, the object belongs to the next exchange.
 */
import { emptyList } from '../base/index.ts';
import {
  answer,
  type BodySink,
  type Exchange,
  httpDate,
  type ResponseFlow,
  RestingPool,
} from '../http/index.ts';
import { type UpstreamFailure, type UpstreamRequest, upstreamFailures } from '../upstream/index.ts';
import { BodyKind, FieldId, type Fields, MethodId, type ResponseHead } from '../wire/index.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { endpointsOf } from './client-endpoints.ts';
import { KeptBody } from './kept-body.ts';
import type { AttemptOutcome, ForwardPlan, Target } from './plan.ts';
import { isForUs, prepareRequest } from './request-head.ts';

const pool = new RestingPool<Forward>(1024);
const WELL: AttemptOutcome = { failure: undefined, abandoned: false };
const ABANDONED: AttemptOutcome = { failure: undefined, abandoned: true };

/** Forwards an exchange; everything else happens by events. */
export function forward(exchange: Exchange, plan: ForwardPlan): void {
  const { method } = exchange.request;
  if ((method === MethodId.options || method === MethodId.trace) && isForUs(exchange)) return;
  (pool.take() ?? new Forward()).start(exchange, plan);
}

export class Forward implements AttemptOwner, BodySink, ResponseFlow {
  /** Attempts begun. */
  attempts = 0;
  /** Where attempts went, the current one's target last unless it is hedged. */
  readonly tried: Target[] = [];
  /** The attempt that counts: of two that race the older one, until the other has answered. */
  current: Attempt = new Attempt(this);
  /** Races the current one while it has a target. */
  private rival: Attempt | null = null;
  private exchange: Exchange | null = null;
  private plan: ForwardPlan | null = null;
  private hasBody = false;
  private bodyBegun = false;
  private readonly body = new KeptBody();
  private answering = false;
  private tunnel = false;
  /** Of a tunnel: which side has sent its last byte. */
  private clientEnded = false;
  private serverEnded = false;
  private cancelWait: (() => void) | null = null;
  private cancelHedge: (() => void) | null = null;
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

  // As the owner of attempts.

  onReady(attempt: Attempt): void {
    const exchange = this.exchange as Exchange;
    const plan = this.plan as ForwardPlan;
    const upstream = attempt.upstream as UpstreamRequest;
    // A kept connection is there at once, and no clock needs to be asked.
    attempt.readyMs = this.choosing ? attempt.chosenMs : plan.nowMs();
    attempt.sent = true;
    upstream.send(exchange.request, !this.hasBody);
    if (!this.hasBody) return;
    if (!this.bodyBegun) {
      this.bodyBegun = true;
      exchange.receive(this);
    } else if (!this.body.isWhole) {
      // More came while nobody took it than is kept.
      upstream.cancel();
      this.drop(attempt, ABANDONED);
      this.refuse(upstreamFailures.reset);
    } else if (this.body.replay(upstream)) {
      exchange.resumeBody();
    }
  }

  onInterim(attempt: Attempt, head: ResponseHead): void {
    if (attempt !== this.current) return;
    head.removeHopByHop();
    this.exchange!.sink.interim(head);
  }

  onHead(attempt: Attempt, head: ResponseHead, end: boolean): void {
    const exchange = this.exchange as Exchange;
    const plan = this.plan as ForwardPlan;
    attempt.headMs = plan.nowMs();
    attempt.headComes = true;
    attempt.status = head.status;
    if (head.status >= 500 && this.isHedged) {
      // The other one may do better.
      attempt.upstream?.cancel();
      this.drop(attempt, WELL);
      return;
    }
    this.race(attempt);
    if (head.status >= 500 && this.replayable) {
      const afterMs = plan.retryAfterMs(exchange, this, undefined, head);
      if (afterMs >= 0) {
        attempt.upstream?.cancel();
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
    if (!this.tunnel) this.current.upstream = null;
    if (!this.tunnel || this.clientEnded) this.over(WELL);
    exchange.sink.end(trailers);
  }

  onReadEnd(): void {
    this.current.headComes = false;
    this.exchange?.sink.flush();
  }

  /** The server takes more of the request's body, so the client is read on. */
  onWritable(): void {
    if (this.current.upstream !== null) this.exchange?.resumeBody();
  }

  onFailure(attempt: Attempt, failure: UpstreamFailure): void {
    const { exchange, plan } = this;
    if (exchange === null || plan === null) return;
    const outcome = { failure, abandoned: false };
    if (this.isHedged) {
      this.drop(attempt, outcome);
      return;
    }
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
    this.drop(attempt, outcome);
    this.refuse(failure);
  }

  // As the sink of the request's body.

  data(bytes: Buffer, stays: boolean): boolean {
    // Nobody wants the rest of a body that has been answered.
    if (this.exchange === null) return true;
    if (!this.tunnel) this.body.note(bytes);
    const { upstream } = this.current;
    return upstream === null ? false : upstream.data(bytes, stays);
  }

  end(trailers: Fields | null): void {
    if (this.exchange === null) return;
    this.body.noteEnd(trailers);
    const { upstream } = this.current;
    if (this.tunnel) {
      this.clientEnded = true;
      if (this.serverEnded) this.over(WELL);
    }
    upstream?.end(trailers);
  }

  flush(): void {
    this.current.upstream?.flush();
  }

  abort(): void {
    this.onAbort();
  }

  // As the flow of the response.

  /** The client takes more of the response, so the server is read on. */
  onDrain(): void {
    this.current.upstream?.resume();
  }

  onAbort(): void {
    if (this.exchange === null) return;
    if (this.waiting) this.plan!.forgetWaiting(this);
    if (this.isHedged) this.lose(this.rival as Attempt);
    if (this.current.target !== null) this.lose(this.current);
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
    const nowMs = plan.nowMs();
    const target = plan.choose(exchange, this, nowMs);
    if (target === 'wait') {
      this.waiting = true;
      return;
    }
    if (target === null) {
      this.refuse(upstreamFailures.noServer);
      return;
    }
    if (plan.hedgeAfterMs > 0 && this.attempts === 0 && !this.hasBody) {
      this.cancelHedge = plan.later(plan.hedgeAfterMs, () => this.hedge());
    }
    this.begin(this.current, target, nowMs);
  }

  private begin(attempt: Attempt, target: Target, nowMs: number): void {
    this.attempts++;
    this.tried.push(target);
    attempt.begin(target, this.attempts, nowMs);
    const { origin } = target;
    this.choosing = true;
    const client = origin.tellsClient ? endpointsOf(this.exchange as Exchange) : null;
    origin.request(attempt, client);
    this.choosing = false;
  }

  // Two attempts at once.

  private get isHedged(): boolean {
    return this.rival !== null && this.rival.target !== null;
  }

  /** The time of the first attempt is up. */
  private hedge(): void {
    this.cancelHedge = null;
    this.rival ??= new Attempt(this);
    const plan = this.plan as ForwardPlan;
    const nowMs = plan.nowMs();
    const target = plan.hedge(this.exchange as Exchange, this, this.rival, nowMs);
    if (target !== null) this.begin(this.rival, target, nowMs);
  }

  /** The first that answers goes on alone. */
  private race(winner: Attempt): void {
    this.cancelHedge?.();
    this.cancelHedge = null;
    if (!this.isHedged) return;
    this.lose(winner === this.current ? (this.rival as Attempt) : this.current);
  }

  /** It is not wanted any more. */
  private lose(attempt: Attempt): void {
    attempt.cancel();
    this.drop(attempt, ABANDONED);
  }

  /** An attempt is over; when another one runs, that is the current one from now on. */
  private drop(attempt: Attempt, outcome: AttemptOutcome): void {
    const plan = this.plan as ForwardPlan;
    const nowMs = attempt.headComes ? attempt.headMs : plan.nowMs();
    plan.ended(this.exchange as Exchange, attempt, outcome, nowMs);
    attempt.reset();
    if (attempt !== this.current || !this.isHedged) return;
    this.current = this.rival as Attempt;
    this.rival = attempt;
  }

  /** This attempt is over, another one follows. */
  private again(outcome: AttemptOutcome, afterMs: number): void {
    const plan = this.plan as ForwardPlan;
    this.cancelHedge?.();
    this.cancelHedge = null;
    this.drop(this.current, outcome);
    // Inside an event of the last attempt's connection: it has to come to its end first.
    this.cancelWait = plan.later(afterMs, () => {
      this.cancelWait = null;
      this.attempt();
    });
  }

  private over(outcome: AttemptOutcome): void {
    this.drop(this.current, outcome);
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
    this.cancelHedge?.();
    this.cancelHedge = null;
    this.exchange = null;
    this.plan = null;
    emptyList(this.tried);
    this.attempts = 0;
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
