/**
 * The way from the root of a score tree to a leaf: at each level the node and the index of the entry
 * gone through. Level 0 is the leaf.
 *
 * Benchmark: bench/kv (ZADD, ZRANK).
 */
import type { Arena } from '../../memory/index.ts';
import {
  COUNTS,
  floatsOf,
  INNER_MEMBERS,
  LEAF_MEMBERS,
  scoreBase,
  wordBase,
  wordsOf,
} from './tree-node.ts';

/** More than enough: 20 entries a node at least make 20^16 members. */
const LEVELS_MAX = 16;

export class TreePath {
  height = 0;
  readonly nodes = new Uint32Array(LEVELS_MAX);
  readonly indexes = new Int32Array(LEVELS_MAX);

  /** Adds to the member counts of all children gone through. */
  addToCounts(arena: Arena, members: number): void {
    for (let level = 1; level < this.height; level++) {
      const node = this.nodes[level] as number;
      const at = wordBase(node) + COUNTS + (this.indexes[level] as number);
      const words = wordsOf(arena, node);
      words[at] = (words[at] as number) + members;
    }
  }

  /** Members below the children that stand before those gone through. */
  countBefore(arena: Arena): number {
    let members = 0;
    for (let level = 1; level < this.height; level++) {
      const node = this.nodes[level] as number;
      const words = wordsOf(arena, node);
      const counts = wordBase(node) + COUNTS;
      const end = counts + (this.indexes[level] as number);
      for (let at = counts; at < end; at++) members += words[at] as number;
    }
    return members;
  }

  /**
   * The first entry of the node below `level` has changed: writes it into the nodes above, up to the
   * first in which it is not the first.
   */
  refreshFirst(arena: Arena, level: number): void {
    for (let up = level; up < this.height; up++) {
      const below = this.nodes[up - 1] as number;
      const node = this.nodes[up] as number;
      const index = this.indexes[up] as number;
      const membersAt = up === 1 ? LEAF_MEMBERS : INNER_MEMBERS;
      floatsOf(arena, node)[scoreBase(node) + index] = floatsOf(arena, below)[scoreBase(below)]!;
      wordsOf(arena, node)[wordBase(node) + INNER_MEMBERS + index] = wordsOf(arena, below)[
        wordBase(below) + membersAt
      ]!;
      if (index !== 0) return;
    }
  }
}
