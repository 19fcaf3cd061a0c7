/**
 * How much of the JavaScript heap is in use.
 *
 * Promise: a cheap figure that counts garbage, or, when asked, one without it. V8 collects large
 * strings late, so without a collection a script that only makes garbage would look greedy.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collectGarbage: (() => void) | undefined;

/** Bytes in use; `collect` runs a full collection first (tens of milliseconds and more). */
export function heapBytes(collect: boolean): number {
  if (collect) {
    if (collectGarbage === undefined) {
      // V8's own `gc` function, without asking for a command line flag of the whole process.
      setFlagsFromString('--expose-gc');
      collectGarbage = runInNewContext('gc') as () => void;
    }
    collectGarbage();
  }
  return getHeapStatistics().used_heap_size;
}
