/** Off-heap memory: the arena, the hash table over it, and byte loops. */
export { compareBytes, copyBytes, equalBytes, hashBytes } from '../../core/base/index.ts';
export { type Address, Arena, byteOffset, SEGMENT_SHIFT } from './arena.ts';
export { DueHeap } from './due-heap.ts';
export { EXTRA_WORD, FETCH_MAX, KEY_LENGTH_MASK, Table } from './table.ts';
