/** The door of the settings: what a process knows of a system that it does not run. */
export {
  type BalancerSettings,
  balancerConfig,
  type ListenerSettings,
  type PoolSettings,
  type RouteSettings,
  type ServerSettings,
} from './config.ts';
export { listeners as listenerRecords } from './listeners.ts';
export { pools as poolRecords, servers as serverRecords } from './pools.ts';
export { routes as routeRecords } from './routes.ts';
