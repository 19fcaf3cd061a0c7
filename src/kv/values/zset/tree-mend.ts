/**
 * Keeps a score tree filled after removals: a node with too few entries takes some from a neighbour,
 * or the two become one, which may leave the node above with too few, and so on up to the root.
 *
 * Benchmark: bench/kv (ZPOPMIN, ZREM).
 */
import type { Address } from '../../memory/index.ts';
import type { ScoreTree } from './tree.ts';
import {
  entryCount,
  INNER_MERGE_MAX,
  INNER_MIN,
  LEAF_MERGE_MAX,
  LEAF_MIN,
  moveEntries,
  NEXT,
  PREV,
  wordBase,
  wordsOf,
} from './tree-node.ts';
import type { TreePath } from './tree-path.ts';

/** Mends the nodes of a path whose leaf has lost entries. */
export function mendPath(tree: ScoreTree, path: TreePath): void {
  const arena = tree.arena;
  for (let level = 0; level + 1 < path.height; level++) {
    const node = path.nodes[level] as number;
    if (entryCount(arena, node) >= (level === 0 ? LEAF_MIN : INNER_MIN)) break;
    mendNode(tree, path, level);
  }
  shrinkRoot(tree);
}

function mendNode(tree: ScoreTree, path: TreePath, level: number): void {
  const arena = tree.arena;
  const inner = level > 0;
  const parent = path.nodes[level + 1] as number;
  const index = path.indexes[level + 1] as number;
  const at = index > 0 ? index - 1 : 0;
  const left = tree.childAt(parent, at);
  const right = tree.childAt(parent, at + 1);
  const leftCount = entryCount(arena, left);
  const rightCount = entryCount(arena, right);
  const total = leftCount + rightCount;
  if (total <= (inner ? INNER_MERGE_MAX : LEAF_MERGE_MAX)) {
    moveEntries(arena, inner, right, 0, left, leftCount, rightCount);
    setCount(tree, left, total);
    dropNode(tree, inner, right);
    removeChild(tree, parent, at + 1);
  } else {
    balance(tree, inner, left, leftCount, right, rightCount);
    tree.describeChild(parent, at + 1, inner, right);
  }
  tree.describeChild(parent, at, inner, left);
  // A leaf that was emptied has a new first entry only now. `left` is on the path when at is index.
  if (at === 0 && index === 0) {
    path.nodes[level] = left;
    path.refreshFirst(arena, level + 1);
  }
}

/** Lets two neighbours have equally many entries. */
function balance(
  tree: ScoreTree,
  inner: boolean,
  left: Address,
  leftCount: number,
  right: Address,
  rightCount: number,
): void {
  const arena = tree.arena;
  const half = (leftCount + rightCount) >>> 1;
  const moved = half - leftCount;
  if (moved > 0) {
    moveEntries(arena, inner, right, 0, left, leftCount, moved);
    moveEntries(arena, inner, right, moved, right, 0, rightCount - moved);
  } else {
    moveEntries(arena, inner, right, 0, right, -moved, rightCount);
    moveEntries(arena, inner, left, half, right, 0, -moved);
  }
  setCount(tree, left, half);
  setCount(tree, right, leftCount + rightCount - half);
}

/** Frees a node whose entries have gone to its left neighbour. */
function dropNode(tree: ScoreTree, inner: boolean, node: Address): void {
  if (inner) {
    tree.inners--;
  } else {
    const next = tree.wordOf(node, NEXT);
    const prev = tree.wordOf(node, PREV);
    wordsOf(tree.arena, prev)[wordBase(prev) + NEXT] = next;
    if (next !== 0) wordsOf(tree.arena, next)[wordBase(next) + PREV] = prev;
    tree.leaves--;
  }
  tree.arena.free(node);
}

function removeChild(tree: ScoreTree, node: Address, index: number): void {
  const count = entryCount(tree.arena, node);
  moveEntries(tree.arena, true, node, index + 1, node, index, count - index - 1);
  setCount(tree, node, count - 1);
}

function setCount(tree: ScoreTree, node: Address, count: number): void {
  wordsOf(tree.arena, node)[wordBase(node)] = count;
}

/** A root with one child gives way to it; an empty one goes. */
function shrinkRoot(tree: ScoreTree): void {
  while (tree.height > 1 && entryCount(tree.arena, tree.root) === 1) {
    const child = tree.childAt(tree.root, 0);
    tree.arena.free(tree.root);
    tree.inners--;
    tree.root = child;
    tree.height--;
  }
  if (tree.height === 1 && tree.size === 0) {
    tree.arena.free(tree.root);
    tree.leaves--;
    tree.root = 0;
    tree.height = 0;
  }
}
