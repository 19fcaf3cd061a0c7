/** The write-ahead log. README.md draws its states, docs/formats/log.md gives its bytes. */
export type { LogErrorCode } from './errors.ts';
export { LogError, logErrorTable } from './errors.ts';
export { openLog } from './log.ts';
export { PartJoiner } from './parts.ts';
export type { RepairOptions, RepairReport } from './repair.ts';
export { repairLog } from './repair.ts';
export type { LogStats } from './stats.ts';
export type {
  EntriesAhead,
  Epoch,
  FlushCallback,
  Log,
  LogEntry,
  LogIndex,
  LogOptions,
  LogReservation,
  LogState,
  RecoveryReport,
  SyncPolicy,
} from './types.ts';
export { epoch, logIndex } from './types.ts';
export { walkLog } from './walk.ts';
