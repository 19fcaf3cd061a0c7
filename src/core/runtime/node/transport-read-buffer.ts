/**
 * The one read buffer of the process and its views.
 *
 * One thread reads one socket at a time and every consumer copies what it keeps, so one buffer
 * serves all connections: nothing is allocated per read and the same memory stays in the cache.
 * Views of short reads, which are nearly all of them, are made once (`subarray` costs 70 ns).
 */

/** Bytes read at most by one system call. The best size could not be told from noise, see decision 0005. */
export const readBufferBytes = 131_072;

export const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);

const viewsMax = 2048;
const views: Buffer[] = [readBuffer.subarray(0, 0)];

/** The first `length` bytes of the read buffer. */
export function viewOf(length: number): Buffer {
  if (length >= viewsMax) return readBuffer.subarray(0, length);
  while (views.length <= length) views.push(readBuffer.subarray(0, views.length));
  return views[length]!;
}
