/** What access to content tells Prometheus. */
import type { MetricSpec } from '../../core/observe/index.ts';
import type { AccessCounts } from './reasons.ts';

/** What metrics read. */
export interface ObservedAccess {
  /** By the name of the rule. */
  counts(): Iterable<readonly [string, AccessCounts]>;
}

export function accessMetrics(access: ObservedAccess): readonly MetricSpec[] {
  return [
    {
      name: 'plinth_edge_access_passed_total',
      help: 'Requests that were let through to the content.',
      type: 'counter',
      labels: ['rule'],
      collect(emit) {
        for (const [rule, { passed }] of access.counts()) emit(passed, rule);
      },
    },
    {
      name: 'plinth_edge_access_preflights_total',
      help: 'Preflights of other origins that were answered at the edge.',
      type: 'counter',
      labels: ['rule'],
      collect(emit) {
        for (const [rule, { preflights }] of access.counts()) emit(preflights, rule);
      },
    },
    {
      name: 'plinth_edge_access_refused_total',
      help: 'Requests that were not let through, by reason.',
      type: 'counter',
      labels: ['rule', 'reason'],
      collect(emit) {
        for (const [rule, { refused }] of access.counts()) {
          for (const [reason, count] of refused) emit(count, rule, reason);
        }
      },
    },
  ];
}
