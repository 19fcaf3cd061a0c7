/**
 * What the balancer tells Prometheus. Labels are names of the configuration (and of servers that were found, at
 * most `MEMBERS_MAX` a pool) and of our own tables, so that no client makes another series.
 */
import type { MetricSpec, ScalarMetric } from '../core/observe/index.ts';
import type { Observed } from './admin/show-balancer.ts';
import { TrafficTable } from './listeners/traffic.ts';
import { listenerMetrics, routeMetrics } from './metrics-clients.ts';
import { poolMetrics } from './metrics-pools.ts';

/** All metrics there are, for documentation: of a balancer with nothing in it. */
export function balancerMetricTable(): readonly MetricSpec[] {
  const traffic = { listeners: new TrafficTable(), routes: new TrafficTable() };
  return balancerMetrics({ traffic, openDoors: [], servingPools: [] } as unknown as Observed);
}

export function balancerMetrics(balancer: Observed): readonly MetricSpec[] {
  const dropped: ScalarMetric = {
    name: 'plinth_balancer_access_log_lines_dropped_total',
    help: 'Lines of the access log lost because its file was too slow or could not be written.',
    type: 'counter',
    collect: (emit) => emit(balancer.accessLog.dropped),
  };
  return [
    ...listenerMetrics(balancer),
    ...routeMetrics(balancer),
    ...poolMetrics(balancer),
    dropped,
  ];
}
