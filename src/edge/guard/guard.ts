/**
 * The stage `guard`: holds back who asks too much, who misbehaves and who is not wanted, before anything else is done
 * for a request.
 *
 *     request ─▶ allowed? ─▶ denied, blocked ─▶ attack limits ─▶ rule's limits ─▶ ranges ─▶ task ─▶ next
 *
 * Invariants: what is remembered takes `memory` and no more, however many clients there are; a request that is let
 * through allocates nothing here; who is in allow_networks is never held back; each mitigation has a reason that is
 * counted and stands as `failure` in the access log. Hot: bench/edge-guard.ts.
 *
 * Whoever owns the listeners asks `admits` for each connection and tells of each request's end by `ended`: without
 * that there are no limits of requests under way and of bytes, and no penalties for timeouts and resets.
 */
import type { RequestEnding } from '../../core/downstream/index.ts';
import type { Exchange, Handler, StageMaker } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Random, Timer } from '../../core/runtime/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import { Blocks } from './blocks.ts';
import { Challenge, takeSolution } from './challenge.ts';
import type { GeoLookup } from './geo-lookup.ts';
import { GuardCounts } from './guard-counts.ts';
import { DEFAULT_RULE, type GuardRuleSettings, type GuardSettings } from './guard-fields.ts';
import { GuardLog } from './guard-log.ts';
import type { GuardShown } from './guard-shown.ts';
import { Places } from './places.ts';
import { hashPrefix, type PrefixKind, prefixText, visitorText } from './prefixes.ts';
import { isRangeFlood } from './ranges.ts';
import { type DoorMitigation, type Misdeed, type Mitigation, mitigationTable } from './reasons.ts';
import { refuse, setTask } from './refusal.ts';
import { Limited, RuleLimits } from './rule-limits.ts';
import { Sketch } from './sketch.ts';
import { Visitor } from './visitor.ts';
import { Asked, Watch } from './watch.ts';

export interface GuardContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly geo?: GeoLookup;
  /** What solved tasks are signed with where the settings have no key; absent: a key of this process alone. */
  readonly taskKey?: Buffer;
  /** Share of the capacity that is in use, 0 to 1; undefined: nobody knows. */
  load?(): number | undefined;
}

/** A rule under its name, as stages hold it. */
interface RuleRef {
  current: GuardRuleSettings;
  readonly id: number;
}

/** Between two looks at rates, milliseconds. */
const TICK_MS = 100;
/** The same client and rule stand in the log once in this time, milliseconds. */
const LOGGED_EVERY_MS = 60_000;
/** How long it hurts after it was seen to, milliseconds: one look in between may come at a good moment. */
const PRESSURE_HELD_MS = 600;
const CONNECTION_TAG = 3;
/** Blocks and talkers that are shown. */
const SHOWN_MAX = 50;

/** Names of endings that are misdeeds. */
const misdeedOfEnding: Partial<Record<RequestEnding, Misdeed>> = {
  'client-aborted': 'reset',
  'head-timeout': 'head-timeout',
  'body-timeout': 'body-timeout',
  'send-timeout': 'send-timeout',
  refused: 'bad-request',
};

const limitedNames: Readonly<Record<Exclude<Limited, 0>, Mitigation>> = {
  [Limited.rate]: 'rate',
  [Limited.rateWide]: 'rate-wide',
  [Limited.bytes]: 'bytes',
  [Limited.concurrent]: 'concurrent',
};

export class Guard implements StageMaker {
  readonly counts: GuardCounts = new GuardCounts();
  readonly watch: Watch;
  readonly blocks: Blocks;
  readonly limits: RuleLimits;
  readonly memoryBytes: number;
  /** 1 and more: something hurts. */
  pressure = 0;
  private settings: GuardSettings;
  private places: Places;
  private challenge: Challenge;
  private readonly ownKey: Buffer;
  private readonly context: GuardContext;
  private readonly log: GuardLog;
  private readonly seed: number;
  private readonly connections: Sketch;
  /** Of the request at hand; an answer may bring the next one, so that it is not looked at behind one. */
  private readonly visitor = new Visitor();
  private readonly rules = new Map<string, RuleRef>();
  /** Rules of routes, for the end of their requests. */
  private readonly routes = new Map<string, RuleRef>();
  private nextRuleId = 0;
  private endsAreTold = false;
  private hurtMs = Number.NEGATIVE_INFINITY;
  private tickedMs = 0;
  private timer: Timer | null = null;

  constructor(settings: GuardSettings, context: GuardContext) {
    const { memoryBytes } = settings;
    const { random, clock, log, geo } = context;
    this.settings = settings;
    this.context = context;
    this.seed = random.u32();
    const { seed } = this;
    this.watch = new Watch({ memoryBytes: memoryBytes / 2, seed });
    this.limits = new RuleLimits({ memoryBytes: memoryBytes / 4, seed });
    this.blocks = new Blocks({ memoryBytes: memoryBytes / 8, seed });
    this.connections = new Sketch(memoryBytes / 8);
    this.memoryBytes = memoryBytes;
    this.ownKey = context.taskKey ?? random.bytes(32);
    this.log = new GuardLog(log, clock.monotonicMs());
    this.places = new Places(settings, geo);
    this.challenge = this.challengeOf(settings);
    this.setRules(settings.rules);
  }

  /** Begins to learn, and to see attacks. */
  start(): void {
    this.tickedMs = this.context.clock.monotonicMs();
    this.schedule();
  }

  stop(): void {
    if (this.timer !== null) this.context.clock.clearTimer(this.timer);
    this.timer = null;
  }

  /** Other settings, from the next request on; `memory` stays. What was learnt and who is blocked stays too. */
  apply(settings: GuardSettings): void {
    this.settings = settings;
    this.places = new Places(settings, this.context.geo);
    this.challenge = this.challengeOf(settings);
    this.setRules(settings.rules);
  }

  make(rule: string, route: string, next: Handler): Handler | undefined {
    const ref = this.rules.get(rule);
    if (ref === undefined) return undefined;
    this.routes.set(route, ref);
    return (exchange) => this.handle(ref, next, exchange);
  }

  /** Whether a connection from this address is taken; asked once for each, before it says anything. */
  admits(address: string): boolean {
    const { visitor } = this;
    const bytes = Buffer.from(address, 'latin1');
    if (!visitor.readText(bytes, 0, bytes.length) || this.places.isAllowed(visitor)) return true;
    const nowMs = this.context.clock.monotonicMs();
    const reason = this.doorReason(nowMs);
    if (reason === undefined) return true;
    this.counts.turnAway(reason);
    return false;
  }

  /** A request is over: of any route, and of those too that were none. */
  ended(exchange: Exchange, ending: RequestEnding): void {
    this.endsAreTold = true;
    this.limits.leave(exchange);
    const misdeed = misdeedOfEnding[ending];
    const { route, sentBytes } = exchange;
    const ref = sentBytes > 0 ? this.routes.get(route) : undefined;
    const isCharged = ref !== undefined && ref.current.sentBytesPerSecond > 0;
    if (misdeed === undefined && !isCharged) return;
    const { visitor } = this;
    visitor.read(exchange);
    if (visitor.family === 0 || visitor.isProxy || this.places.isAllowed(visitor)) return;
    const nowMs = this.context.clock.monotonicMs();
    if (isCharged) {
      this.limits.charge(visitor.a, visitor.b, ref.id, sentBytes, ref.current, nowMs);
    }
    // Who breaks off in the middle of a film is no attacker; who never waits for an answer may be.
    if (misdeed === undefined || (misdeed === 'reset' && sentBytes > 0)) return;
    this.punish(misdeed, nowMs);
  }

  /** Something of a client at this address was a misdeed. */
  penalise(address: string, misdeed: Misdeed): void {
    const { visitor } = this;
    const bytes = Buffer.from(address, 'latin1');
    if (!visitor.readText(bytes, 0, bytes.length) || this.places.isAllowed(visitor)) return;
    this.punish(misdeed, this.context.clock.monotonicMs());
  }

  /** @param forMs 0: until it is unblocked. @returns false: operators block too many already. */
  block(network: string, reason: string, forMs: number): boolean {
    const done = this.blocks.blockNetwork(network, reason, forMs, this.context.clock.monotonicMs());
    if (done) this.log.change('an operator has blocked a network', { network, reason, forMs });
    return done;
  }

  /** @returns blocks that this has ended. */
  unblock(network: string): number {
    const ended = this.blocks.unblockNetwork(network, this.context.clock.monotonicMs());
    if (ended > 0) this.log.change('an operator has ended blocks', { network, ended });
    return ended;
  }

  shown(): GuardShown {
    const { watch, counts, settings, pressure, memoryBytes } = this;
    const { talkers, detector, perSecond } = watch;
    const { learnt } = detector;
    return {
      ...{ state: detector.state, pressure, perSecond, memoryBytes },
      learnt: { perSecond: learnt.perSecond, busiest: learnt.narrow, busiestWide: learnt.wide },
      tooMuch: detector.threshold(settings.adaptive),
      talkers: talkers.busiest(SHOWN_MAX).map(({ row, kind, perSecond, limit }) => ({
        network: prefixText(talkers.a[row]!, talkers.b[row]!, kind),
        perSecond,
        limit: limit === 0 ? null : limit,
      })),
      blocks: this.blocks.shown(this.context.clock.monotonicMs(), SHOWN_MAX),
      mitigated: Object.fromEntries(counts.mitigated),
      turnedAway: Object.fromEntries(counts.turnedAway),
      misdeeds: Object.fromEntries(counts.misdeeds),
    };
  }

  /** Blocks that hold, for metrics. */
  get blocksHeld(): number {
    return this.blocks.count(this.context.clock.monotonicMs());
  }

  private handle(ref: RuleRef, next: Handler, exchange: Exchange): void {
    const { visitor, counts, places } = this;
    counts.requests++;
    visitor.read(exchange);
    // What a proxy that is believed asks for itself, or for nobody it names, is its own business.
    if (visitor.family === 0 || visitor.isProxy || places.isAllowed(visitor)) {
      counts.passed++;
      next(exchange);
      return;
    }
    const unwanted = this.unwanted(exchange);
    if (unwanted !== undefined) {
      this.holdBack(exchange, unwanted, 0, ref);
      return;
    }
    const { a, b } = visitor;
    const nowMs = exchange.startedMs;
    const blockedMs = this.blocks.leftMs(a, b, nowMs);
    if (blockedMs > 0) {
      counts.mitigate('blocked');
      refuse(exchange, 'blocked', blockedMs, !this.blocks.tells(a, b));
      return;
    }
    const asked = this.watch.ask(a, b, nowMs);
    if (asked !== Asked.passes) {
      this.holdFlood(exchange, asked, ref);
      return;
    }
    let limited = this.limits.judge(a, b, ref.id, ref.current, this.watch, nowMs);
    if (limited === Limited.no && this.mayGoOn(exchange, ref.current)) {
      if (this.endsAreTold) limited = this.limits.enter(exchange, a, b, ref.id, ref.current);
      if (limited === Limited.no) {
        counts.passed++;
        next(exchange);
      }
    }
    if (limited !== Limited.no) this.holdOver(exchange, limited, ref, nowMs);
  }

  /** Undefined: nothing speaks against who and where it is. */
  private unwanted(exchange: Exchange): Mitigation | undefined {
    const { visitor, places } = this;
    if (places.isDenied(visitor)) return 'denied-network';
    if (this.blocks.hasOperator(visitor)) return 'blocked-by-operator';
    return places.deniedBy(visitor, exchange.client);
  }

  /** Ranges and tasks. False: it was answered. */
  private mayGoOn(exchange: Exchange, rule: GuardRuleSettings): boolean {
    const { fields } = exchange.request;
    if (rule.ranges !== 'pass' && isRangeFlood(fields, rule.rangesMax)) {
      this.punish('range-flood', exchange.startedMs);
      if (rule.ranges === 'refuse') {
        this.counts.mitigate('ranges');
        refuse(exchange, 'ranges', 0, false);
        return false;
      }
      this.counts.rangesIgnored++;
      fields.removeAll(FieldId.range);
    }
    if (rule.challenge === 'never') return true;
    const solution = takeSolution(exchange.request);
    if (rule.challenge === 'attack' && this.watch.detector.state === 'calm') return true;
    const prefix = visitorText(this.visitor);
    const nowSeconds = Math.floor(exchange.wallMs() / 1000);
    const bits = rule.challengeBits;
    if (this.challenge.isSolved(solution, prefix, nowSeconds, bits)) return true;
    this.counts.mitigate('challenge');
    const forSeconds = Math.floor(rule.challengeHoldsMs / 1000);
    const task = this.challenge.task(prefix, nowSeconds + forSeconds, bits);
    if (setTask(exchange, task, forSeconds)) this.counts.tasks++;
    return false;
  }

  /** The detector's limits. */
  private holdFlood(exchange: Exchange, asked: Asked, ref: RuleRef): void {
    const { settings } = this;
    const reason = asked === Asked.wide ? 'attack-limit-wide' : 'attack-limit';
    this.counts.mitigate(reason);
    this.punish('over-limit', exchange.startedMs);
    refuse(exchange, reason, settings.adaptive.releaseMs, ref.current.over === 'close');
  }

  /** Limits of the rule. */
  private holdOver(
    exchange: Exchange,
    limited: Exclude<Limited, 0>,
    ref: RuleRef,
    nowMs: number,
  ): void {
    const { limits, visitor } = this;
    const { buckets, row, waitMs } = limits;
    const reason = limitedNames[limited];
    if (nowMs - buckets.loggedMs[row]! >= LOGGED_EVERY_MS) {
      buckets.loggedMs[row] = nowMs;
      const fields = { client: visitorText(visitor), rule: ref.current.name, reason };
      this.log.mitigation('a client is held back', fields, nowMs);
    }
    this.punish('over-limit', nowMs);
    this.holdBack(exchange, reason, waitMs, ref);
  }

  private holdBack(exchange: Exchange, reason: Mitigation, waitMs: number, ref: RuleRef): void {
    this.counts.mitigate(reason);
    const isLimit = mitigationTable[reason][0] === 429;
    refuse(exchange, reason, waitMs, isLimit && ref.current.over === 'close');
  }

  /** For who was read last. */
  private punish(misdeed: Misdeed, nowMs: number): void {
    const { visitor, settings } = this;
    this.counts.misdeed(misdeed);
    const forMs = this.blocks.penalise(visitor.a, visitor.b, misdeed, nowMs, settings.penalties);
    if (forMs === 0) return;
    const fields = { client: visitorText(visitor), misdeed, forMs };
    this.log.mitigation('a client is blocked', fields, nowMs);
  }

  private doorReason(nowMs: number): DoorMitigation | undefined {
    const { visitor, settings } = this;
    const { a, b } = visitor;
    if (this.places.isDenied(visitor)) return 'denied-network';
    if (this.blocks.hasOperator(visitor)) return 'blocked-by-operator';
    if (this.blocks.leftMs(a, b, nowMs) > 0) return 'blocked';
    const { connectionsPerSecond: perSecond, connectionsBurst: burst } = settings;
    if (perSecond === 0) return undefined;
    const hash = hashPrefix(a, b, CONNECTION_TAG, this.seed);
    const seen = this.connections.add(hash, 1, Math.floor(nowMs / 1000));
    if (seen < Math.min(perSecond, burst) / 2) return undefined;
    return this.limits.mayConnect(a, b, perSecond, burst, seen, nowMs)
      ? undefined
      : 'connection-rate';
  }

  private schedule(): void {
    const { clock } = this.context;
    const dueMs = clock.monotonicMs() + TICK_MS;
    this.timer = clock.setTimer(TICK_MS, () => {
      this.tick(clock.monotonicMs() - dueMs);
      this.schedule();
    });
    this.timer.unref();
  }

  private tick(lagMs: number): void {
    const { watch, settings, context } = this;
    const { adaptive } = settings;
    const nowMs = context.clock.monotonicMs();
    const passedMs = nowMs - this.tickedMs;
    if (passedMs <= 0) return;
    this.tickedMs = nowMs;
    const felt = Math.max(lagMs / adaptive.lagMs, (context.load?.() ?? 0) / adaptive.loadShare);
    if (felt >= 1) this.hurtMs = nowMs;
    this.pressure = nowMs - this.hurtMs < PRESSURE_HELD_MS ? Math.max(1, felt) : felt;
    const before = watch.detector.state;
    const changes = watch.tick(
      nowMs,
      passedMs,
      this.pressure,
      adaptive.enabled ? adaptive : undefined,
    );
    for (const { talker, perSecond } of changes)
      this.tellLimit(talker.row, talker.kind, perSecond, nowMs);
    const { state, learnt } = watch.detector;
    if (state !== before) {
      const fields = { before, perSecond: watch.perSecond, learnt: learnt.perSecond };
      this.log.change('the traffic has become another', { state, ...fields });
    }
    this.blocks.expire(nowMs);
  }

  private tellLimit(row: number, kind: PrefixKind, perSecond: number, nowMs: number): void {
    const { talkers } = this.watch;
    const fields = {
      network: prefixText(talkers.a[row]!, talkers.b[row]!, kind),
      asks: Math.round(talkers.perSecond[row]!),
      limit: Math.round(perSecond),
      reason: kind === 1 ? 'attack-limit' : 'attack-limit-wide',
    };
    const event = perSecond === 0 ? 'a network is held back no more' : 'a network is held back';
    this.log.mitigation(event, fields, nowMs);
  }

  private challengeOf({ challengeKey }: GuardSettings): Challenge {
    return new Challenge(challengeKey?.reveal() ?? this.ownKey);
  }

  private setRules(rules: readonly GuardRuleSettings[]): void {
    const all = rules.some(({ name }) => name === 'default') ? rules : [DEFAULT_RULE, ...rules];
    const names = new Set(all.map(({ name }) => name));
    for (const name of this.rules.keys()) if (!names.has(name)) this.rules.delete(name);
    for (const current of all) {
      const known = this.rules.get(current.name);
      if (known === undefined) this.rules.set(current.name, { current, id: this.nextRuleId++ });
      else known.current = current;
    }
    const bursts = all.flatMap(({ perSecond, burst }) => (perSecond > 0 ? [burst] : []));
    const wideBursts = all.flatMap((rule) => (rule.widePerSecond > 0 ? [rule.wideBurst] : []));
    this.watch.heavyNarrow = Math.min(32, Math.max(2, Math.min(...bursts) / 4));
    this.watch.heavyWide = Math.min(128, Math.max(8, Math.min(...wideBursts) / 4));
  }
}
