import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PrefixTable } from './prefix-table.ts';
import { hashPrefix, PrefixKind, prefixText, wideWord } from './prefixes.ts';
import { Visitor } from './visitor.ts';

test('what was placed is found until something later takes its row', () => {
  const step = fc.record({ key: fc.nat(60), tag: fc.integer({ min: 1, max: 2 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const table = new PrefixTable(32);
      const rows = new Map<string, number>();
      let nowMs = 0;
      for (const { key, tag } of steps) {
        nowMs++;
        const hash = hashPrefix(key, 1, tag, 5);
        const name = `${key} ${tag}`;
        const found = table.find(hash, key, 1, tag);
        assert.equal(found, rows.get(name) ?? -1);
        if (found !== -1) {
          table.touchedMs[found] = nowMs;
          continue;
        }
        const row = table.place(hash, key, 1, tag, nowMs);
        for (const [other, at] of rows) if (at === row) rows.delete(other);
        rows.set(name, row);
        assert.equal(table.used, rows.size);
      }
    }),
  );
});

test('the row that was touched least lately makes room, a pinned one last', () => {
  const table = new PrefixTable(8);
  for (let key = 0; key < 8; key++) table.place(0, key, 0, 1, key);
  table.pinnedMs[table.find(0, 0, 0, 1)] = 1000;
  table.pinnedMs[table.find(0, 1, 0, 1)] = 50;
  table.touchedMs[table.find(0, 2, 0, 1)] = 100;
  const gone = (): number[] =>
    Array.from({ length: 8 }, (_, key) => key).filter((key) => table.find(0, key, 0, 1) === -1);
  table.place(0, 100, 0, 1, 60);
  // The pin of 1 is over.
  assert.deepEqual(gone(), [1]);
  table.place(0, 101, 0, 1, 61);
  assert.deepEqual(gone(), [1, 3]);
  for (let key = 102; key < 109; key++) table.place(0, key, 0, 1, 62 + key);
  assert.ok(!gone().includes(0));
  assert.equal(table.evicted, 9);
  for (let row = 0; row < 8; row++) table.pinnedMs[row] = 2000 + row;
  table.place(0, 200, 0, 1, 300);
  assert.equal(table.find(0, 200, 0, 1), 0);
});

test('prefixes as text', () => {
  const texts = (address: string): string[] => {
    const visitor = new Visitor();
    visitor.readText(Buffer.from(address), 0, address.length);
    const { a, b } = visitor;
    return [prefixText(a, b, PrefixKind.narrow), prefixText(a, wideWord(a, b), PrefixKind.wide)];
  };
  assert.deepEqual(texts('198.51.100.77'), ['198.51.100.77', '198.51.100.0/24']);
  assert.deepEqual(texts('2001:db8:1:2::3'), ['2001:db8:1:2::/64', '2001:db8:1::/48']);
});
