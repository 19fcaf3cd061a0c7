/** Streams: entries in blocks of the arena, consumer groups over them. No commands, no replies. */
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { streamOf } from './stream.ts';

export { StreamBuilder } from './builder.ts';
export { EntryCursor } from './cursor.ts';
export { dump, eachEntry } from './dump.ts';
export type { StreamLimits } from './entries.ts';
export type { Pairs } from './entry-block.ts';
export type { Consumer, Group } from './group.ts';
export { EntryId, formatId, ID_TEXT_BYTES, Parsed, parseId } from './id.ts';
export { advanceGroup, entriesUpTo, lagOf, UNKNOWN } from './lag.ts';
export { Stream, streamOf, type TrimOptions } from './stream.ts';

/** OBJECT ENCODING. */
export function encodingOf(_db: Database, _record: Address): string {
  return 'stream';
}

/** Live entries. */
export function lengthOf(db: Database, record: Address): number {
  return streamOf(db, record).length;
}

/** Bytes of the stream, its record excepted. */
export function memoryBytes(db: Database, record: Address): number {
  return streamOf(db, record).memoryBytes();
}
