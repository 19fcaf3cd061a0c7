/** The door of the cache. */
export { type CacheSettings, cacheConfig } from './config.ts';
export { cacheMetricTable } from './metrics.ts';
export { Cache, type CacheContext, createCache } from './system.ts';
