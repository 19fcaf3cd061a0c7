/** Where keys are: in memory, on the disk, in both. */
export { ColdExpiry } from './cold-expiry.ts';
export { ColdKeys } from './cold-keys.ts';
export type { ColdEntry } from './cold-walk.ts';
export { EntryError } from './entry.ts';
export { Flusher } from './flusher.ts';
export { Overwritten } from './overwritten.ts';
export { loadExpiringHashes, recoverState } from './recover.ts';
export { reloadInMemory } from './reload.ts';
export { Spill } from './spill.ts';
export { Warming } from './warm.ts';
