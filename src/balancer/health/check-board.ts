/**
 * When each server of a pool is checked next, and what the results say. Holds no timer and no connection:
 * whoever has them asks `takeDue` at `nextDueMs` and brings the results.
 *
 * The first check of a server is due at once. The next one is due an interval after the beginning of the
 * last, drawn from interval x (1 +- jitter), so that the checks of many servers and balancers spread; it
 * never begins before the last one ended. Servers in maintenance are not checked, and what a check says that
 * was under way is dropped; whoever ends the maintenance calls `add` again.
 * Invariants: at most one check of a server is under way; the cause `down` of a server that is checked is
 * set exactly while its standing is not well.
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import {
  firstStanding,
  isWell,
  nextStanding,
  type Standing,
  type Thresholds,
} from './check-states.ts';
import type { SlowStarts } from './slow-start.ts';

export interface CheckTiming extends Thresholds {
  readonly intervalMs: number;
  /** Interval while the standing is neither healthy nor unhealthy for sure: failing, recovering. */
  readonly unsureIntervalMs: number;
  /** Interval while unhealthy. */
  readonly downIntervalMs: number;
  /** Part of the interval by which it varies either way, 0 to 1. */
  readonly jitter: number;
}

export const checkTimingDefaults: CheckTiming = {
  intervalMs: 5_000,
  unsureIntervalMs: 1_000,
  downIntervalMs: 5_000,
  jitter: 0.1,
  rise: 2,
  fall: 3,
};

interface Row {
  standing: Standing;
  dueMs: number;
  beganMs: number;
  underWay: boolean;
}

/** What a result changed, for logs and counters. */
export type CheckChange = 'came-up' | 'went-down';

export class CheckBoard {
  private readonly pool: Pool;
  private timing: CheckTiming;
  private readonly random: Random;
  private slowStarts: SlowStarts | undefined;
  private readonly rows = new Map<Server, Row>();

  constructor(pool: Pool, timing: CheckTiming, random: Random, slowStarts?: SlowStarts) {
    this.pool = pool;
    this.timing = timing;
    this.random = random;
    this.slowStarts = slowStarts;
  }

  /** Takes another timing; standings stay, and what would be due earlier by the new one is. */
  retime(timing: CheckTiming, nowMs: number, slowStarts?: SlowStarts): void {
    this.timing = timing;
    this.slowStarts = slowStarts;
    for (const row of this.rows.values()) {
      const dueMs = Math.max(nowMs, row.beganMs + this.wait(row.standing));
      row.dueMs = Math.min(row.dueMs, dueMs);
    }
  }

  /**
   * Begins to check a server: it counts as down until the first result, or as healthy when it is one that
   * has worked unchecked so far. For many at once see `Pool.together`.
   */
  add(server: Server, nowMs: number, standing: Standing = firstStanding): void {
    this.rows.set(server, { standing, dueMs: nowMs, beganMs: nowMs, underWay: false });
    this.pool.set(server, 'down', !isWell(standing.state));
  }

  /** Checks it no more. A result that comes later is dropped. */
  remove(server: Server): void {
    this.rows.delete(server);
    this.pool.set(server, 'down', false);
  }

  standing(server: Server): Standing | undefined {
    return this.rows.get(server)?.standing;
  }

  /** When the next check of a server is due; Infinity while one is under way. */
  dueMs(server: Server): number {
    const row = this.rows.get(server);
    return row === undefined || row.underWay ? Number.POSITIVE_INFINITY : row.dueMs;
  }

  /** When the next check is due, in monotonic milliseconds; Infinity when none is. */
  nextDueMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [server, row] of this.rows) {
      if (!row.underWay && !this.pool.has(server, 'maintenance')) next = Math.min(next, row.dueMs);
    }
    return next;
  }

  /** Begins all checks that are due: each server is handed to `begin` and must get a `result`. */
  takeDue(nowMs: number, begin: (server: Server) => void): void {
    for (const [server, row] of this.rows) {
      if (row.underWay || row.dueMs > nowMs || this.pool.has(server, 'maintenance')) continue;
      row.underWay = true;
      row.beganMs = nowMs;
      begin(server);
    }
  }

  /** The check under way, if there is one, ends without a result; the next one is due at `dueMs`. */
  askAgain(server: Server, dueMs: number): void {
    const row = this.rows.get(server);
    if (row === undefined) return;
    row.underWay = false;
    row.dueMs = dueMs;
  }

  /** The result of a check; says what changed. */
  result(server: Server, success: boolean, nowMs: number): CheckChange | undefined {
    const row = this.rows.get(server);
    if (row === undefined || !row.underWay) return undefined;
    row.underWay = false;
    if (this.pool.has(server, 'maintenance')) return undefined;
    const was = isWell(row.standing.state);
    const first = row.standing.state === 'unknown';
    row.standing = nextStanding(row.standing, success, this.timing);
    row.dueMs = Math.max(nowMs, row.beganMs + this.wait(row.standing));
    const well = isWell(row.standing.state);
    if (well && !was) {
      this.slowStarts?.begin(server, nowMs);
      // It was away, not bad, and has been seen to be back.
      if (!first) server.record.ejectedUntilMs = Number.NEGATIVE_INFINITY;
    }
    this.pool.set(server, 'down', !well);
    if (well === was && !(first && !well)) return undefined;
    return well ? 'came-up' : 'went-down';
  }

  private wait({ state }: Standing): number {
    const { intervalMs, unsureIntervalMs, downIntervalMs, jitter } = this.timing;
    const interval =
      state === 'healthy' ? intervalMs : state === 'unhealthy' ? downIntervalMs : unsureIntervalMs;
    return interval * (1 + jitter * (2 * this.random.float() - 1));
  }
}
