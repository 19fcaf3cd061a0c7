/**
 * Slow start: a server that has come back takes a growing part of its share, so that cold caches and
 * compilers do not fail under full load at once. The one place for the curve.
 *
 *     share(t) = max(floor, (t / window) ^ (1 / aggression)),   1 from t = window on
 *
 * Aggression 1 is a straight line, 2 gives more early, 0.5 less. The floor keeps some requests coming,
 * without which nothing would warm up. Source: Envoy's slow start mode.
 */
import type { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';

export interface SlowStartOptions {
  /** How long it takes, in milliseconds; 0 for none. */
  readonly windowMs: number;
  readonly aggression: number;
  /** The least share, above 0 to 1. */
  readonly floor: number;
}

export const slowStartDefaults: SlowStartOptions = { windowMs: 30_000, aggression: 1, floor: 0.1 };

/** The part of its turns that a server takes `elapsedMs` after it came back, above 0 up to 1. */
export function slowStartShare(elapsedMs: number, options: SlowStartOptions): number {
  const { windowMs, aggression, floor } = options;
  if (elapsedMs >= windowMs) return 1;
  return Math.max(floor, (Math.max(0, elapsedMs) / windowMs) ** (1 / aggression));
}

/** The servers of a pool that are starting. */
export class SlowStarts {
  private readonly pool: Pool;
  private readonly options: SlowStartOptions;
  private readonly since = new Map<Server, number>();

  constructor(pool: Pool, options: SlowStartOptions = slowStartDefaults) {
    this.pool = pool;
    this.options = options;
  }

  /** Begins, or begins anew. Call it before what kept the server away is taken off. */
  begin(server: Server, nowMs: number): void {
    if (this.options.windowMs <= 0) return;
    this.since.set(server, nowMs);
    this.pool.setShare(server, slowStartShare(0, this.options));
    this.pool.set(server, 'starting', true);
  }

  /** Moves all starting servers along the curve. To be called once a second or so. */
  tick(nowMs: number): void {
    if (this.since.size > 0) this.pool.together(() => this.move(nowMs));
  }

  /** A server has left the pool. */
  forget(server: Server): void {
    this.since.delete(server);
  }

  private move(nowMs: number): void {
    for (const [server, sinceMs] of this.since) {
      const share = slowStartShare(nowMs - sinceMs, this.options);
      this.pool.setShare(server, share);
      if (share < 1) continue;
      this.since.delete(server);
      this.pool.set(server, 'starting', false);
    }
  }
}
