/**
 * The candidate with the least work under way, whatever its weight; of equals the one chosen longest ago,
 * so that an idle pool is used in turn. For work of very different length: sessions, WebSockets, queries.
 *
 * Bound: while n candidates are the same and work only begins, their counts differ by at most one once the
 * lower ones have caught up.
 */
import type { Level } from '../servers/level.ts';
import { LeastLoaded } from './least-loaded.ts';

export class LeastConnections extends LeastLoaded {
  constructor(level: Level) {
    super(level, (server) => server.active);
  }
}
