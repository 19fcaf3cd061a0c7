/** Durable storage: the write-ahead log, whole-file replacement, the data folder and its lock. */

export { readFileWhole, type StagedFile, stageFile, writeFileAtomic } from './atomic-file.ts';
export type { DataFolder, DataFolderErrorCode } from './data-folder.ts';
export { DataFolderError, dataFolderErrorTable, openDataFolder } from './data-folder.ts';
export * from './log/index.ts';
export * from './lsm/index.ts';
