import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Talkers } from './talkers.ts';

test('a limit lets through its rate and no more, also when time goes back', () => {
  const talkers = new Talkers(8);
  const row = talkers.place(0, 1, 1, 1, 0);
  talkers.setLimit(row, 10, 0);
  let passed = 0;
  for (let ms = 0; ms < 10_000; ms += 5) {
    if (talkers.ask(row, ms)) passed++;
    if (talkers.ask(row, ms - 400)) passed++;
  }
  assert.ok(passed >= 95 && passed <= 101, `${passed} pass`);
  talkers.setLimit(row, 0, 10_000);
  for (let i = 0; i < 100; i++) assert.ok(talkers.ask(row, 10_000));
});

test('rates follow what comes within seconds, and quiet rows are given up', () => {
  const talkers = new Talkers(8);
  const row = talkers.place(0, 1, 1, 1, 0);
  for (let tick = 0; tick < 25; tick++) {
    for (let i = 0; i < 20; i++) talkers.ask(row, tick * 200);
    talkers.tick(200);
  }
  assert.ok(Math.abs(talkers.perSecond[row]! - 100) < 1);
  for (let tick = 0; tick < 40; tick++) talkers.tick(200);
  assert.equal(talkers.used, 0);
});

test('a row with a limit is kept, and counted until it has none', () => {
  const talkers = new Talkers(8);
  const row = talkers.place(0, 1, 1, 1, 0);
  talkers.setLimit(row, 5, 0);
  for (let tick = 0; tick < 40; tick++) talkers.tick(200);
  assert.deepEqual([talkers.used, talkers.limited], [1, 1]);
  for (let key = 2; key < 30; key++) talkers.place(0, key, 1, 1, key);
  assert.equal(talkers.find(0, 1, 1, 1), row);
  talkers.setLimit(row, 0, 0);
  assert.equal(talkers.limited, 0);
  talkers.tick(200);
  assert.equal(talkers.find(0, 1, 1, 1), -1);
});

test('the busiest of each kind are found, and all that have a limit', () => {
  const talkers = new Talkers(1024);
  for (let key = 1; key <= 200; key++) {
    const row = talkers.place(key, key, 1, key % 2 === 0 ? 1 : 2, 0);
    for (let i = 0; i < key; i++) talkers.ask(row, 0);
    if (key === 3) talkers.setLimit(row, 1, 0);
  }
  talkers.tick(1000);
  const busiest = talkers.busiest(10);
  const keys = busiest.map(({ row }) => talkers.a[row]);
  assert.deepEqual(
    keys.slice(0, 20),
    Array.from({ length: 20 }, (_, i) => 200 - i),
  );
  assert.ok(keys.includes(3));
  assert.ok(keys.length < 40, `${keys.length} of 200`);
});
