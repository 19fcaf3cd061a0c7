/** The door of the balancer. */
export type {
  BalancerStatus,
  ListenerShown,
  PoolShown,
  RouteShown,
  ServerShown,
} from './admin/balancer-status.ts';
export type { DrainShown } from './draining/drain-report.ts';
export type { Present } from './draining/under-way.ts';
export { balancerMetricTable } from './metrics.ts';
export { Balancer, type BalancerContext, createBalancer } from './system.ts';
