/** Databases of records: keys, values, expiries. */
export { Changes, type Generation, type StoredElements } from './changes.ts';
export { Database } from './database.ts';
export type { DatabaseShared } from './database-shared.ts';
export {
  type ElementChanges,
  type ElementIn,
  type ElementNameOut,
  type ElementOut,
  type ElementSink,
  type Elements,
  Status,
} from './elements.ts';
export { Expiries } from './expiries.ts';
export { HashList } from './hash-list.ts';
export { Keyspace, type KeyspaceHooks } from './keyspace.ts';
export { type LargeValue, LargeValues, type Releasable } from './large-value.ts';
export { copyPacked, moveRecord } from './move.ts';
export { type Name, Names } from './names.ts';
export { NodeChanges, type NodeOwner } from './node-changes.ts';
export {
  CLOCK_MASK,
  DIRTY_MASK,
  Flag,
  RECORD_HEAD_BYTES,
  TIER_MASK,
  TYPE_MASK,
  TYPE_NAMES,
  TYPE_SHIFT,
  Type,
} from './record.ts';
export { swapContents } from './swap.ts';
