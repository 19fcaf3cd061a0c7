import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestStore } from '../testing/harness.ts';

describe('publish and subscribe', () => {
  test('a message goes to the listeners of its channel, then to those of patterns', () => {
    const store = createTestStore();
    const client = store.connect();
    assert.deepEqual(client.run('SUBSCRIBE', 'a', 'b', 'a'), ['subscribe', 'a', 1]);
    assert.deepEqual(client.pushed(), [
      ['subscribe', 'b', 2],
      ['subscribe', 'a', 2],
    ]);
    assert.deepEqual(client.run('PSUBSCRIBE', '?'), ['psubscribe', '?', 3]);
    assert.equal(store.run('PUBLISH', 'a', 'x'), 2);
    assert.deepEqual(client.pushed(), [
      ['message', 'a', 'x'],
      ['pmessage', '?', 'a', 'x'],
    ]);
    assert.equal(store.run('PUBLISH', 'zz', 'x'), 0);
    assert.equal(store.run('SPUBLISH', 'a', 'x'), 0);
    assert.deepEqual(client.pushed(), []);
  });

  test('bytes of names and messages come through as they are', () => {
    const store = createTestStore();
    const client = store.connect();
    const name = Buffer.from([0, 13, 10, 255]);
    client.run('SUBSCRIBE', name);
    assert.equal(store.run('PUBLISH', name, Buffer.from([254, 0])), 1);
    assert.deepEqual(client.pushed(), [['message', '\0\r\n\u00ff', '\u00fe\0']]);
  });

  test('RESP3 clients get pushes and may use all commands', () => {
    const store = createTestStore();
    const client = store.connect();
    client.run('HELLO', '3');
    assert.deepEqual(client.run('SUBSCRIBE', 'a'), { push: ['subscribe', 'a', 1] });
    assert.equal(client.run('SET', 'k', '1'), 'OK');
    store.run('PUBLISH', 'a', 'x');
    assert.deepEqual(client.pushed(), [{ push: ['message', 'a', 'x'] }]);
  });

  test('messages for the publisher itself follow its reply', () => {
    const store = createTestStore();
    const client = store.connect();
    client.run('HELLO', '3');
    client.run('SUBSCRIBE', 'a');
    assert.equal(client.run('PUBLISH', 'a', 'x'), 1);
    assert.deepEqual(client.pushed(), [{ push: ['message', 'a', 'x'] }]);
    client.run('MULTI');
    client.run('PUBLISH', 'a', 'y');
    client.run('PING');
    assert.deepEqual(client.run('EXEC'), [1, 'PONG']);
    assert.deepEqual(client.pushed(), [{ push: ['message', 'a', 'y'] }]);
  });

  test('RESP2 subscribers may use few commands until they have left all channels', () => {
    const store = createTestStore();
    const client = store.connect();
    client.run('SSUBSCRIBE', 's');
    assert.match((client.run('GET', 'k') as { error: string }).error, /^ERR Can't execute 'get'/);
    assert.deepEqual(client.run('PING'), ['pong', '']);
    assert.deepEqual(client.run('PING', 'x'), ['pong', 'x']);
    assert.deepEqual(client.run('SUNSUBSCRIBE', 's'), ['sunsubscribe', 's', 0]);
    assert.equal(client.run('GET', 'k'), null);
  });

  test('leaving all channels tells each, or that there was none', () => {
    const store = createTestStore();
    const client = store.connect();
    assert.deepEqual(client.run('UNSUBSCRIBE'), ['unsubscribe', null, 0]);
    client.run('SUBSCRIBE', 'a', 'b');
    client.run('PSUBSCRIBE', 'p*');
    client.pushed();
    assert.deepEqual(client.run('UNSUBSCRIBE'), ['unsubscribe', 'a', 2]);
    assert.deepEqual(client.pushed(), [['unsubscribe', 'b', 1]]);
    assert.deepEqual(client.run('PUNSUBSCRIBE', 'none'), ['punsubscribe', 'none', 1]);
    assert.equal(store.engine.pubsub.clientCount, 1);
    assert.equal(client.run('RESET'), 'RESET');
    assert.equal(store.engine.pubsub.clientCount, 0);
    assert.equal(store.engine.pubsub.patternCount, 0);
  });

  test('PUBSUB tells who listens', () => {
    const store = createTestStore();
    const [a, b] = [store.connect(), store.connect()];
    a.run('SUBSCRIBE', 'x1', 'x2');
    b.run('SUBSCRIBE', 'x1');
    a.run('PSUBSCRIBE', 'p*');
    b.run('PSUBSCRIBE', 'p*');
    b.run('SSUBSCRIBE', 's');
    assert.deepEqual(store.run('PUBSUB', 'CHANNELS'), ['x1', 'x2']);
    assert.deepEqual(store.run('PUBSUB', 'CHANNELS', '*2'), ['x2']);
    assert.deepEqual(store.run('PUBSUB', 'NUMSUB', 'x1', 'x2', 's'), ['x1', 2, 'x2', 1, 's', 0]);
    assert.equal(store.run('PUBSUB', 'NUMPAT'), 1);
    assert.deepEqual(store.run('PUBSUB', 'SHARDCHANNELS'), ['s']);
    assert.deepEqual(store.run('PUBSUB', 'SHARDNUMSUB', 's', 'x1'), ['s', 1, 'x1', 0]);
    store.engine.endSession(b.session, 'killed');
    assert.deepEqual(store.run('PUBSUB', 'NUMSUB', 'x1', 'x2'), ['x1', 1, 'x2', 1]);
  });

  test('keyspace events are messages', () => {
    const store = createTestStore({ settings: { notifyKeyspaceEvents: (1 << 14) - 1 } });
    const client = store.connect();
    client.run('PSUBSCRIBE', '__key*__:*');
    store.run('SET', 'k', '1');
    assert.deepEqual(client.pushed(), [
      ['pmessage', '__key*__:*', '__keyspace@0__:k', 'new'],
      ['pmessage', '__key*__:*', '__keyevent@0__:new', 'k'],
      ['pmessage', '__key*__:*', '__keyspace@0__:k', 'set'],
      ['pmessage', '__key*__:*', '__keyevent@0__:set', 'k'],
    ]);
  });

  test('a subscriber that does not read is ended at its limit, the others get everything', () => {
    const limit = { hardBytes: 50_000, softBytes: 0, softSeconds: 0 };
    const none = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
    const store = createTestStore({
      settings: { clientOutputBufferLimits: { normal: none, replica: none, pubsub: limit } },
    });
    const [deaf, reading] = [store.connect(), store.connect()];
    deaf.run('SUBSCRIBE', 'a');
    reading.run('SUBSCRIBE', 'a');
    let received = 0;
    for (let i = 0; i < 100; i++) {
      store.run('PUBLISH', 'a', 'x'.repeat(1000));
      received += reading.pushed().length;
    }
    assert.equal(deaf.connection.ended, 'output-limit');
    assert.equal(reading.connection.ended, undefined);
    assert.equal(received, 100);
    assert.equal(store.engine.stats.outputLimitDisconnections, 1);
    assert.equal(deaf.session.output?.pendingBytes, 0);
  });

  test('above the soft limit a client is ended when it stays there', () => {
    const none = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
    const limit = { hardBytes: 0, softBytes: 1000, softSeconds: 10 };
    const store = createTestStore({
      settings: { clientOutputBufferLimits: { normal: none, replica: none, pubsub: limit } },
    });
    const [brief, long] = [store.connect(), store.connect()];
    for (const client of [brief, long]) client.run('SUBSCRIBE', 'a');
    store.run('PUBLISH', 'a', 'x'.repeat(2000));
    store.advance(9000);
    brief.pushed();
    store.run('PUBLISH', 'a', 'x');
    store.advance(2000);
    store.run('PUBLISH', 'a', 'x');
    assert.equal(long.connection.ended, 'output-limit');
    assert.equal(brief.connection.ended, undefined);
  });
});
