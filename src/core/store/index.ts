/** Durable storage: the write-ahead log, whole-file replacement, the data folder and its lock. */
export * from './log/index.ts';
