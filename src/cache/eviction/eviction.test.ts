import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ghosts } from './ghosts.ts';
import { Queue, Slots } from './queue.ts';
import { S3Fifo } from './s3-fifo.ts';

test('a queue holds what was pushed and not removed, oldest first, and knows its bytes', () => {
  const actions = fc.array(fc.tuple(fc.constantFrom('push', 'pop', 'remove'), fc.nat(9)), {
    ...{ size: 'max', maxLength: 60 },
  });
  fc.assert(
    fc.property(actions, (steps) => {
      const slots = new Slots();
      const queue = new Queue(slots, 1);
      const model: number[] = [];
      for (const [action, n] of steps) {
        if (action === 'push') {
          const slot = slots.take(n, n);
          queue.push(slot);
          model.push(slot);
        } else if (action === 'pop') {
          const oldest = model.shift() ?? 0;
          assert.equal(queue.pop(), oldest);
          if (oldest !== 0) slots.give(oldest);
        } else if (model.length > 0) {
          const gone = model.splice(n % model.length, 1)[0] as number;
          queue.remove(gone);
          slots.give(gone);
        }
        assert.equal(new Set(model).size, model.length);
        assert.equal(queue.count, model.length);
        assert.equal(
          queue.bytes,
          model.reduce((sum, slot) => sum + slots.bytes[slot]!, 0),
        );
      }
      while (model.length > 0) assert.equal(queue.pop(), model.shift());
      assert.equal(queue.pop(), 0);
    }),
  );
});

test('ghosts are remembered up to the limit, the oldest go first, and one that is back is none', () => {
  const ghosts = new Ghosts();
  for (let i = 0; i < 1000; i++) ghosts.add(i, 100);
  assert.equal(ghosts.count, 100);
  assert.ok(!ghosts.take(899));
  for (let i = 900; i < 1000; i++) assert.ok(ghosts.take(i));
  assert.equal(ghosts.count, 0);
  // The ring is cleared of those that were taken and does not grow by them.
  for (let i = 0; i < 100_000; i++) {
    ghosts.add(i % 7, 100);
    assert.ok(ghosts.take(i % 7));
  }
  ghosts.add(5, 1);
  ghosts.add(6, 1);
  assert.ok(!ghosts.take(5));
  assert.ok(ghosts.take(6));
});

/** One object a key, all of them one byte, as the paper has it. */
class Cache {
  readonly policy = new S3Fifo();
  readonly objects = new Map<number, number>();
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  ask(key: number, bytes = 1): boolean {
    const known = this.objects.get(key);
    if (known !== undefined) {
      this.policy.used(known);
      return true;
    }
    while (this.policy.bytes + bytes > this.capacity) {
      this.objects.delete(this.policy.ownedOf(this.policy.evict()));
    }
    const slot = this.policy.add(key, bytes);
    this.policy.own(slot, key);
    this.objects.set(key, slot);
    return false;
  }
}

test('objects that are used stay through a crowd of those asked for once', () => {
  const cache = new Cache(100);
  for (let round = 0; round < 3; round++) for (let key = 0; key < 50; key++) cache.ask(key);
  for (let key = 1000; key < 3000; key++) cache.ask(key);
  let found = 0;
  for (let key = 0; key < 50; key++) if (cache.objects.has(key)) found++;
  assert.equal(found, 50);
});

test('the newest stays, though all that came before it were used again', () => {
  const policy = new S3Fifo();
  const old = Array.from({ length: 90 }, (_, i) => policy.add(i, 1));
  for (const slot of old) policy.used(slot);
  // They move to the main queue, and one of them leaves.
  assert.ok(old.includes(policy.evict()));
  const used = Array.from({ length: 12 }, (_, i) => policy.add(1000 + i, 1));
  for (const slot of used) policy.used(slot);
  const newest = policy.add(2000, 1);
  assert.notEqual(policy.evict(), newest);
  policy.add(2001, 1);
  policy.add(2002, 1);
  const left = Array.from({ length: policy.count }, () => policy.evict());
  assert.ok(left.includes(newest));
});

test('one that comes again soon after it left goes to the main queue', () => {
  const cache = new Cache(100);
  for (let key = 0; key < 150; key++) cache.ask(key);
  assert.ok(!cache.objects.has(49));
  assert.ok(!cache.ask(49));
  for (let key = 1000; key < 1090; key++) cache.ask(key);
  assert.ok(cache.objects.has(49));
});

test('whatever is asked for, bytes are kept, each object once, and evict gives all that is there', () => {
  const asks = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 20 })), {
    ...{ size: 'max', maxLength: 200 },
  });
  fc.assert(
    fc.property(asks, (steps) => {
      const cache = new Cache(60);
      for (const [key, bytes] of steps) {
        const known = cache.objects.get(key);
        if (known !== undefined && bytes % 5 === 0) {
          cache.policy.remove(known);
          cache.objects.delete(key);
        } else if (known !== undefined && bytes % 7 === 0) {
          cache.policy.resize(known, 1);
        } else cache.ask(key, bytes);
        const bytesOf = (slot: number): number => cache.policy.bytesOf(slot);
        const sum = [...cache.objects.values()].reduce((total, slot) => total + bytesOf(slot), 0);
        assert.equal(cache.policy.bytes, sum);
        assert.equal(cache.policy.count, cache.objects.size);
        assert.ok(sum <= 60);
      }
      while (cache.objects.size > 0) {
        assert.ok(cache.objects.delete(cache.policy.ownedOf(cache.policy.evict())));
      }
      assert.equal(cache.policy.evict(), 0);
    }),
  );
});
