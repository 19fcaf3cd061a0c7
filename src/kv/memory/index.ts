/** Off-heap memory: the arena, the hash table over it, and byte loops. */
export { compareBytes, copyBytes, equalBytes, hashBytes } from '../../core/base/index.ts';
export {
  type Address,
  Arena,
  type ArenaOptions,
  byteOffset,
  lacksMemory,
  OutOfMemoryError,
  SEGMENT_SHIFT,
} from '../../core/memory/index.ts';
export { DueHeap } from './due-heap.ts';
export { moveBytes } from './move-bytes.ts';
export { EXTRA_WORD, FETCH_MAX, KEY_LENGTH_MASK, reverseBits, Table } from './table.ts';
