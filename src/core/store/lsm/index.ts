/** The LSM engine: an ordered map of bytes to bytes that is larger than memory. See README.md. */
export { WriteBatch } from './batch.ts';
export { LsmError, type LsmErrorCode } from './errors.ts';
export { type LsmFolder, readLsmFolder } from './folder.ts';
export { openLsm } from './lsm.ts';
export type { LsmStats } from './stats.ts';
export {
  type CheckpointReport,
  Found,
  type Lookup,
  type Lsm,
  type LsmOptions,
  type LsmState,
  type LsmWorker,
  type Scan,
  type ScanRange,
  type Snapshot,
  type VerifyReport,
  type WriteOptions,
} from './types.ts';
export { createLsmWorker, createLsmWorkers, type LsmWorkers } from './worker.ts';
