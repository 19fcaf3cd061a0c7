/** Proves the invariants of a score tree, for tests. */
import assert from 'node:assert/strict';
import { type Address, SEGMENT_SHIFT } from '../../memory/index.ts';
import { memberLength, memberScore, memberStart } from './member.ts';
import type { ScoreTree } from './tree.ts';
import {
  COUNTS,
  entryCount,
  floatsOf,
  INNER_MAX,
  INNER_MEMBERS,
  INNER_MIN,
  LEAF_MAX,
  LEAF_MIN,
  NEXT,
  PREV,
  scoreBase,
} from './tree-node.ts';

export interface TreeMember {
  readonly score: number;
  readonly text: string;
  readonly node: Address;
}

/** All members in the order of the tree. @throws AssertionError when an invariant is broken. */
export function checkTree(tree: ScoreTree): TreeMember[] {
  const members: TreeMember[] = [];
  const leaves: Address[] = [];
  let inners = 0;

  function visit(node: Address, level: number, atLeft: boolean, atRight: boolean): number {
    const count = entryCount(tree.arena, node);
    const edge = atLeft || atRight;
    if (level === 0) {
      leaves.push(node);
      assert.ok(count >= (edge ? 1 : LEAF_MIN) && count <= LEAF_MAX, `leaf holds ${count}`);
      for (let i = 0; i < count; i++) members.push(memberOf(tree, node, i));
      return count;
    }
    inners++;
    assert.ok(count >= (edge ? 2 : INNER_MIN) && count <= INNER_MAX, `inner node holds ${count}`);
    let total = 0;
    for (let i = 0; i < count; i++) {
      const first = members.length;
      const child = tree.childAt(node, i);
      const below = visit(child, level - 1, atLeft && i === 0, atRight && i === count - 1);
      assert.equal(tree.wordOf(node, COUNTS + i), below, 'count of a child');
      assert.equal(tree.wordOf(node, INNER_MEMBERS + i), members[first]!.node, 'first of a child');
      assert.equal(floatsOf(tree.arena, node)[scoreBase(node) + i], members[first]!.score);
      total += below;
    }
    return total;
  }

  if (tree.height === 0) {
    assert.equal(tree.root, 0);
    assert.equal(tree.size, 0);
  } else {
    assert.equal(visit(tree.root, tree.height - 1, true, true), tree.size);
  }
  assert.equal(tree.leaves, leaves.length, 'leaves counted');
  assert.equal(tree.inners, inners, 'inner nodes counted');
  for (let i = 0; i < leaves.length; i++) {
    assert.equal(tree.wordOf(leaves[i]!, PREV), leaves[i - 1] ?? 0, 'link back');
    assert.equal(tree.wordOf(leaves[i]!, NEXT), leaves[i + 1] ?? 0, 'link on');
  }
  for (let i = 1; i < members.length; i++) {
    assert.ok(compareMembers(members[i - 1]!, members[i]!) < 0, 'order');
  }
  return members;
}

/** Order of two members as a sorted set has it. */
export function compareMembers(
  a: { readonly score: number; readonly text: string },
  b: { readonly score: number; readonly text: string },
): number {
  return (
    a.score - b.score ||
    Buffer.compare(Buffer.from(a.text, 'latin1'), Buffer.from(b.text, 'latin1'))
  );
}

function memberOf(tree: ScoreTree, leaf: Address, index: number): TreeMember {
  const node = tree.memberAt(leaf, index);
  const { arena } = tree;
  const start = memberStart(node);
  const bytes = arena.bytes[node >>> SEGMENT_SHIFT]!;
  assert.equal(memberScore(arena, node), tree.scoreAt(leaf, index), 'score of a member');
  return {
    score: tree.scoreAt(leaf, index),
    text: bytes.toString('latin1', start, start + memberLength(arena, node)),
    node,
  };
}
