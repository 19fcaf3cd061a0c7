import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arena } from '../../memory/index.ts';
import { seededRandom } from '../testing.ts';
import { createMember, memberScore, setMemberScore } from './member.ts';
import { checkTree, compareMembers } from './testing.ts';
import { ScoreTree } from './tree.ts';

interface Entry {
  score: number;
  readonly text: string;
  readonly node: number;
}

class Bench {
  readonly arena = new Arena(7);
  readonly tree = new ScoreTree(this.arena);
  entries: Entry[] = [];
  private serial = 0;

  insert(score: number, text = `m${this.serial++}`): void {
    const bytes = Buffer.from(text, 'latin1');
    const node = createMember(this.arena, 0, score, bytes, 0, bytes.length);
    this.tree.insert(score, node);
    const entry = { score, text, node };
    this.entries.splice(this.placeOf(entry), 0, entry);
  }

  private placeOf(entry: Entry): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareMembers(this.entries[middle]!, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  remove(index: number): void {
    const [entry] = this.entries.splice(index, 1);
    this.tree.remove(entry!.score, entry!.node);
    this.arena.free(entry!.node);
  }

  move(index: number, score: number): void {
    const [entry] = this.entries.splice(index, 1);
    this.tree.move(entry!.score, entry!.node, score);
    setMemberScore(this.arena, entry!.node, score);
    entry!.score = score;
    this.entries.splice(this.placeOf(entry!), 0, entry!);
  }

  removeRange(rank: number, count: number): void {
    for (let left = count; left > 0; ) left -= this.tree.removeRun(rank, left);
    for (const entry of this.entries.splice(rank, count)) this.arena.free(entry.node);
  }

  check(): void {
    assert.deepEqual(
      checkTree(this.tree).map((member) => member.node),
      this.entries.map((entry) => entry.node),
    );
  }
}

const orders: Record<string, (i: number) => number> = {
  ascending: (i) => i,
  descending: (i) => -i,
  scattered: (i) => Math.imul(i, 0x9e3779b1) | 0,
  'all equal': () => 5,
  'few values': (i) => i % 3,
  'from both ends': (i) => (i % 2 === 0 ? i : -i),
};

for (const [name, scoreOf] of Object.entries(orders)) {
  test(`a tree of ${name} scores keeps its invariants while it grows and shrinks`, () => {
    const bench = new Bench();
    const total = 9000;
    for (let i = 0; i < total; i++) {
      bench.insert(scoreOf(i));
      if (i % 1777 === 0) bench.check();
    }
    bench.check();
    const random = seededRandom(3);
    while (bench.entries.length > 0) {
      bench.remove(random.u32() % bench.entries.length);
      if (bench.entries.length % 1501 === 0) bench.check();
    }
    assert.equal(bench.arena.usedBytes, 0);
  });
}

test('a tree filled in order has full leaves', () => {
  for (const sign of [1, -1]) {
    const bench = new Bench();
    for (let i = 0; i < 6800; i++) bench.insert(i * sign);
    assert.equal(bench.tree.leaves, 100);
  }
});

test('a tree of which most was removed gives nodes back', () => {
  const bench = new Bench();
  for (let i = 0; i < 20_000; i++) bench.insert(i);
  for (let i = 19_999; i >= 0; i--) if (i % 50 !== 0) bench.remove(i);
  bench.check();
  assert.ok(bench.tree.leaves <= 400 / 22, `${bench.tree.leaves} leaves for 400 members`);
});

test('ranks, seeks and bounds agree with a sorted list', () => {
  const bench = new Bench();
  for (let i = 0; i < 5000; i++) bench.insert((i * 7919) % 613);
  const { tree, entries } = bench;
  entries.forEach((entry, rank) => {
    assert.equal(tree.rankOf(entry.score, entry.node), rank);
    tree.seek(rank);
    assert.equal(tree.memberAt(tree.leaf, tree.index), entry.node);
  });
  for (let score = -1.5; score < 615; score += 0.5) {
    const below = entries.filter((entry) => entry.score < score).length;
    const upTo = entries.filter((entry) => entry.score <= score).length;
    assert.equal(tree.rankOfScore(score, false), below);
    assert.equal(tree.rankOfScore(score, true), upTo);
  }
});

test('bounds by bytes agree with a sorted list when all scores are equal', () => {
  const bench = new Bench();
  for (let i = 0; i < 4000; i++) bench.insert(0, String(i * 3));
  for (let i = 0; i < 12_100; i += 23) {
    const text = String(i);
    const bytes = Buffer.from(text);
    // Digits only, so the order of strings is the order of bytes.
    const before = bench.entries.filter((entry) => entry.text < text).length;
    const present = bench.entries.some((entry) => entry.text === text) ? 1 : 0;
    assert.equal(bench.tree.rankOfMember(bytes, 0, bytes.length, false), before);
    assert.equal(bench.tree.rankOfMember(bytes, 0, bytes.length, true), before + present);
  }
});

test('random changes leave the tree equal to a sorted list', () => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('insert' as const), count: fc.nat(300), spread: fc.nat(50) }),
    fc.record({ kind: fc.constant('rise' as const), count: fc.nat(300), spread: fc.nat(1) }),
    fc.record({ kind: fc.constant('fall' as const), count: fc.nat(300), spread: fc.nat(1) }),
    fc.record({ kind: fc.constant('remove' as const), count: fc.nat(200), spread: fc.nat(9999) }),
    fc.record({ kind: fc.constant('range' as const), count: fc.nat(900), spread: fc.nat(9999) }),
    fc.record({ kind: fc.constant('move' as const), count: fc.nat(60), spread: fc.nat(9999) }),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 5, maxLength: 40 }), (changes) => {
      const bench = new Bench();
      const random = seededRandom(changes.length);
      for (const { kind, count, spread } of changes) {
        const size = bench.entries.length;
        if (kind === 'range') {
          if (size > 0) {
            const from = spread % size;
            bench.removeRange(from, Math.min(count, size - from));
          }
        } else {
          for (let i = 0; i < count; i++) {
            const { length } = bench.entries;
            if (kind === 'insert') bench.insert(random.u32() % (spread + 1));
            else if (kind === 'rise') bench.insert((bench.entries.at(-1)?.score ?? 0) + spread);
            else if (kind === 'fall') bench.insert((bench.entries[0]?.score ?? 0) - spread);
            else if (length > 0 && kind === 'remove') bench.remove((spread + i) % length);
            else if (length > 0) bench.move(random.u32() % length, (random.u32() % 400) / 4);
          }
        }
        bench.check();
      }
      bench.removeRange(0, bench.entries.length);
      assert.equal(bench.arena.usedBytes, 0);
    }),
    { numRuns: 40 },
  );
});

test('dissolving a tree leaves the chain of its leaves', () => {
  const bench = new Bench();
  for (let i = 0; i < 6000; i++) bench.insert(memberHash(i));
  let leaf = bench.tree.dissolve();
  let members = 0;
  while (leaf !== 0) {
    const count = bench.tree.wordOf(leaf, 0);
    for (let i = 0; i < count; i++) {
      const node = bench.tree.memberAt(leaf, i);
      assert.equal(memberScore(bench.arena, node), bench.entries[members++]!.score);
    }
    leaf = bench.tree.wordOf(leaf, 2);
  }
  assert.equal(members, 6000);
  assert.equal(bench.tree.inners, 0);
});

function memberHash(i: number): number {
  return Math.imul(i, 0x85ebca6b) >>> 0;
}
