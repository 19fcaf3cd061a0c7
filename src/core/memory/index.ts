/** Memory outside the collector's heap, for what a system keeps by the million. */
export { type Address, Arena, type ArenaOptions, byteOffset, SEGMENT_SHIFT } from './arena.ts';
export { lacksMemory, OutOfMemoryError } from './out-of-memory.ts';
export { dropUncounted, takeUncounted } from './segment-memory.ts';
