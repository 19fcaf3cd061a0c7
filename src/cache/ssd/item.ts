/** What waits to be written into a segment. */
import type { Head } from './format.ts';

export interface Item extends Head {
  readonly meta: Uint8Array;
  readonly body: readonly Uint8Array[];
  /** In its segment. */
  readonly bytes: number;
  /** Its entry in the index, pending; of a copy, where the record is until now. Removals: NONE. */
  readonly entry: number;
  /** Once, when it is written or will not be. */
  readonly done: ((stored: boolean) => void) | null;
}
