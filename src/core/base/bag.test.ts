import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bag, emptyList, type Placed } from './bag.ts';

test('a bag is a set without order, whatever is added and deleted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), { maxLength: 200 }),
      (steps) => {
        const objects: Placed[] = Array.from({ length: 10 }, () => ({ place: -1 }));
        const bag = new Bag<Placed>();
        const model = new Set<Placed>();
        for (const [adds, which] of steps) {
          const object = objects[which] as Placed;
          if (adds) {
            bag.add(object);
            model.add(object);
          } else {
            assert.equal(bag.delete(object), model.delete(object));
          }
          assert.equal(bag.size, model.size);
        }
        assert.deepEqual(new Set(bag), model);
        assert.equal(bag.list().length, model.size);
        for (const object of objects) assert.equal(object.place !== -1, model.has(object));
      },
    ),
  );
});

test('an emptied list is empty', () => {
  const list = [1, 2, 3];
  emptyList(list);
  assert.deepEqual(list, []);
});
