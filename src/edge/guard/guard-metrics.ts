/** What the guard tells Prometheus. */
import type { MetricSpec } from '../../core/observe/index.ts';
import type { GuardCounts } from './guard-counts.ts';
import type { Watch } from './watch.ts';

/** What metrics read. */
export interface ObservedGuard {
  readonly counts: GuardCounts;
  readonly watch: Watch;
  readonly blocksHeld: number;
  readonly memoryBytes: number;
}

export function guardMetrics(guard: ObservedGuard): readonly MetricSpec[] {
  const { counts, watch } = guard;
  const gauge = (name: string, help: string, value: () => number): MetricSpec => ({
    name: `plinth_edge_guard_${name}`,
    help,
    type: 'gauge',
    collect: (emit) => emit(value()),
  });
  const total = (name: string, help: string, value: () => number): MetricSpec => ({
    name: `plinth_edge_guard_${name}_total`,
    help,
    type: 'counter',
    collect: (emit) => emit(value()),
  });
  const byReason = (name: string, help: string, of: ReadonlyMap<string, number>): MetricSpec => ({
    name: `plinth_edge_guard_${name}_total`,
    help,
    type: 'counter',
    labels: ['reason'],
    collect(emit) {
      for (const [reason, count] of of) emit(count, reason);
    },
  });
  return [
    total('requests', 'Requests that were looked at.', () => counts.requests),
    total('passed', 'Requests that were let through.', () => counts.passed),
    byReason('mitigated', 'Requests that were held back, by reason.', counts.mitigated),
    byReason('turned_away', 'Connections that were turned away, by reason.', counts.turnedAway),
    byReason('misdeeds', 'Misdeeds of clients, by kind.', counts.misdeeds),
    total('ranges_ignored', 'Floods of ranges that were ignored.', () => counts.rangesIgnored),
    total('tasks', 'Tasks that browsers were set.', () => counts.tasks),
    gauge('blocks', 'Networks that are blocked.', () => guard.blocksHeld),
    gauge('limited', 'Networks that are held back in an attack.', () => watch.talkers.limited),
    gauge('talkers', 'Networks whose rates are known one by one.', () => watch.talkers.used),
    gauge(
      'learnt_per_second',
      'Requests a second that are normal.',
      () => watch.detector.learnt.perSecond,
    ),
    gauge('attack', '1 in an attack, else 0.', () => (watch.detector.state === 'attack' ? 1 : 0)),
    gauge('memory_limit_bytes', 'What may be remembered of clients.', () => guard.memoryBytes),
  ];
}
