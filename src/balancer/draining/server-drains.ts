/**
 * The drains of the servers of one pool: `health/drain.ts` at work.
 *
 *     begin     no new sessions, kept connections are closed
 *     deadline  nothing goes there any more; WebSockets are told 1001, what had no answer gets 503, the rest is reset
 *     drained   nothing goes there until `resume`
 *
 * In a pool with persistence clients that are bound to the server may come until the deadline, so there a
 * drain is over at its deadline and not before.
 * Invariants: who is cut was told once; a server that leaves its pool takes its drain with it.
 */
import type { Exchange } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import { type Deadline, deadlineAfter, remainingMs } from '../../core/resilience/index.ts';
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { Drain } from '../health/drain.ts';
import type { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import { type DrainShown, GOODBYE_MS, LOOK_EVERY_MS, shownPresent } from './drain-report.ts';
import { cutExchange, type Present, presentExchange, sayGoodbye } from './under-way.ts';

/** What drains need of a pool. */
export interface DrainedPool {
  readonly name: string;
  readonly pool: Pool;
  /** Whether clients may be bound to a server. */
  readonly hasSessions: boolean;
  /** Requests that a server has now. */
  exchangesAt(server: Server): Iterable<Exchange>;
  /** Sessions of layer 4 that a server has now, and their end. */
  streamsAt(server: Server): readonly Present[];
  cutStreamsAt(server: Server): void;
  /** Connections that carry nothing are closed, and later ones are not kept. */
  closeKept(server: Server): void;
  /** Back to work: connections may be kept, and its share may grow slowly. */
  reopen(server: Server, nowMs: number): void;
}

interface Row {
  readonly drain: Drain;
  deadline: Deadline;
  /** When WebSockets that were told have to be gone; Infinity before the deadline. */
  hardMs: number;
}

export class ServerDrains {
  private readonly of: DrainedPool;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly rows = new Map<Server, Row>();
  private timer: Timer | null = null;

  constructor(of: DrainedPool, clock: Clock, log: Logger) {
    this.of = of;
    this.clock = clock;
    this.log = log;
  }

  /** Whether an operator drains it, or has. */
  has(server: Server): boolean {
    return this.rows.has(server);
  }

  /** Begins, or gives a drain under way another deadline. False: what is left is being cut. */
  begin(server: Server, deadlineMs: number): boolean {
    const { pool, name, hasSessions } = this.of;
    const nowMs = this.clock.monotonicMs();
    const known = this.rows.get(server);
    const deadline = deadlineAfter(nowMs, deadlineMs);
    if (known !== undefined) {
      if (known.drain.state !== 'draining') return known.drain.state === 'drained';
      known.deadline = deadline;
      const isOver = known.drain.setDeadline(deadline, server.active, nowMs, hasSessions);
      if (isOver) this.cut(server, known, nowMs);
      this.settle(server, known.drain);
      return true;
    }
    const drain = new Drain();
    const row = { drain, deadline, hardMs: Number.POSITIVE_INFINITY };
    this.rows.set(server, row);
    pool.set(server, 'draining', true);
    this.of.closeKept(server);
    drain.begin(server.active, deadline, nowMs, hasSessions);
    this.log.info('a server is being drained', { pool: name, server: server.name, deadlineMs });
    // With no time at all that is now.
    if (drain.state === 'cutting') this.cut(server, row, nowMs);
    this.settle(server, drain);
    this.arm();
    return true;
  }

  /** Back to work. False: it is not drained, or what is left is being cut. */
  resume(server: Server): boolean {
    const row = this.rows.get(server);
    if (row === undefined || !row.drain.may('resume')) return false;
    const { pool, name } = this.of;
    this.rows.delete(server);
    this.of.reopen(server, this.clock.monotonicMs());
    pool.together(() => {
      pool.set(server, 'draining', false);
      pool.set(server, 'drained', false);
    });
    this.log.info('a server is back from its drain', { pool: name, server: server.name });
    return true;
  }

  /** Undefined when nobody drains it. */
  report(server: Server): DrainShown | undefined {
    const row = this.rows.get(server);
    if (row === undefined) return undefined;
    const { drain, deadline } = row;
    const nowMs = this.clock.monotonicMs();
    const report = drain.report(server.active, nowMs);
    return {
      ...report,
      elapsedMs: Math.round(report.elapsedMs),
      deadlineInMs: Math.round(remainingMs(deadline, nowMs)),
      waitsForSessions: this.of.hasSessions && report.state === 'draining' && report.left === 0,
      ...shownPresent(this.presentAt(server, nowMs)),
    };
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
    this.rows.clear();
  }

  private presentAt(server: Server, nowMs: number): Present[] {
    const requests = [...this.of.exchangesAt(server)].map((each) => presentExchange(each, nowMs));
    return [...requests, ...this.of.streamsAt(server)];
  }

  private look(): void {
    this.timer = null;
    const nowMs = this.clock.monotonicMs();
    for (const [server, row] of this.rows) {
      const { drain } = row;
      if (this.of.pool.find(server.name) !== server) {
        this.rows.delete(server);
        continue;
      }
      if (drain.look(server.active, nowMs, this.of.hasSessions)) {
        this.cut(server, row, nowMs);
      } else if (drain.state === 'cutting' && nowMs >= row.hardMs) {
        for (const exchange of [...this.of.exchangesAt(server)]) cutExchange(exchange);
      }
      this.settle(server, drain);
    }
    this.arm();
  }

  private cut(server: Server, row: Row, nowMs: number): void {
    const { pool, name } = this.of;
    row.hardMs = nowMs + GOODBYE_MS;
    pool.set(server, 'drained', true);
    this.log.warn('what is left at a drained server is cut', {
      ...{ pool: name, server: server.name },
      left: server.active,
    });
    for (const exchange of [...this.of.exchangesAt(server)]) {
      if (!sayGoodbye(exchange)) cutExchange(exchange);
    }
    this.of.cutStreamsAt(server);
  }

  /** Behind a look: a server that is drained takes nothing, not even of bound sessions. */
  private settle(server: Server, drain: Drain): void {
    const { pool, name } = this.of;
    if (drain.state !== 'drained' || pool.has(server, 'drained')) return;
    pool.set(server, 'drained', true);
    this.log.info('a server is drained', { pool: name, server: server.name });
  }

  private arm(): void {
    if (this.timer !== null) return;
    let busy = false;
    for (const { drain } of this.rows.values()) busy ||= drain.state !== 'drained';
    if (!busy) return;
    this.timer = this.clock.setTimer(LOOK_EVERY_MS, () => this.look());
    this.timer.unref();
  }
}
