/**
 * A pool at work: chooses servers for exchanges, keeps connections to them, and learns from what comes of it.
 *
 *     choose ─▶ session's server? ─▶ policy ─▶ a server, or wait for room, or none
 *     ended  ─▶ attempts (load, breaker, latency), outliers, counters ─▶ whoever waits
 *
 * Invariants: every `began` is followed by one `ended`; a server keeps its counts and its connections through
 * every change of settings but that of its address; who waits is told in the order in which they came, after
 * `queueMs` at the latest.
 */
import { emptyList } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type {
  Attempt,
  AttemptOutcome,
  Forward,
  ForwardPlan,
  ProxyFields,
  Target,
} from '../../core/proxy/index.ts';
import { NO_DEADLINE, type RetryBudget } from '../../core/resilience/index.ts';
import type {
  Clock,
  ListenAddress,
  Network,
  Random,
  Timer,
  TlsClient,
} from '../../core/runtime/index.ts';
import { type Origin, type UpstreamFailure, upstreamFailures } from '../../core/upstream/index.ts';
import { FieldId, isIdempotent, type ResponseHead } from '../../core/wire/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { asksForWebSocket } from '../draining/under-way.ts';
import { WebSocketTap } from '../draining/web-socket-tap.ts';
import { Outliers } from '../health/outliers.ts';
import { SlowStarts } from '../health/slow-start.ts';
import { hashAddress, NO_KEY } from '../keys/hash.ts';
import { decideBinding } from '../persistence/binding.ts';
import { type AttemptResult, Attempts } from '../policies/attempts.ts';
import { Chooser } from '../policies/chooser.ts';
import { Choice } from '../policies/policy.ts';
import { policyTable } from '../policies/policy-table.ts';
import { decideHedge } from '../retries/hedge-decision.ts';
import { parseRetryAfter } from '../retries/retry-after.ts';
import { decideRetry, type RetryRules } from '../retries/retry-decision.ts';
import { levelDefaults } from '../servers/level-shares.ts';
import { Pool } from '../servers/pool.ts';
import type { Server, ServerSpec } from '../servers/server.ts';
import { AttemptTimes } from './attempt-times.ts';
import { Backend } from './backend.ts';
import { FallbackPlan } from './fallback-plan.ts';
import {
  equip,
  isOurs,
  mayRetry,
  newBudget,
  newOrigin,
  originLimits,
  outlierOptions,
  retryRulesOf,
  slowStartOptions,
} from './pool-rules.ts';
import { type KeyOf, keyOf } from './request-key.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { WaitingLine } from './waiting-line.ts';

export interface PoolContext {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What servers are told of client and balancer; swapped by a live change. */
  readonly proxyFields: { current: ProxyFields };
}

/** A server as settings or discovery name it. */
export interface Member {
  readonly spec: ServerSpec;
  readonly address: ListenAddress;
  readonly state: 'up' | 'draining' | 'maintenance';
}

export interface SessionEnd {
  readonly ticket: number;
  readonly result: AttemptResult;
  readonly latencyMs: number;
  readonly nowMs: number;
}

const TICK_MS = 100;
const GATEWAY_ERRORS = new Set([502, 503, 504]);

export class PoolRuntime implements ForwardPlan {
  readonly name: string;
  settings: PoolSettings;
  readonly pool: Pool;
  slowStarts: SlowStarts;
  outliers: Outliers;
  readonly backends = new Map<Server, Backend>();
  /** Whether an operator drains a server, whatever settings and discovery say of it. */
  isDraining: (server: Server) => boolean = () => false;
  /** Backends that have left and still carry requests. */
  readonly leaving = new Set<Backend>();
  readonly times: AttemptTimes = new AttemptTimes();
  retries = 0;
  hedges = 0;
  queuedTotal = 0;
  refused = 0;
  private readonly context: PoolContext;
  private chooser: Chooser;
  private attempts: Attempts;
  private budget: RetryBudget;
  private sessions: Sessions | null;
  private keyOf: KeyOf;
  private retryRules: RetryRules;
  /** What its servers are spoken to with; undefined: no TLS. */
  tls: TlsClient | undefined;
  private readonly choice = new Choice();
  private readonly avoid: Server[] = [];
  private readonly line = new WaitingLine();
  private timer: Timer | null = null;
  private fallback: FallbackPlan | null = null;

  constructor(settings: PoolSettings, tls: TlsClient | undefined, context: PoolContext) {
    const { clock, random } = context;
    this.name = settings.name;
    this.settings = settings;
    this.context = context;
    this.tls = tls;
    this.pool = new Pool([], { ...levelDefaults, panicShare: settings.panicShare });
    this.slowStarts = new SlowStarts(this.pool, slowStartOptions(settings));
    this.outliers = new Outliers(
      this.pool,
      outlierOptions(settings),
      clock.monotonicMs(),
      this.slowStarts,
    );
    this.chooser = this.newChooser();
    this.attempts = new Attempts(this.pool, this.chooser);
    this.budget = newBudget(settings);
    this.sessions = createSessions(settings, random);
    this.keyOf = keyOf(settings);
    this.retryRules = retryRulesOf(settings);
  }

  /** Takes other settings; members are set by `setMembers`. */
  apply(settings: PoolSettings, tls: TlsClient | undefined): void {
    const before = this.settings;
    this.settings = settings;
    this.keyOf = keyOf(settings);
    this.retryRules = retryRulesOf(settings);
    if (before.policy !== settings.policy || before.boundFactor !== settings.boundFactor) {
      this.chooser = this.newChooser();
      this.attempts = new Attempts(this.pool, this.chooser);
    }
    if (before.panicShare !== settings.panicShare) this.pool.setPanicShare(settings.panicShare);
    if (!same(before.retries, settings.retries)) this.budget = newBudget(settings);
    const slowStarts = before.health.slowStartMs !== settings.health.slowStartMs;
    if (slowStarts) {
      for (const server of this.pool.servers) {
        this.pool.setShare(server, 1);
        this.pool.set(server, 'starting', false);
      }
      this.slowStarts = new SlowStarts(this.pool, slowStartOptions(settings));
    }
    if (slowStarts || !same(before.outliers, settings.outliers)) {
      const nowMs = this.context.clock.monotonicMs();
      this.outliers = new Outliers(this.pool, outlierOptions(settings), nowMs, this.slowStarts);
      if (!settings.outliers.enabled) this.outliers.takeBack();
    }
    // Secrets show alike; sessions are bound anew when anything about them has changed.
    const { persistence } = settings;
    const key = persistence.key?.reveal() !== before.persistence.key?.reveal();
    if (key || !same({ ...before.persistence, key: '' }, { ...persistence, key: '' })) {
      this.sessions = createSessions(settings, this.context.random);
      this.sessions?.know(this.pool.servers);
    }
    for (const { server, origin } of this.backends.values()) {
      origin.limits = originLimits(settings, this.isDraining(server));
      equip(server, settings);
    }
    const { protocol, proxyProtocol, source } = before.upstream;
    const { upstream } = settings;
    const speaks = protocol === upstream.protocol && proxyProtocol === upstream.proxyProtocol;
    if (this.tls !== tls || !speaks || source !== upstream.source) {
      this.tls = tls;
      for (const backend of this.backends.values()) this.renew(backend);
    }
  }

  /** Takes a whole new list of servers; those that stay keep what they have. */
  setMembers(members: readonly Member[]): readonly Server[] {
    const { pool } = this;
    const addresses = new Map(members.map(({ spec, address }) => [spec.name, address]));
    const moved = new Set<string>();
    for (const { spec } of members) {
      const known = pool.find(spec.name);
      if (known !== undefined && (known.host !== spec.host || known.port !== spec.port)) {
        moved.add(spec.name);
      }
    }
    const { added, removed } = pool.replace(members.map(({ spec }) => spec));
    for (const server of removed) this.leave(server);
    for (const server of added) {
      equip(server, this.settings);
      const address = addresses.get(server.name) as ListenAddress;
      this.backends.set(server, new Backend(server, this.originOf(server, address)));
    }
    for (const name of moved) {
      const backend = this.backends.get(pool.find(name) as Server) as Backend;
      this.renew(backend, addresses.get(name) as ListenAddress);
    }
    pool.together(() => {
      for (const { spec, state } of members) {
        const server = pool.find(spec.name) as Server;
        pool.set(server, 'draining', state === 'draining' || this.isDraining(server));
        pool.set(server, 'maintenance', state === 'maintenance');
      }
    });
    this.sessions?.know(pool.servers);
    this.line.serve();
    return added;
  }

  /** Requests that wait for a server. */
  get queued(): number {
    return this.line.length;
  }

  start(): void {
    this.arm();
  }

  /** No new work; connections that carry something carry it to its end. */
  retire(): void {
    this.line.dismiss(upstreamFailures.drained);
    for (const { origin } of this.backends.values()) origin.drain();
    if (this.timer !== null) this.context.clock.clearTimer(this.timer);
    this.timer = null;
  }

  /** Ends everything. */
  close(): void {
    if (this.timer !== null) this.context.clock.clearTimer(this.timer);
    this.timer = null;
    this.line.dismiss(upstreamFailures.drained);
    for (const { origin } of [...this.backends.values(), ...this.leaving]) origin.close();
  }

  // For layer 4.

  /** A server for a session; those that were tried only when there is no other. */
  chooseServer(address: string, tried: readonly Server[], nowMs: number): Server | undefined {
    const { choice, sessions } = this;
    if (tried.length === 0) {
      this.budget.request(nowMs);
      const bound = sessions?.ofAddress?.(address, nowMs);
      // Layer 4 has no queue: a session whose server is full is refused, as where all are.
      const decision = bound === undefined ? 'rebind' : decideBinding(bound, sessions!.strict);
      if (decision !== 'rebind') return decision === 'use' ? bound : undefined;
    }
    choice.key = policyTable[this.settings.policy].keyed ? hashAddress(address) : NO_KEY;
    choice.nowMs = nowMs;
    choice.avoid = tried;
    let server = this.chooser.choose(choice);
    if (server === undefined && tried.length > 0) {
      choice.avoid = [];
      server = this.chooser.choose(choice);
    }
    if (server !== undefined) sessions?.bindAddress?.(address, server, nowMs);
    return server;
  }

  mayRetrySession(attempts: number, nowMs: number): boolean {
    return attempts < this.settings.retries.attempts && this.budget.take(nowMs);
  }

  sessionBegan(server: Server, nowMs: number): number {
    this.backendOf(server).requests++;
    return this.attempts.began(server, nowMs);
  }

  sessionEnded(server: Server, { ticket, result, latencyMs, nowMs }: SessionEnd): void {
    const backend = this.backendOf(server);
    this.attempts.ended(server, ticket, result, latencyMs, nowMs);
    if (result === 'success') backend.successes++;
    else if (result === 'failure') backend.failures++;
    else backend.abandoned++;
    if (result !== 'unknown' && this.settings.outliers.enabled) {
      const answer = result === 'success' ? 'success' : 'gateway-error';
      if (this.outliers.answered(server, answer, nowMs)) this.ejected(server);
    }
    if (server.member === -1) this.forgetLeft(backend);
  }

  /** Of a server of the pool, or of one that has left and still carries work. */
  backendOf(server: Server): Backend {
    const found = this.backends.get(server);
    if (found !== undefined) return found;
    for (const backend of this.leaving) if (backend.server === server) return backend;
    throw new Error(`server ${server.name} has left the pool ${this.name} with nothing under way`);
  }

  // As a ForwardPlan.

  get replayBytes(): number {
    return this.settings.retries.attempts > 1 ? this.settings.retries.bodyBytes : 0;
  }

  get hedgeAfterMs(): number {
    return this.settings.retries.hedgeMs;
  }

  nowMs(): number {
    return this.context.clock.monotonicMs();
  }

  choose(exchange: Exchange, forward: Forward, nowMs: number): Target | null | 'wait' {
    const { host } = this.settings.upstream;
    if (host !== undefined) exchange.request.setHostField(host);
    if (forward.attempts === 0) this.budget.request(nowMs);
    const bound = this.bound(exchange, forward, nowMs);
    if (bound === 'wait') return this.wait(forward, nowMs);
    if (bound === 'refuse') return null;
    const choice = this.choiceFor(exchange, forward, nowMs);
    const server = bound ?? this.chooser.choose(choice) ?? this.chooseTried(forward);
    if (server !== undefined) return this.begin(server, exchange, forward.current, nowMs);
    return this.chooser.whyNone(choice) === 'all-full' ? this.wait(forward, nowMs) : null;
  }

  hedge(exchange: Exchange, forward: Forward, attempt: Attempt, nowMs: number): Target | null {
    // A session belongs to one server, however slow that is.
    if (this.sessions !== null) return null;
    const server = this.chooser.choose(this.choiceFor(exchange, forward, nowMs));
    const decision = decideHedge(
      {
        attempts: forward.attempts,
        idempotent: isIdempotent(exchange.request.method),
        otherServer: server !== undefined,
      },
      this.settings.retries.attempts,
      this.budget,
      nowMs,
    );
    if (decision !== 'hedge') return null;
    this.hedges++;
    return this.begin(server as Server, exchange, attempt, nowMs);
  }

  /** Any server but those that were tried. */
  private choiceFor(exchange: Exchange, forward: Forward, nowMs: number): Choice {
    const { choice, avoid } = this;
    emptyList(avoid);
    for (const target of forward.tried) avoid.push((target as Backend).server);
    choice.avoid = avoid;
    choice.nowMs = nowMs;
    choice.key = this.keyOf(exchange);
    return choice;
  }

  /** Whether a target is a server of this pool, or was. */
  owns(target: Target): boolean {
    const backend = target as Backend;
    return this.backends.get(backend.server) === backend || this.leaving.has(backend);
  }

  /** Itself, with another pool for what it can not take; the same object for the same pool. */
  before(second: PoolRuntime): FallbackPlan {
    if (this.fallback?.second !== second) this.fallback = new FallbackPlan(this, second);
    return this.fallback;
  }

  forgetWaiting(forward: Forward): void {
    this.line.leave(forward);
  }

  request(exchange: Exchange): void {
    exchange.journey.pool = this.name;
    this.context.proxyFields.current.add(exchange);
  }

  response(exchange: Exchange, forward: Forward, head: ResponseHead): void {
    if (head.status === 101 && asksForWebSocket(exchange)) {
      exchange.sink = new WebSocketTap(exchange.sink);
    }
    const { target, headMs } = forward.current;
    const { server } = target as Backend;
    exchange.server = server.name;
    this.sessions?.answered(exchange, server, head, headMs);
  }

  retryAfterMs(
    exchange: Exchange,
    forward: Forward,
    failure: UpstreamFailure | undefined,
    head: ResponseHead | undefined,
    isMore = false,
  ): number {
    const { request } = exchange;
    const { current } = forward;
    const status = head?.status ?? 0;
    if (status !== 0 && !this.retryRules.statuses.includes(status)) return -1;
    const otherServer = isMore || this.hasOther(forward);
    if (!mayRetry(failure, otherServer)) return -1;
    const retryAfter = head?.fields.get(FieldId.retryAfter);
    const nowMs = this.nowMs();
    const decision = decideRetry(
      {
        number: forward.attempts,
        sent: failure !== undefined && !failure.sent && !current.sent ? 'nothing' : 'some',
        status,
        retryAfterMs:
          retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, exchange.wallMs()),
        idempotent: isIdempotent(request.method),
        bodyReplayable: forward.replayable,
        answerBegun: false,
        otherServer,
        deadline: NO_DEADLINE,
      },
      this.retryRules,
      this.budget,
      this.context.random,
      nowMs,
    );
    if (!decision.retry) return -1;
    this.retries++;
    (current.target as Backend).retries++;
    return decision.afterMs;
  }

  ended(
    exchange: Exchange,
    attempt: Attempt,
    { failure, abandoned }: AttemptOutcome,
    nowMs: number,
  ): void {
    const backend = attempt.target as Backend;
    const { server } = backend;
    const { status, headMs, chosenMs } = attempt;
    const bad = failure !== undefined || GATEWAY_ERRORS.has(status);
    const isSilent = abandoned || isOurs(failure);
    const result = isSilent ? 'unknown' : bad ? 'failure' : 'success';
    const latencyMs = headMs > 0 ? headMs - chosenMs : Number.NaN;
    this.attempts.ended(server, attempt.ticket, result, latencyMs, nowMs);
    if (abandoned) backend.abandoned++;
    else if (bad) backend.failures++;
    else backend.successes++;
    if (failure !== undefined) count(backend.reasons, failure.name);
    if (status !== 0) backend.statuses[Math.floor(status / 100)]!++;
    if (!isSilent && this.settings.outliers.enabled) {
      const answer = bad ? 'gateway-error' : status >= 500 ? 'error' : 'success';
      if (this.outliers.answered(server, answer, nowMs)) this.ejected(server);
    }
    this.times.measure(exchange, attempt, failure);
    if (result === 'success') this.times.total.record(nowMs - exchange.startedMs);
    backend.attempts.delete(attempt);
    if (server.member === -1) this.forgetLeft(backend);
    this.line.serve();
  }

  later(delayMs: number, run: () => void): () => void {
    const { clock } = this.context;
    const timer = clock.setTimer(delayMs, run);
    return () => clock.clearTimer(timer);
  }

  /** The server of the request's session, if it has one and that may be used. */
  private bound(
    exchange: Exchange,
    forward: Forward,
    nowMs: number,
  ): Server | undefined | 'wait' | 'refuse' {
    const { sessions } = this;
    if (sessions === null || forward.attempts > 0) return undefined;
    const server = sessions.find(exchange, nowMs);
    if (server === undefined) return undefined;
    const decision = decideBinding(server, sessions.strict);
    if (decision === 'use') return server;
    return decision === 'rebind' ? undefined : decision;
  }

  /** A pool of one has nobody else to ask. */
  private chooseTried(forward: Forward): Server | undefined {
    if (forward.tried.length === 0) return undefined;
    const { choice } = this;
    choice.avoid = [];
    return this.chooser.choose(choice);
  }

  private begin(server: Server, exchange: Exchange, attempt: Attempt, nowMs: number): Backend {
    const backend = this.backends.get(server) as Backend;
    attempt.ticket = this.attempts.began(server, nowMs);
    backend.requests++;
    attempt.exchange = exchange;
    backend.attempts.add(attempt);
    exchange.server = server.name;
    return backend;
  }

  private wait(forward: Forward, nowMs: number): null | 'wait' {
    const { queueMax } = this.settings.upstream;
    if (this.line.length >= queueMax * Math.max(1, this.pool.size)) {
      this.refused++;
      return null;
    }
    this.queuedTotal++;
    this.line.join(forward, nowMs);
    return 'wait';
  }

  /** Whether there is a server that was not tried. */
  hasOther(forward: Forward): boolean {
    for (const level of this.pool.levels) {
      for (const server of level.candidates) {
        if (!forward.tried.some((target) => (target as Backend).server === server)) return true;
      }
    }
    return false;
  }

  private ejected(server: Server): void {
    this.context.log.warn('a server is ejected: it answers worse than others', {
      pool: this.name,
      server: server.name,
    });
  }

  private leave(server: Server): void {
    const backend = this.backends.get(server);
    this.backends.delete(server);
    this.slowStarts.forget(server);
    this.sessions?.forget(server);
    if (backend === undefined) return;
    backend.origin.drain();
    if (server.active > 0) this.leaving.add(backend);
    this.context.log.info('a server has left', { pool: this.name, server: server.name });
  }

  private forgetLeft(backend: Backend): void {
    if (backend.server.active === 0) this.leaving.delete(backend);
  }

  /** New connections; the old ones carry what they carry to its end. */
  renew(backend: Backend, address: ListenAddress = backend.origin.address): void {
    backend.renew(this.originOf(backend.server, address));
  }

  private originOf(server: Server, address: ListenAddress): Origin {
    const { context, settings, tls } = this;
    return newOrigin({ ...context, settings, tls, address, draining: this.isDraining(server) });
  }

  private newChooser(): Chooser {
    const { policy, boundFactor } = this.settings;
    return new Chooser(this.pool, this.context.random, { policy, boundFactor });
  }

  private arm(): void {
    this.timer = this.context.clock.setTimer(TICK_MS, () => this.tick());
    this.timer.unref();
  }

  private tick(): void {
    const nowMs = this.nowMs();
    this.attempts.tick(nowMs);
    this.outliers.tick(nowMs);
    this.slowStarts.tick(nowMs);
    const { queueMs } = this.settings.upstream;
    this.line.expire(nowMs - queueMs);
    this.line.serve();
    this.arm();
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Of settings, which are plain values. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
