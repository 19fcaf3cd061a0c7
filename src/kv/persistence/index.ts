/** Recovery, log and checkpoints of the store. */
export type { Checkpointer } from './checkpointer.ts';
export { CorruptCheckpointError } from './errors.ts';
export { Persistence, type PersistenceOptions, type RecoverySummary } from './persistence.ts';
export { reloadInMemory } from './reload.ts';
