/** Processors that this process may use. */
import { availableParallelism } from 'node:os';

export function coreCount(): number {
  return availableParallelism();
}
