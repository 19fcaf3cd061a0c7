/**
 * Ends clients when all of them together hold more than `maxmemory-clients`: those that hold most go
 * first, those with CLIENT NO-EVICT not at all.
 *
 * All clients are weighed at most once in `WEIGH_MS`: it costs a look at each of them.
 */
import { weightOf } from '../session/weight.ts';
import type { Engine } from './engine.ts';

const WEIGH_MS = 10;
/** A limit below this is taken as this, so that it never keeps away whoever could correct it. */
const LIMIT_BYTES_MIN = 128 * 1024;

export class ClientEviction {
  private readonly engine: Engine;
  private weighedMs = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Bytes that clients may hold, 0 for no limit. */
  get limitBytes(): number {
    const { maxmemoryClients: limit, maxmemory } = this.engine.settings;
    const bytes = limit >= 0 ? limit : Math.floor((maxmemory * -limit) / 100);
    return bytes === 0 ? 0 : Math.max(bytes, LIMIT_BYTES_MIN);
  }

  /** At the end of a turn. */
  look(): void {
    const { limitBytes, engine } = this;
    if (limitBytes === 0) return;
    const nowMs = engine.clock.monotonicMs();
    if (nowMs - this.weighedMs < WEIGH_MS) return;
    this.weighedMs = nowMs;
    this.evict(limitBytes);
  }

  private evict(limitBytes: number): void {
    const { engine } = this;
    let total = 0;
    for (const session of engine.sessions) if (!session.noEvict) total += weightOf(session);
    if (total <= limitBytes) return;
    const heaviest = [...engine.sessions]
      .filter((session) => !session.noEvict && !session.closing)
      .map((session) => ({ session, bytes: weightOf(session) }))
      .sort((a, b) => b.bytes - a.bytes);
    for (const { session, bytes } of heaviest) {
      if (total <= limitBytes) return;
      total -= bytes;
      engine.stats.evictedClients++;
      engine.log?.warn('client ended: clients hold more than maxmemory-clients', {
        client: session.id,
        bytes,
      });
      engine.endSession(session, 'memory-limit');
    }
  }
}
