/**
 * Memory of the arena's segments, taken in such a way that the store may grow without the garbage
 * collector noticing.
 *
 * V8 takes the bytes of an ArrayBuffer for pressure on its heap: with every 64 MiB more it marks the
 * whole heap, 17 to 28 ms of the main thread, up to 18 ms of them in one piece, though there is nothing
 * to find. Under pushes of 100 bytes that was a tenth of all processor time and the p99.9. The bytes of a
 * SharedArrayBuffer are not counted, so a segment is one, though nobody shares it.
 *
 * In return V8 is in no hurry to give such memory back. It is told of what is dropped: with every
 * 64 MiB of dropped segments goes a companion, an ArrayBuffer as large, garbage as soon as they are. It
 * counts, and costs nothing: none of its pages is ever touched.
 *
 * Figures: docs/decisions/0011-segments-unseen-by-the-collector.md. Benchmark: bench/kv (RPUSH, XADD).
 */

/** Always mapped by itself by the allocator (glibc: above 32 MiB), so that its pages stay untouched. */
const COMPANION_BYTES = 64 * 1024 * 1024;

/** A companion lives as long as the segment it was made for. */
const companions = new WeakMap<ArrayBufferLike, ArrayBuffer>();
/** What was dropped last: gone once the collector has been here. */
let lastDropped: WeakRef<ArrayBufferLike> | undefined;
let untoldBytes = 0;

/** Zeroed memory that the collector does not count. @throws RangeError when there is none. */
export function takeUncounted(bytes: number): SharedArrayBuffer {
  // A store that grows again after a flush must not hold its old memory beside the new.
  const dropped = lastDropped?.deref();
  if (dropped === undefined) lastDropped = undefined;
  else tell(bytes, dropped);
  return new SharedArrayBuffer(bytes);
}

/** `memory` is not referred to any more: the collector learns in time that it is worth a look. */
export function dropUncounted(memory: ArrayBufferLike): void {
  lastDropped = new WeakRef(memory);
  tell(memory.byteLength, memory);
}

function tell(bytes: number, memory: ArrayBufferLike): void {
  untoldBytes += bytes;
  if (untoldBytes < COMPANION_BYTES) return;
  untoldBytes = 0;
  try {
    companions.set(memory, new ArrayBuffer(COMPANION_BYTES));
  } catch (error) {
    // Without room for the companion the collector has had all the reason it needs: it has just run.
    if (!(error instanceof RangeError)) throw error;
  }
}
