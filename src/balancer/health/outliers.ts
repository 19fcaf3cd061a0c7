/**
 * Passive health: servers that answer badly are left alone for a time, judged by real traffic.
 *
 *     in ──failures in a row, or an outlier of its pool──▶ ejected ──its time is over──▶ in, slow start
 *
 * The time grows with each ejection, ejectMs x number of ejections up to ejectMaxMs; each look that finds a
 * server well takes one off that number. At most `shareMax` of the pool is ejected at a time (of two or more
 * servers at least one may be), so that a fault they share, or one behind them, does not empty the pool.
 * Source: Envoy's outlier detection; which server is an outlier: `outlier-rule.ts`.
 *
 * Invariants: a single server is never ejected; the cap holds after every call, given that members stay.
 */
import type { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import { type OutlierRule, outliersAmong } from './outlier-rule.ts';
import type { SlowStarts } from './slow-start.ts';

export interface OutlierOptions extends OutlierRule {
  /** Gateway errors in a row that eject; 0 switches this rule off. */
  readonly failuresInRow: number;
  /** How often shares of failures are compared, in milliseconds. */
  readonly lookEveryMs: number;
  readonly ejectMs: number;
  readonly ejectMaxMs: number;
  /** Share of the pool that may be ejected at a time, 0 to 1. */
  readonly shareMax: number;
}

export const outlierDefaults: OutlierOptions = {
  failuresInRow: 5,
  requestsMin: 100,
  differenceMin: 0.1,
  deviations: 4,
  lookEveryMs: 10_000,
  ejectMs: 30_000,
  ejectMaxMs: 300_000,
  shareMax: 0.5,
};

/**
 * What an answer says: `gateway-error` when the connection failed, time was over, or the server answered
 * 502, 503 or 504; `error` for other statuses from 500 on, which may be the request's fault.
 */
export type Answer = 'success' | 'error' | 'gateway-error';

export class Outliers {
  /** Ejections by rule, and those that the cap prevented, for metrics. */
  readonly counts = { failuresInRow: 0, outlier: 0, prevented: 0 };
  private readonly pool: Pool;
  private readonly options: OutlierOptions;
  private readonly slowStarts: SlowStarts | undefined;
  private nextLookMs: number;

  constructor(pool: Pool, options: OutlierOptions, nowMs: number, slowStarts?: SlowStarts) {
    this.pool = pool;
    this.options = options;
    this.slowStarts = slowStarts;
    this.nextLookMs = nowMs + options.lookEveryMs;
  }

  /** One answer of a server. Returns whether it is ejected for it. */
  answered(server: Server, answer: Answer, nowMs: number): boolean {
    const { record } = server;
    record.answers++;
    if (answer !== 'success') record.failures++;
    if (answer !== 'gateway-error') {
      record.failuresInRow = 0;
      return false;
    }
    record.failuresInRow++;
    const { failuresInRow } = this.options;
    if (failuresInRow === 0 || record.failuresInRow < failuresInRow) return false;
    record.failuresInRow = 0;
    if (!this.eject(server, nowMs)) return false;
    this.counts.failuresInRow++;
    return true;
  }

  /** Lets the time of every ejected server be over at the next `tick`. */
  takeBack(): void {
    for (const { record } of this.pool.servers) record.ejectedUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes servers back whose time is over, and compares when that is due. Call it once a second or so. */
  tick(nowMs: number): void {
    for (const server of this.pool.servers) {
      if (!this.pool.has(server, 'ejected') || nowMs < server.record.ejectedUntilMs) continue;
      // It is judged by what it does from now on.
      server.record.failuresInRow = 0;
      server.record.answers = 0;
      server.record.failures = 0;
      this.slowStarts?.begin(server, nowMs);
      this.pool.set(server, 'ejected', false);
    }
    if (nowMs < this.nextLookMs) return;
    this.nextLookMs = nowMs + this.options.lookEveryMs;
    this.look(nowMs);
  }

  private look(nowMs: number): void {
    const inside = [...this.pool.servers].filter((server) => !this.pool.has(server, 'ejected'));
    const found = outliersAmong(
      inside.map(({ record }) => ({ answers: record.answers, failures: record.failures })),
      this.options,
    );
    const outliers = new Set(found.map((index) => inside[index]!));
    for (const server of this.pool.servers) {
      server.record.answers = 0;
      server.record.failures = 0;
    }
    for (const server of inside) {
      if (!outliers.has(server)) server.record.ejections = Math.max(0, server.record.ejections - 1);
    }
    for (const server of outliers) if (this.eject(server, nowMs)) this.counts.outlier++;
  }

  private eject(server: Server, nowMs: number): boolean {
    if (this.pool.has(server, 'ejected') || server.member === -1) return false;
    const { ejectMs, ejectMaxMs, shareMax } = this.options;
    const { size } = this.pool;
    const most = size < 2 || shareMax === 0 ? 0 : Math.max(1, Math.floor(shareMax * size));
    let ejected = 0;
    for (const each of this.pool.servers) if (this.pool.has(each, 'ejected')) ejected++;
    if (ejected >= most) {
      this.counts.prevented++;
      return false;
    }
    const { record } = server;
    record.ejections++;
    record.ejectedUntilMs = nowMs + Math.min(ejectMaxMs, ejectMs * record.ejections);
    this.pool.set(server, 'ejected', true);
    return true;
  }
}
