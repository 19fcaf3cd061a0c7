import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../core/http/index.ts';
import { problems } from '../../core/wire/index.ts';
import { TrafficTable } from './traffic.ts';

const exchange = { status: 200, receivedBytes: 10, sentBytes: 20 } as Exchange;

test('a request that ends behind the removal of its route makes no row', () => {
  const table = new TrafficTable();
  table.keep(new Set(['gone', 'kept']));
  table.of('gone').ended(exchange, 'complete');
  table.of('kept').ended(exchange, 'complete');
  table.keep(new Set(['kept', 'new']));
  table.of('gone').ended(exchange, 'complete');
  table.of('gone').refusedBy(Object.values(problems)[0]!);
  table.of('kept').ended(exchange, 'complete');
  assert.deepEqual(
    [...table.entries()].map(([name, { requests }]) => [name, requests]),
    [['kept', 2]],
  );
  table.keep(new Set(['kept', 'gone']));
  assert.equal(table.of('gone').requests, 0, 'added anew it begins anew');
});
