import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Expiries } from './expiries.ts';

/** Keeps what records keep: the place of each in the list. */
class Model {
  readonly list = new Expiries();
  readonly places = new Map<number, { index: number; time: number }>();
  private nextRecord = 1;

  add(time: number): void {
    const record = this.nextRecord++;
    this.places.set(record, { index: this.list.add(record, time), time });
  }

  remove(record: number): void {
    const { index } = this.places.get(record)!;
    this.places.delete(record);
    const moved = this.list.remove(index);
    if (moved !== 0) this.places.get(moved)!.index = index;
  }

  setTime(record: number, time: number): void {
    const place = this.places.get(record)!;
    place.time = time;
    this.list.setTime(place.index, time);
  }

  /** Sweeps from the last chunk; at most `budget` records go. Returns whether it came to the end. */
  sweep(nowMs: number, budget: number): boolean {
    let left = budget;
    for (let chunk = this.list.chunks - 1; chunk >= 0; chunk--) {
      const expire = (record: number): boolean => {
        if (left-- <= 0) return false;
        assert.ok(this.places.get(record)!.time <= nowMs, 'a record was due');
        this.remove(record);
        return true;
      };
      if (!this.list.sweep(chunk, nowMs, expire)) return false;
    }
    return true;
  }

  check(): void {
    assert.equal(this.list.size, this.places.size);
    for (const [record, { index, time }] of this.places) {
      assert.equal(this.list.recordAt(index), record);
      assert.equal(this.list.timeAt(index), time);
    }
  }

  pick(nth: number): number | undefined {
    return [...this.places.keys()][nth % Math.max(1, this.places.size)];
  }
}

const step = fc.tuple(
  fc.constantFrom('add', 'remove', 'set', 'sweep', 'sweep'),
  fc.nat({ max: 1000 }),
  fc.nat({ max: 1000 }),
);

test('a sweep to its end leaves nothing that is due, whatever was added, moved and removed', () => {
  fc.assert(
    // Up to the edge of a chunk and over it.
    fc.property(
      fc.constantFrom(0, 30, 16_380),
      fc.array(step, { maxLength: 60 }),
      (size, steps) => {
        const model = new Model();
        for (let i = 0; i < size; i++) model.add((i * 7919) % 1000);
        for (const [kind, a, b] of steps) {
          const record = model.pick(a);
          if (kind === 'add') model.add(a);
          else if (kind === 'sweep') {
            if (model.sweep(a, size + b)) {
              for (const { time } of model.places.values()) assert.ok(time > a);
            }
          } else if (record !== undefined) {
            if (kind === 'remove') model.remove(record);
            else model.setTime(record, b);
          }
        }
        model.check();
      },
    ),
    { numRuns: 60 },
  );
});

test('lists of many chunks shrink and grow again, and give their memory back', () => {
  const model = new Model();
  for (let i = 0; i < 50_000; i++) model.add(i);
  assert.equal(model.list.chunks, 4);
  assert.ok(model.sweep(39_999, Number.POSITIVE_INFINITY));
  assert.equal(model.list.size, 10_000);
  assert.ok(model.list.bytes <= 2 * 16_384 * 12);
  for (let i = 0; i < 30_000; i++) model.add(100_000 + i);
  model.check();
  assert.ok(model.sweep(99_999, Number.POSITIVE_INFINITY));
  assert.equal(model.list.size, 30_000);
});
