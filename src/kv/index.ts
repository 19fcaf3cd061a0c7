/** The key-value store: Redis protocol, values off the heap, a log as the truth. */
export { type RunningKv, type StartKvOptions, startKv } from './start.ts';
export { createKv, type Kv, type KvContext, type KvSettings } from './system.ts';
