/** Lua scripts and functions over the store: the folder's only door. */
export type { RestorePolicy } from './libraries.ts';
export type { Library, LibraryFunction } from './library.ts';
export { REDIS_VERSION, type ScriptLog } from './redis-table.ts';
export type { Script } from './script-cache.ts';
export { flagNames } from './script-flags.ts';
export { Scripting } from './scripting.ts';
