/**
 * Why sessions end: every way is a named reason with a counter, so that a disconnect can be explained.
 *
 * Invariants: the table is complete when it is made; a reason outside it does not compile; catch-alls
 * such as `other` are refused.
 */
import type { ScalarMetric } from './metrics.ts';
import { assertReason } from './names.ts';

export interface Endings<R extends string> {
  /** Count one ending. Hot enough for every closed connection: one typed-array increment. */
  count(reason: R): void;
  /** How often this reason was met since start. */
  of(reason: R): number;
  /** The sentence that explains the reason, for logs and documentation. */
  sentence(reason: R): string;
  readonly reasons: readonly R[];
  /** The row to add to the metrics: one counter with the label `reason`. */
  readonly metric: ScalarMetric;
}

/**
 * A counter for each reason of the table `reason → sentence`.
 * `name` is the metric's name, ending in `_total`: `plinth_kv_sessions_ended_total`.
 */
export function createEndings<const R extends string>(
  name: string,
  help: string,
  table: Readonly<Record<R, string>>,
): Endings<R> {
  const reasons = Object.keys(table) as R[];
  reasons.forEach(assertReason);
  const counts = new Float64Array(reasons.length);
  const indexOf = Object.fromEntries(reasons.map((reason, i) => [reason, i])) as Record<R, number>;
  return {
    count: (reason) => {
      counts[indexOf[reason]]!++;
    },
    of: (reason) => counts[indexOf[reason]]!,
    sentence: (reason) => table[reason],
    reasons,
    metric: {
      name,
      help,
      type: 'counter',
      labels: ['reason'],
      collect: (emit) => {
        for (const [i, reason] of reasons.entries()) emit(counts[i]!, reason);
      },
    },
  };
}
