/**
 * The active checks of one pool at work: timers, probers and a place among all checks, around the board that
 * decides when to check and what the results mean.
 *
 * Invariants: servers of the pool that are not in maintenance are watched, others never; a server has one
 * check at a time; after `stop` nothing is under way and nothing is told. A change of the settings does not
 * change what is known of a server, only its next checks; a server at another address is a new one to them.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Random, Timer } from '../../core/runtime/index.ts';
import { CheckBoard, type CheckTiming, checkTimingDefaults } from '../health/check-board.ts';
import { type CheckState, firstStanding, healthyStanding } from '../health/check-states.ts';
import {
  type ProbeReason,
  type ProbeResult,
  type Prober,
  probeReasonTable,
} from '../health/prober.ts';
import type { SlowStarts } from '../health/slow-start.ts';
import type { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import type { HealthSettings } from './check-rules.ts';
import type { CheckPlan } from './create-prober.ts';
import type { ProbeSlots, ProbeTicket } from './probe-slots.ts';

export interface PoolChecksOptions {
  /** Name of the pool, for the log. */
  readonly name: string;
  readonly pool: Pool;
  readonly slowStarts: SlowStarts;
  readonly plan: CheckPlan;
  /** As `createProber` with its context: undefined when the plan checks nothing. */
  readonly prober: (plan: CheckPlan) => Prober | undefined;
  /** Shared by all pools. */
  readonly slots: ProbeSlots;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What is known of a server by its checks. */
export interface CheckReport {
  readonly state: CheckState;
  /** Results in a row that lead out of the state, see `Standing`. */
  readonly inRow: number;
  /** Undefined until the first check has ended. */
  readonly last: (ProbeResult & { readonly atWallMs: number }) | undefined;
}

interface Watched {
  /** Where it was dialled when its checks began. */
  readonly host: string;
  readonly port: number;
  last: CheckReport['last'];
  /** The check under way, or waiting for its place. */
  ticket: ProbeTicket | undefined;
  cancel: (() => void) | undefined;
}

/** The timer is not set closer than this, so that many servers are looked at in one go. */
const TICK_MS = 10;
/** A check that could not be made is made again after this. */
const NOT_MADE_WAIT_MS = 1_000;

export class PoolChecks {
  /** Checks that have ended, by how. */
  readonly counts: Record<ProbeReason, number>;
  private readonly options: PoolChecksOptions;
  private readonly board: CheckBoard;
  private readonly watched = new Map<Server, Watched>();
  private plan: CheckPlan;
  private prober: Prober | undefined;
  private timer: Timer | undefined = undefined;
  private timerDueMs = Number.POSITIVE_INFINITY;
  private started = false;

  constructor(options: PoolChecksOptions) {
    const { pool, plan, random, slowStarts } = options;
    this.options = options;
    this.plan = plan;
    this.prober = options.prober(plan);
    this.board = new CheckBoard(pool, timingOf(plan.health), random, slowStarts);
    this.counts = Object.fromEntries(
      Object.keys(probeReasonTable).map((reason) => [reason, 0]),
    ) as Record<ProbeReason, number>;
  }

  /** All servers count as down until their first check has ended, which is a moment later. */
  start(): void {
    this.started = true;
    this.membersChanged();
  }

  /** Ends all checks. What was known of the servers stays as it is. */
  stop(): void {
    this.started = false;
    for (const watched of this.watched.values()) this.end(watched);
    this.watched.clear();
    this.clearTimer();
  }

  /** To be called after servers came, left, moved, or entered or left maintenance. */
  membersChanged(): void {
    if (this.started) this.watch(false);
  }

  /** Takes other settings, or another object for the servers that start slowly. */
  apply(plan: CheckPlan, slowStarts: SlowStarts): void {
    const before = this.plan;
    const nowMs = this.options.clock.monotonicMs();
    this.plan = plan;
    this.board.retime(timingOf(plan.health), nowMs, slowStarts);
    if (!asksTheSame(before, plan)) {
      const checked = this.prober !== undefined;
      this.prober = this.options.prober(plan);
      // What is under way asks what nobody wants to know any more.
      for (const [server, watched] of this.watched) {
        this.end(watched);
        this.board.askAgain(server, nowMs);
      }
      // Servers that worked unchecked go on until checks find them unwell.
      if (this.started) this.watch(!checked);
    }
    this.armFor(this.board.nextDueMs());
  }

  /** Undefined when the server is not checked. */
  report(server: Server): CheckReport | undefined {
    const standing = this.board.standing(server);
    if (standing === undefined) return undefined;
    return { ...standing, last: this.watched.get(server)?.last };
  }

  private watch(assumeWell: boolean): void {
    const { pool, clock } = this.options;
    const nowMs = clock.monotonicMs();
    const wanted = new Set<Server>();
    if (this.prober !== undefined) {
      for (const server of pool.servers) {
        if (!pool.has(server, 'maintenance')) wanted.add(server);
      }
    }
    pool.together(() => {
      for (const [server, watched] of this.watched) {
        const moved = watched.host !== server.host || watched.port !== server.port;
        if (wanted.has(server) && !moved) continue;
        this.end(watched);
        this.watched.delete(server);
        this.board.remove(server);
      }
      for (const server of wanted) {
        if (this.watched.has(server)) continue;
        const { host, port } = server;
        this.watched.set(server, {
          host,
          port,
          last: undefined,
          ticket: undefined,
          cancel: undefined,
        });
        this.board.add(server, nowMs, assumeWell ? healthyStanding : firstStanding);
      }
    });
    this.armFor(this.board.nextDueMs());
  }

  private begin(server: Server): void {
    const watched = this.watched.get(server) as Watched;
    const { prober } = this;
    watched.ticket = this.options.slots.take(() => {
      watched.cancel = prober?.probe(server, (result) => this.ended(server, watched, result));
    });
  }

  private ended(server: Server, watched: Watched, result: ProbeResult): void {
    const { clock, name, log } = this.options;
    this.end(watched);
    this.counts[result.reason]++;
    watched.last = { ...result, atWallMs: clock.wallMs() };
    const nowMs = clock.monotonicMs();
    if (result.reason === 'not-made') {
      this.board.askAgain(server, nowMs + NOT_MADE_WAIT_MS);
    } else {
      const { success, says } = probeReasonTable[result.reason];
      const change = this.board.result(server, success, nowMs);
      const { reason, status, detail } = result;
      const facts = { pool: name, server: server.name, reason, says, status, detail };
      if (change === 'came-up') log.info('a server is up', facts);
      else if (change === 'went-down') log.warn('a server is down', facts);
    }
    this.armFor(this.board.dueMs(server));
  }

  /** The check under way, if any, is over. */
  private end(watched: Watched): void {
    const { ticket, cancel } = watched;
    watched.ticket = undefined;
    watched.cancel = undefined;
    cancel?.();
    if (ticket !== undefined) this.options.slots.giveBack(ticket);
  }

  private armFor(dueMs: number): void {
    if (!this.started || dueMs >= this.timerDueMs) return;
    this.clearTimer();
    const { clock } = this.options;
    this.timerDueMs = dueMs;
    this.timer = clock.setTimer(Math.max(0, dueMs - clock.monotonicMs()), () => this.tick());
    this.timer.unref();
  }

  private tick(): void {
    const { clock } = this.options;
    this.timer = undefined;
    this.timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = clock.monotonicMs();
    this.board.takeDue(nowMs, (server) => this.begin(server));
    this.armFor(Math.max(nowMs + TICK_MS, this.board.nextDueMs()));
  }

  private clearTimer(): void {
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
    this.timerDueMs = Number.POSITIVE_INFINITY;
  }
}

function timingOf({ intervalMs, rise, fall }: HealthSettings): CheckTiming {
  const unsureIntervalMs = Math.min(checkTimingDefaults.unsureIntervalMs, intervalMs);
  return {
    ...checkTimingDefaults,
    ...{ intervalMs, unsureIntervalMs, downIntervalMs: intervalMs, rise, fall },
  };
}

/** Whether the same is asked of the servers; when, and what it means, may differ. */
function asksTheSame(a: CheckPlan, b: CheckPlan): boolean {
  const asked = ({ health, proxyProtocol, source }: CheckPlan): string => {
    const { check, path, method, host, statuses, body, port, timeoutMs } = health;
    return JSON.stringify([
      [check, path, method, host, statuses, body, port, timeoutMs],
      proxyProtocol,
      source,
    ]);
  };
  return a.tls === b.tls && asked(a) === asked(b);
}
