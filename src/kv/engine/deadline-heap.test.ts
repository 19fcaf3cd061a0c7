import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeadlineHeap, type Due } from './deadline-heap.ts';

class Entry implements Due {
  readonly deadlineMs: number;
  place = -1;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
  }
}

test('gives the first of those that are in it, whatever was added and taken out', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ remove: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DeadlineHeap<Entry>();
      const model: Entry[] = [];
      for (const next of steps) {
        if ('add' in next) {
          const entry = new Entry(next.add);
          model.push(entry);
          heap.add(entry);
        } else if (model.length > 0) {
          const [entry] = model.splice(next.remove % model.length, 1);
          heap.remove(entry!);
          heap.remove(entry!);
        }
        assert.equal(heap.size, model.length);
        const least = Math.min(...model.map(({ deadlineMs }) => deadlineMs));
        assert.equal(heap.first?.deadlineMs ?? Number.POSITIVE_INFINITY, least);
      }
    }),
  );
});

test('holds nobody who waits for ever', () => {
  const heap = new DeadlineHeap<Entry>();
  const entry = new Entry(Number.POSITIVE_INFINITY);
  heap.add(entry);
  heap.remove(entry);
  assert.equal(heap.size, 0);
  assert.equal(heap.first, undefined);
});
