import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LuaTable, sharedShape } from './table.ts';
import type { LuaValue } from './value.ts';

const key = fc.oneof(
  fc.integer({ min: -2, max: 12 }),
  fc.constantFrom('a', 'b', 'c', '1', '__proto__', 'constructor'),
  fc.constantFrom(0.5, 1e10, true, false),
);
const value = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(undefined));
const steps = fc.array(fc.tuple(key, value), { maxLength: 80 });

/** A border: t[n] is not nil (or n is 0) and t[n+1] is nil. */
function isBorder(model: Map<LuaValue, LuaValue>, n: number): boolean {
  return (n === 0 || model.has(n)) && !model.has(n + 1);
}

function play(table: LuaTable, model: Map<LuaValue, LuaValue>, list: [LuaValue, LuaValue][]): void {
  for (const [k, v] of list) {
    table.set(k, v);
    if (v === undefined) model.delete(k);
    else model.set(k, v);
    assert.equal(table.get(k), v);
    assert.ok(isBorder(model, table.length()), `length ${table.length()}`);
  }
}

describe('LuaTable', () => {
  it('holds what a Map holds and its length is a border', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const table = new LuaTable();
        const model = new Map<LuaValue, LuaValue>();
        play(table, model, list);
        assert.deepEqual(new Map(table.entries()), model);
        for (const [k, v] of model) assert.equal(table.get(k), v);
      }),
    );
  });

  it('visits every entry once by next while entries are removed', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (list, all) => {
        const table = new LuaTable();
        const model = new Map<LuaValue, LuaValue>();
        play(table, model, list);
        const seen = new Set<LuaValue>();
        let last: LuaValue;
        for (;;) {
          const from = table.positionAfter(last);
          assert.notEqual(from, undefined);
          const at = table.nextPosition(from as number);
          if (at < 0) break;
          last = table.keyAt(at);
          assert.ok(!seen.has(last));
          seen.add(last);
          if (all || seen.size % 2 === 0) table.set(last, undefined);
        }
        assert.equal(seen.size, model.size);
      }),
    );
  });

  it('does not grow when keys come and go', () => {
    const table = new LuaTable();
    for (let i = 0; i < 10_000; i++) {
      table.set(`k${i}`, i);
      table.set(`k${i}`, undefined);
    }
    assert.ok(table.vals.length < 100, `${table.vals.length} places`);
  });

  it('keeps tables of one shape apart', () => {
    const shape = sharedShape(['x', 'y']);
    const a = LuaTable.fromShape([], shape, [1, 2]);
    const b = LuaTable.fromShape([], shape, [3, undefined]);
    a.set('z', 9);
    a.set('x', undefined);
    assert.deepEqual(
      [...a.entries()],
      [
        ['y', 2],
        ['z', 9],
      ],
    );
    assert.deepEqual([...b.entries()], [['x', 3]]);
    assert.equal(b.get('z'), undefined);
  });

  it('takes over a list that was filled backwards', () => {
    const table = new LuaTable();
    for (let i = 50; i >= 1; i--) table.set(i, i);
    assert.equal(table.length(), 50);
    assert.equal(table.arr.length, 50);
    assert.equal(table.numbers, 0);
  });

  it('treats -0 and 0 as one key and drops trailing nils of a list', () => {
    const table = LuaTable.fromArray([1, undefined, 3, undefined, undefined]);
    assert.equal(table.length(), 3);
    table.set(-0, 'zero');
    assert.equal(table.get(0), 'zero');
    assert.ok([...table.entries()].some(([k]) => Object.is(k, 0)));
  });
});
