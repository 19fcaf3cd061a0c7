/**
 * Read buffers for long bodies: a connection that brings one reads into memory of its own, so that what it
 * brought can be written on without a copy and stays as it is until it is read again.
 *
 * 256 KiB: measured for bodies of 64 KiB and more (ARCHITECTURE.md). The number of buffers is bounded; without
 * one a body is copied through the shared buffer, which is slower and nothing else.
 */

const BULK_BYTES = 262_144;
/** A body of which less is to come is not worth it. */
export const BULK_BODY_BYTES_MIN = 65_536;
const IN_USE_MAX = 512;
const KEPT_MAX = 16;

const kept: Buffer[] = [];
let inUse = 0;

/** A buffer to read into, null when too many are in use. */
export function takeBulkBuffer(): Buffer | null {
  if (inUse === IN_USE_MAX) return null;
  inUse++;
  return kept.pop() ?? Buffer.allocUnsafeSlow(BULK_BYTES);
}

/** Nobody reads into it any more. `free`: nobody refers to a chunk in it either. */
export function giveBulkBuffer(buffer: Buffer, free: boolean): void {
  inUse--;
  if (free && kept.length < KEPT_MAX) kept.push(buffer);
}
