/** The door of what operators ask. */
export { type Administered, CacheAdmin } from './cache-admin.ts';
export type { CacheDoor, CacheStatus, DiskShown, ExplainAsked } from './cache-door.ts';
export { cacheOperations } from './operations.ts';
