import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedBytes } from '../../../../tests/support/pinned-bytes.ts';
import type { Connection } from '../connection.ts';
import { AcceptedClient } from './accepted-client.ts';

test('clients that came one by one: the bytes of their addresses hold no block of memory', () => {
  const clients: AcceptedClient[] = [];
  const pinned = pinnedBytes(200, (i) => {
    const connection = { remoteAddress: `10.0.0.${i}` } as Connection;
    const client = new AcceptedClient(connection, null, () => false);
    assert.equal(client.addressBytes.toString(), `10.0.0.${i}`);
    clients.push(client);
  });
  assert.equal(clients.length, 200);
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
