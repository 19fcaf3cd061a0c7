import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationOf, operations, unsupported } from './table.ts';

test('every operation stands in one row, and none is unsupported too', () => {
  const rows = operations.map(({ method, op }) => `${method} ${op}`);
  for (const [method, ops] of Object.entries(unsupported)) {
    for (const op of ops) rows.push(`${method} ${op}`);
  }
  assert.deepEqual(rows.toSorted(), [...new Set(rows)].toSorted());
});

test('an operation is found by its method, in any case', () => {
  for (const row of operations) {
    assert.equal(operationOf(row.method, row.op.toLowerCase()), row);
    assert.throws(() => operationOf('PATCH', row.op), { exception: 'IllegalArgumentException' });
  }
});

test('names of parameters are in small letters, as those of a query are read', () => {
  for (const { parameters } of operations) {
    for (const name of Object.keys(parameters)) assert.equal(name, name.toLowerCase());
  }
});
