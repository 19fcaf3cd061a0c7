import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arena } from '../../core/memory/index.ts';
import { DueHeap } from './due-heap.ts';

test('random additions, changes and removals keep the order of a sorted list', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom('add', 'add', 'set', 'remove', 'first'), fc.nat(50), fc.nat(99)),
        {
          maxLength: 200,
        },
      ),
      (steps) => {
        const arena = new Arena(1);
        const heap = new DueHeap(arena, 3);
        const times = new Map<number, number>();
        for (const [what, time, pick] of steps) {
          const known = [...times.keys()];
          const node = known[pick % Math.max(known.length, 1)] ?? 0;
          if (what === 'add') {
            const added = arena.alloc(16);
            heap.add(added, time);
            times.set(added, time);
          } else if (node === 0) continue;
          else if (what === 'set') {
            heap.setTime(node, time);
            times.set(node, time);
          } else if (what === 'remove') {
            heap.remove(node);
            times.delete(node);
          } else {
            assert.equal(times.get(heap.firstNode), heap.firstTime);
            times.delete(heap.firstNode);
            heap.remove(heap.firstNode);
          }
          assert.equal(heap.size, times.size);
          assert.equal(heap.firstTime, Math.min(Number.POSITIVE_INFINITY, ...times.values()));
          for (const [at, wanted] of times) assert.equal(heap.timeOf(at), wanted);
          const due = [...times.values()].filter((t) => t <= 25).length;
          assert.equal(heap.countDue(25), due);
        }
      },
    ),
  );
});

test('ten thousand nodes come out in order', () => {
  const arena = new Arena(1);
  const heap = new DueHeap(arena, 3);
  for (let i = 0; i < 10_000; i++) heap.add(arena.alloc(16), (i * 7919) % 10_007);
  let last = -1;
  while (heap.size > 0) {
    assert.ok(heap.firstTime >= last);
    last = heap.firstTime;
    heap.remove(heap.firstNode);
  }
});

test('a heap gives its room back as nodes go, and keeps some for those that come again', () => {
  const arena = new Arena(1);
  const heap = new DueHeap(arena, 3);
  const nodes: number[] = [];
  const add = (): void => {
    const node = arena.alloc(16);
    nodes.push(node);
    heap.add(node, (nodes.length * 7919) % 10_007);
  };
  while (nodes.length < 20_000) add();
  const full = heap.bytes;
  while (nodes.length > 0) {
    heap.remove(nodes.pop()!);
    assert.ok(heap.bytes <= Math.max(16, heap.size * 4, heap.size + 6144) * 12);
    if (heap.size % 512 > 0) continue;
    // At whatever size: one node more or less takes or gives no room.
    const before = heap.bytes;
    add();
    heap.remove(nodes.pop()!);
    assert.equal(heap.bytes, before);
  }
  assert.equal(heap.bytes, 16 * 12);
  while (nodes.length < 20_000) add();
  assert.equal(heap.bytes, full);
  let last = -1;
  for (; heap.size > 0; heap.remove(heap.firstNode)) {
    assert.ok(heap.firstTime >= last);
    last = heap.firstTime;
  }
});
