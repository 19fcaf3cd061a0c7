/**
 * Frees all nodes of a table in slices, resuming where the last slice ended. Nothing else uses the
 * table from the first slice on.
 */
import type { Arena, Table } from '../memory/index.ts';

export class NodeRelease {
  private readonly arena: Arena;
  private readonly table: Table;
  private cursor = 0;
  private freed = 0;
  private done = false;
  private readonly freeNode = (node: number): void => {
    this.arena.free(node);
    this.freed++;
  };

  constructor(arena: Arena, table: Table) {
    this.arena = arena;
    this.table = table;
  }

  /** Frees about `budget` nodes; true when none is left. */
  run(budget: number): boolean {
    this.freed = 0;
    // Nodes stay linked while the scan walks them: only the cursor knows what is gone. Empty buckets
    // count an eighth, so that a sparse table does not make a slice long.
    for (let steps = budget * 8; !this.done && steps > 0 && this.freed < budget; steps--) {
      this.cursor = this.table.scan(this.cursor, this.freeNode);
      if (this.cursor === 0) {
        this.table.reset();
        this.done = true;
      }
    }
    return this.done;
  }
}
