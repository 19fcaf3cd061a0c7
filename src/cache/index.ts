/** The door of the cache. */
export type { CacheStatus } from './admin/index.ts';
export { type Explanation, explanationLines } from './explain/index.ts';
export { cacheMetricTable } from './metrics.ts';
export {
  type CarriedOutcome,
  type PurgeAsked,
  type PurgeCarrier,
  type PurgeOutcome,
  type PurgeProblem,
  type Purging,
  purgeProblemTable,
} from './purge/index.ts';
export { Cache, type CacheContext, createCache } from './system.ts';
