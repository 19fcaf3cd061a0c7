/** The door of the balancer. */
export type {
  BalancerStatus,
  ListenerShown,
  PoolShown,
  RouteShown,
  ServerShown,
} from './admin/balancer-status.ts';
export {
  type BalancerSettings,
  balancerConfig,
  type ListenerSettings,
  type PoolSettings,
  type RouteSettings,
  type ServerSettings,
} from './config/config.ts';
export { listeners as listenerRecords } from './config/listeners.ts';
export { pools as poolRecords, servers as serverRecords } from './config/pools.ts';
export { routes as routeRecords } from './config/routes.ts';
export type { DrainShown } from './draining/drain-report.ts';
export type { Present } from './draining/under-way.ts';
export { balancerMetricTable } from './metrics.ts';
export { Balancer, type BalancerContext, createBalancer } from './system.ts';
