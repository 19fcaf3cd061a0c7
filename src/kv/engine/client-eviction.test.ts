import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore } from '../testing/harness.ts';
import { startTestServer } from '../testing/server.ts';
import { ClientEviction } from './client-eviction.ts';

const MIB = 2 ** 20;

test('those who hold most go first, until the rest is within the limit', () => {
  const store = createTestStore();
  const clients = [3, 1, 5, 2].map((mebibytes) => {
    const client = store.connect();
    client.session.inputBytes = () => mebibytes * MIB;
    return client;
  });
  const eviction = new ClientEviction(store.engine);
  eviction.look();
  assert.equal(store.engine.stats.evictedClients, 0);
  store.run('CONFIG', 'SET', 'maxmemory-clients', '4mb');
  eviction.look();
  assert.deepEqual(
    clients.map(({ connection }) => connection.ended),
    ['memory-limit', undefined, 'memory-limit', undefined],
  );
  assert.match(String(store.run('INFO', 'stats')), /\r\nevicted_clients:2\r\n/);
});

test('a percentage is of maxmemory, without which there is no limit; a tiny limit is 128 KiB', () => {
  const store = createTestStore();
  const { clientEviction } = store.engine;
  store.run('CONFIG', 'SET', 'maxmemory-clients', '5%');
  assert.equal(clientEviction.limitBytes, 0);
  store.run('CONFIG', 'SET', 'maxmemory', '100mb');
  assert.equal(clientEviction.limitBytes, 5 * MIB);
  store.run('CONFIG', 'SET', 'maxmemory-clients', '1');
  assert.equal(clientEviction.limitBytes, 128 * 1024);
});

test('a client with an unfinished request of megabytes is ended, one with NO-EVICT is not', async () => {
  const server = await startTestServer();
  try {
    const [admin, kept, evicted] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await kept.ask('CLIENT', 'NO-EVICT', 'ON');
    assert.equal(await admin.ask('CONFIG', 'SET', 'maxmemory-clients', '1mb'), 'OK');
    const unfinished = `*2\r\n$4\r\nECHO\r\n$${4 * MIB}\r\n${'x'.repeat(2 * MIB)}`;
    kept.raw(unfinished);
    evicted.raw(unfinished);
    assert.equal(await evicted.end(), '');
    assert.equal(server.engine.stats.evictedClients, 1);
    kept.raw(`${'x'.repeat(2 * MIB)}\r\n`);
    assert.equal(String((await kept.replies(1))[0]).length, 4 * MIB);
  } finally {
    await server.stop();
  }
});
