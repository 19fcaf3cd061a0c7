/** A codec of Redis' RDB: values (DUMP, RESTORE) and whole files. It knows bytes, not the store. */
export type { RdbVersion } from './constants.ts';
export { Crc64 } from './crc64.ts';
export type { DumpOptions, DumpResult } from './dump.ts';
export { DUMP_ERROR_TEXT, readDump } from './dump.ts';
export type { RdbFileOptions, RdbFileResult, RdbFileStatus } from './file-parser.ts';
export { RdbFileParser, readRdbFile } from './file-parser.ts';
export type { RdbFileSink, RdbKeyInfo } from './file-sink.ts';
export { RdbFileWriter } from './file-writer.ts';
export {
  type FunctionDumpFault,
  readFunctionDump,
  writeFunctionDump,
} from './function-dump.ts';
export { lzfCompress, lzfDecompress } from './lzf.ts';
export type {
  RdbValueSink,
  StreamConsumer,
  StreamGroup,
  StreamId,
  StreamMeta,
  StreamPending,
} from './sink.ts';
export { ignoringSink } from './sink.ts';
export type { RdbWriteOptions } from './value-writer.ts';
export { RdbValueWriter } from './value-writer.ts';
