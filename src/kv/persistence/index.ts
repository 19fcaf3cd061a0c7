/** Recovery, the log and flushes of the store. */
export { Persistence, type PersistenceOptions, type RecoverySummary } from './persistence.ts';
