/**
 * The candidate that would have the least work for its weight, (active + 1) / weight, after this choice; of
 * equals the one chosen longest ago. Source: the weighted least-connection scheduling of LVS and nginx.
 *
 * Bound: while work only begins, the counts follow the weights: active(s) / weight(s) of any candidate is
 * below (active(t) + 1) / weight(t) of any other, as by D'Hondt's rule for seats.
 */
import type { Level } from '../servers/level.ts';
import { LeastLoaded } from './least-loaded.ts';

export class WeightedLeastConnections extends LeastLoaded {
  constructor(level: Level) {
    super(level, (server) => (server.active + 1) / server.weight);
  }
}
