/** Databases of records: keys, values, expiries. */
export { Database, type DatabaseShared } from './database.ts';
export { Expiries } from './expiries.ts';
export { Keyspace, type KeyspaceHooks } from './keyspace.ts';
export { type LargeValue, LargeValues } from './large-value.ts';
export { CLOCK_MASK, Flag, RECORD_HEAD_BYTES, TYPE_NAMES, Type } from './record.ts';
