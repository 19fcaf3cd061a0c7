/** Databases of records: keys, values, expiries. */
export { Database, type DatabaseShared } from './database.ts';
export { Expiries } from './expiries.ts';
export { Keyspace, type KeyspaceHooks } from './keyspace.ts';
export { type LargeValue, LargeValues, type Releasable } from './large-value.ts';
export { copyPacked, moveRecord } from './move.ts';
export {
  CLOCK_MASK,
  Flag,
  RECORD_HEAD_BYTES,
  TYPE_MASK,
  TYPE_NAMES,
  TYPE_SHIFT,
  Type,
} from './record.ts';
