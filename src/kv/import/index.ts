/** Import from Redis: RDB files, and live from a running server as its replica. */
export type {
  ComparisonReport,
  DatabaseComparison,
  Difference,
  DifferenceKind,
} from './comparison.ts';
export { ImportError, type ImportErrorCode, importErrorTable } from './errors.ts';
export {
  type FileImportOptions,
  type FileImportResult,
  type FileProgress,
  importFile,
} from './file-import.ts';
export { LiveComparison, type LiveComparisonOptions } from './live-comparison.ts';
export {
  LiveImport,
  type LiveImportOptions,
  type LivePhase,
  type LiveProgress,
} from './live-import.ts';
export { type Endpoint, endpointName, openPipe, type RespPipe } from './resp-pipe.ts';
