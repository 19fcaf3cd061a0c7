/** What the namespace says of blocks, for the cluster's state, which asks at once. */
import type { Lookup, Wanted } from '../cluster/index.ts';
import type { BlockRecord } from '../namespace/records.ts';

export interface WantedOptions {
  /** The record of a block; null: nobody names it. */
  block(block: number): Promise<BlockRecord | null>;
  /** Somebody writes it. */
  isWritten(block: number): boolean;
}

/** Looks up blocks that the state does not know. What was not looked up is taken for held: the next report tells. */
export async function lookupOf(
  { block: find, isWritten }: WantedOptions,
  blocks: readonly number[],
): Promise<Lookup> {
  const found = new Map<number, Wanted | undefined>();
  for (const block of blocks) {
    const record = await find(block);
    found.set(block, record === null ? undefined : wantedOf(block, record));
  }
  return (block) => {
    if (isWritten(block) || !found.has(block)) return 'held';
    return found.get(block);
  };
}

export function wantedOf(block: number, { stamp, length, replication }: BlockRecord): Wanted {
  return { block, stamp, length, replication: Math.max(1, replication) };
}
