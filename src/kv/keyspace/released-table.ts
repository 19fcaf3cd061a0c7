/**
 * The records of a database that was emptied: their memory is given back in slices, so that FLUSHALL of
 * millions of keys holds nobody up.
 */
import {
  type Address,
  type Arena,
  byteOffset,
  SEGMENT_SHIFT,
  type Table,
} from '../memory/index.ts';
import type { LargeValues, Releasable } from './large-value.ts';
import { Flag } from './record.ts';

export class ReleasedTable implements Releasable {
  private readonly arena: Arena;
  private readonly table: Table;
  private readonly large: LargeValues;
  private cursor = 0;
  private freed = 0;

  constructor(arena: Arena, table: Table, large: LargeValues) {
    this.arena = arena;
    this.table = table;
    this.large = large;
  }

  release(budget: number): boolean {
    this.freed = 0;
    // Records stay linked: only the cursor knows which are gone. Empty buckets count an eighth.
    for (let steps = budget * 8; steps > 0 && this.freed < budget; steps--) {
      this.cursor = this.table.scan(this.cursor, this.freeRecord);
      if (this.cursor === 0) {
        this.table.reset();
        return true;
      }
    }
    return false;
  }

  private readonly freeRecord = (record: Address): void => {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    if (((words[w + 3] as number) & Flag.large) !== 0) {
      this.large.bury(this.large.remove(words[w + 4] as number));
    }
    this.arena.free(record);
    this.freed++;
  };
}
