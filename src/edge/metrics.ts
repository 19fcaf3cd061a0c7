/** What the edge tells Prometheus. */
import type { MetricSpec } from '../core/observe/index.ts';
import { accessMetrics, type ObservedAccess } from './access/index.ts';
import { acmeMetricTable } from './acme/index.ts';
import { dnsMetricTable } from './dns/index.ts';
import { GateCounts } from './gate.ts';
import { guardMetrics, type ObservedGuard } from './guard/index.ts';
import { purgeBusMetricTable } from './purge/index.ts';

/** What metrics read. */
export interface Observed {
  readonly pop: string;
  readonly gate: { readonly counts: GateCounts };
  readonly access: ObservedAccess;
  readonly guard: ObservedGuard;
  /** Those of parts that exist once the edge runs. */
  readonly parts: readonly MetricSpec[];
}

export function edgeMetrics({ pop, gate, access, guard, parts }: Observed): readonly MetricSpec[] {
  return [
    {
      name: 'plinth_edge_info',
      help: 'Which point of presence this process is; always 1.',
      type: 'gauge',
      labels: ['pop'],
      collect: (emit) => emit(1, pop),
    },
    {
      name: 'plinth_edge_refused_total',
      help: 'Requests that were refused before any rule: who claimed to be a PoP, or ran in a circle.',
      type: 'counter',
      labels: ['reason'],
      collect(emit) {
        emit(gate.counts.strangers, 'no-pop');
        emit(gate.counts.circles, 'circle');
      },
    },
    ...accessMetrics(access),
    ...guardMetrics(guard),
    ...parts,
  ];
}

/** All metrics there are, for documentation. */
export function edgeMetricTable(
  observed: Pick<Observed, 'access' | 'guard'>,
): readonly MetricSpec[] {
  return edgeMetrics({
    ...observed,
    ...{ pop: '', gate: { counts: new GateCounts() } },
    parts: [...dnsMetricTable(), ...acmeMetricTable(), ...purgeBusMetricTable()],
  });
}
