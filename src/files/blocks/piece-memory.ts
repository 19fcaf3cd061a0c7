/**
 * Memory for pieces of blocks on their way: what is read from or written to a disk at once, or is one frame on the wire.
 *
 * Why not made anew for each: half a megabyte a time makes the collector run all the time, which costs more than
 * all else that is done with the bytes (2.5 s of processor time a GiB, bench/files).
 *
 * Invariant: what was given back is referred to by nobody. What is not given back is collected, and nothing is lost.
 */
import { STORED_CHUNK_BYTES } from './format.ts';

/** Chunks of a piece. */
export const PIECE_CHUNKS = 8;
/** A piece in the form that it has on the disk, and what stands before it in a frame. */
export const PIECE_BYTES = PIECE_CHUNKS * STORED_CHUNK_BYTES + 64;
/** 12 MiB: what a few writers and readers at once use. */
const KEPT_MAX = 24;

const kept: Buffer[] = [];

/** `PIECE_BYTES` of memory, with anything in it. */
export function takePieceMemory(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
}

/** @param memory what was taken, or the beginning of it. Other memory is left alone. */
export function givePieceMemory(memory: Buffer): void {
  if (kept.length >= KEPT_MAX || memory.byteOffset !== 0) return;
  if (memory.buffer.byteLength !== PIECE_BYTES) return;
  kept.push(memory.length === PIECE_BYTES ? memory : Buffer.from(memory.buffer));
}
