import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestStore, type TestClient, type TestStore } from '../testing/harness.ts';

/** A RESP3 client that tracks with these options. */
function tracking(store: TestStore, ...options: string[]): TestClient {
  const client = store.connect();
  client.run('HELLO', '3');
  assert.equal(client.run('CLIENT', 'TRACKING', 'ON', ...options), 'OK');
  return client;
}

const invalid = (...keys: string[]) => ({ push: ['invalidate', keys] });

describe('client-side caching', () => {
  test('a key that was read is told once when it changes', () => {
    const store = createTestStore();
    const client = tracking(store);
    client.run('MGET', 'a', 'b');
    client.run('EXISTS', 'c');
    store.run('SET', 'a', '1');
    store.run('SET', 'a', '2');
    store.run('SET', 'z', '1');
    store.run('LPUSH', 'c', '1');
    assert.deepEqual(client.pushed(), [invalid('a'), invalid('c')]);
    assert.equal(store.engine.tracking.keyCount, 1);
  });

  test('keys that expire, are evicted or read in transactions are told', () => {
    const store = createTestStore();
    const client = tracking(store);
    store.run('SET', 'a', '1', 'PX', '100');
    client.run('MULTI');
    client.run('GET', 'a');
    client.run('EXEC');
    client.run('GET', 'b');
    store.advance(200);
    assert.equal(store.run('GET', 'a'), null);
    assert.deepEqual(client.pushed(), [invalid('a')]);
    store.run('SET', 'b', '1');
    client.pushed();
    client.run('GET', 'b');
    const db = store.engine.database(0)!;
    store.engine.evict(db, db.find(Buffer.from('b'), 0, 1));
    assert.deepEqual(client.pushed(), [invalid('b')]);
  });

  test('own changes are told behind the reply, with NOLOOP not at all', () => {
    const store = createTestStore();
    const [loop, noLoop] = [tracking(store), tracking(store, 'NOLOOP')];
    for (const client of [loop, noLoop]) {
      client.run('GET', 'k');
      assert.equal(client.run('SET', 'k', '1'), 'OK');
    }
    assert.deepEqual(loop.pushed(), [invalid('k')]);
    assert.deepEqual(noLoop.pushed(), []);
    noLoop.run('GET', 'k');
    loop.run('SET', 'k', '2');
    assert.deepEqual(noLoop.pushed(), [invalid('k')]);
  });

  test('with OPTIN only the command behind CLIENT CACHING counts, with OPTOUT it does not', () => {
    const store = createTestStore();
    const [optIn, optOut] = [tracking(store, 'OPTIN'), tracking(store, 'OPTOUT')];
    optIn.run('GET', 'a');
    assert.equal(optIn.run('CLIENT', 'CACHING', 'YES'), 'OK');
    optIn.run('GET', 'b');
    optIn.run('GET', 'c');
    assert.equal(optOut.run('CLIENT', 'CACHING', 'NO'), 'OK');
    optOut.run('GET', 'a');
    optOut.run('GET', 'b');
    store.run('MSET', 'a', '1', 'b', '1', 'c', '1');
    assert.deepEqual(optIn.pushed(), [invalid('b')]);
    assert.deepEqual(optOut.pushed(), [invalid('b')]);
  });

  test('in broadcast mode keys are told by prefix, once a turn', () => {
    const store = createTestStore();
    const some = tracking(store, 'BCAST', 'PREFIX', 'a', 'PREFIX', 'b');
    const all = tracking(store, 'BCAST', 'NOLOOP');
    store.run('MSET', 'a1', '1', 'b1', '1', 'c1', '1');
    assert.deepEqual(some.pushed(), [invalid('a1'), invalid('b1')]);
    assert.deepEqual(all.pushed(), [invalid('a1', 'b1', 'c1')]);
    all.run('MSET', 'a1', '1', 'c1', '1');
    assert.deepEqual(all.pushed(), []);
    assert.deepEqual(some.pushed(), [invalid('a1')]);
    assert.equal(store.engine.tracking.keyCount, 0);
  });

  test('a RESP2 client gets what is redirected to it as a message', () => {
    const store = createTestStore();
    const receiver = store.connect();
    const client = store.connect();
    client.run('CLIENT', 'TRACKING', 'ON', 'REDIRECT', receiver.session.id);
    assert.equal(client.run('CLIENT', 'GETREDIR'), receiver.session.id);
    client.run('GET', 'a');
    store.run('SET', 'a', '1');
    assert.deepEqual(receiver.pushed(), [], 'it has not subscribed');
    receiver.run('SUBSCRIBE', '__redis__:invalidate');
    client.run('GET', 'a');
    store.run('SET', 'a', '2');
    assert.deepEqual(receiver.pushed(), [['message', '__redis__:invalidate', ['a']]]);
    store.run('FLUSHALL');
    assert.deepEqual(receiver.pushed(), [['message', '__redis__:invalidate', null]]);
  });

  test('a client whose receiver is gone is told so', () => {
    const store = createTestStore();
    const receiver = store.connect();
    const client = tracking(store, 'REDIRECT', String(receiver.session.id));
    client.run('GET', 'a');
    store.engine.endSession(receiver.session, 'killed');
    store.run('SET', 'a', '1');
    assert.deepEqual(client.pushed(), [{ push: ['tracking-redir-broken', receiver.session.id] }]);
    const info = client.run('CLIENT', 'TRACKINGINFO') as { map: [string, unknown][] };
    assert.deepEqual(info.map[0], ['flags', { set: ['on', 'broken_redirect'] }]);
  });

  test('FLUSHALL tells that nothing is valid', () => {
    const store = createTestStore();
    store.run('SET', 'a', '1');
    const client = tracking(store);
    client.run('GET', 'a');
    store.run('FLUSHALL');
    assert.deepEqual(client.pushed(), [{ push: ['invalidate', null] }]);
    store.run('SET', 'a', '1');
    assert.deepEqual(client.pushed(), []);
  });

  test('no more keys are remembered than the limit, and a forgotten one is told', () => {
    const store = createTestStore({ settings: { trackingTableMaxKeys: 3 } });
    const client = tracking(store);
    for (let i = 0; i < 5; i++) client.run('GET', `k${i}`);
    assert.equal(store.engine.tracking.keyCount, 3);
    assert.deepEqual(client.pushed(), [invalid('k0'), invalid('k1')]);
  });

  test('nothing is kept of clients that stop or go', () => {
    const store = createTestStore();
    const [a, b] = [tracking(store), tracking(store, 'BCAST', 'PREFIX', 'x')];
    a.run('GET', 'k');
    a.run('CLIENT', 'TRACKING', 'OFF');
    store.run('SET', 'k', '1');
    assert.deepEqual(a.pushed(), []);
    store.engine.endSession(b.session, 'killed');
    const { tracking: table } = store.engine;
    assert.deepEqual(
      [table.active, table.clientCount, table.keyCount, table.itemCount, table.prefixCount],
      [false, 0, 0, 0, 0],
    );
  });

  test('options that do not go together are refused', () => {
    const store = createTestStore();
    const on = (...options: string[]) => store.run('CLIENT', 'TRACKING', 'ON', ...options);
    const cases: [string[], RegExp][] = [
      [['PREFIX', 'a'], /PREFIX option requires BCAST/],
      [['BCAST', 'OPTIN'], /OPTIN and OPTOUT are not compatible with BCAST/],
      [['OPTIN', 'OPTOUT'], /both OPTIN mode and OPTOUT mode/],
      [['REDIRECT', '9999'], /does not exist/],
      [
        ['BCAST', 'PREFIX', 'a', 'PREFIX', 'ab'],
        /Prefix 'a' overlaps with another provided prefix 'ab'/,
      ],
      [['NONSENSE'], /syntax error/],
    ];
    for (const [options, text] of cases) {
      assert.match((on(...options) as { error: string }).error, text);
    }
    assert.equal(on('BCAST', 'PREFIX', 'ab'), 'OK');
    assert.match((on() as { error: string }).error, /can't switch BCAST mode/);
    assert.match(
      (on('BCAST', 'PREFIX', 'abc') as { error: string }).error,
      /Prefix 'abc' overlaps with an existing prefix 'ab'/,
    );
  });
});
