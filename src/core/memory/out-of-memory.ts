/**
 * The system gives no more memory, or the address space of the arena is used up.
 *
 * Allocations that a command makes for itself fail with errors of the engine's own; `lacksMemory` knows
 * them all.
 */
import { errorCode } from '../runtime/index.ts';

export class OutOfMemoryError extends RangeError {
  override readonly name = 'OutOfMemoryError';
}

/** `new ArrayBuffer` and typed arrays, arrays, strings: what V8 says when they can not be made. */
const V8_MESSAGES =
  /allocation failed|^Invalid (typed )?array (buffer )?length|^Invalid string length/i;

/** Whether an error says that there is no memory for what was asked for. */
export function lacksMemory(error: unknown): boolean {
  if (error instanceof OutOfMemoryError) return true;
  const code = errorCode(error);
  if (code === 'ERR_STRING_TOO_LONG' || code === 'ERR_MEMORY_ALLOCATION_FAILED') return true;
  return error instanceof RangeError && V8_MESSAGES.test(error.message);
}
