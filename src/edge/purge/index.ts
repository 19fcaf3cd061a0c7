/** The door of purges over the network of PoPs. */
export type { PurgedCache } from './member-driver.ts';
export type { PopReceipt, PurgeReceipt } from './messages.ts';
export { purgeBusMetricTable } from './metrics.ts';
export { type CarryingCache, PurgeBus, type PurgeBusOptions, type PurgePop } from './purge-bus.ts';
export {
  coordinatorOf,
  type PurgeBusSettings,
  purgeBusConflicts,
  purgeBusFields,
} from './purge-fields.ts';
export type { OrderShown, PopShown, PurgesShown } from './shown.ts';
