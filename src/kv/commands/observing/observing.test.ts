import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestStore, type Reply } from '../../testing/harness.ts';

describe('SLOWLOG', () => {
  test('keeps the newest commands first, shortened and without secrets', () => {
    const store = createTestStore({ settings: { slowlogLogSlowerThan: 0, slowlogMaxLen: 5 } });
    const client = store.connect();
    client.run('CLIENT', 'SETNAME', 'me');
    client.run('SET', 'k', 'x'.repeat(200));
    client.run('SADD', 's', ...Array.from({ length: 50 }, (_, i) => `${i}`));
    client.run('AUTH', 'default', 'secret');
    client.run('HELLO', '2', 'AUTH', 'default', 'secret', 'SETNAME', 'you');
    const entries = store.run('SLOWLOG', 'GET', '4') as Reply[][];
    const shown = entries.map((entry) => entry[3] as string[]);
    assert.deepEqual(shown[0], [
      'HELLO',
      '2',
      'AUTH',
      '(redacted)',
      '(redacted)',
      'SETNAME',
      'you',
    ]);
    assert.deepEqual(shown[1], ['AUTH', '(redacted)', '(redacted)']);
    assert.equal(shown[2]?.length, 32);
    assert.equal(shown[2]?.[31], '... (21 more arguments)');
    assert.equal(shown[3]?.[2], `${'x'.repeat(128)}... (72 more bytes)`);
    assert.deepEqual(entries[3]?.slice(4), [`127.0.0.1:${client.connection.remotePort}`, 'me']);
    const ids = entries.map((entry) => Number(entry[0]));
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => b - a),
    );
    assert.equal(store.run('SLOWLOG', 'LEN'), 5);
    assert.equal((store.run('SLOWLOG', 'GET', '-1') as Reply[]).length, 5);
    store.engine.settings.slowlogLogSlowerThan = -1;
    assert.equal(store.run('SLOWLOG', 'RESET'), 'OK');
    assert.equal(store.run('SLOWLOG', 'LEN'), 0);
    assert.deepEqual(store.run('SLOWLOG', 'GET', '-2'), {
      error: 'ERR count should be greater than or equal to -1',
    });
  });
});

describe('MONITOR', () => {
  test('shows commands of all clients when they have run, those of a transaction before its EXEC', () => {
    const store = createTestStore();
    const monitor = store.connect();
    assert.equal(monitor.run('MONITOR'), 'OK');
    const client = store.connect();
    client.run('SELECT', '2');
    client.run('SET', 'k', 'a"\\\r\n\x01\xff');
    client.run('MULTI');
    client.run('GET', 'k');
    client.run('EXEC');
    client.run('AUTH', 'default', 'secret');
    client.run('CONFIG', 'GET', 'x');
    client.run('NONSENSE');
    const lines = monitor.pushed().map((line) => {
      const found = /^\d+\.\d{6} \[(\d) 127\.0\.0\.1:\d+\] (.*)$/.exec(String(line));
      assert.ok(found, String(line));
      return `${found[1]} ${found[2]}`;
    });
    assert.deepEqual(lines, [
      '2 "SELECT" "2"',
      '2 "SET" "k" "a\\"\\\\\\r\\n\\x01\\xc3\\xbf"',
      '2 "MULTI"',
      '2 "GET" "k"',
      '2 "EXEC"',
      '2 "AUTH" "(redacted)" "(redacted)"',
    ]);
  });

  test('shows a script before what it runs', () => {
    const store = createTestStore();
    const monitor = store.connect();
    monitor.run('MONITOR');
    store.run('EVAL', "return redis.call('get', KEYS[1])", '1', 'k');
    const shown = monitor.pushed().map((line) => String(line).replace(/^\S+ |127[^\]]*/g, ''));
    assert.deepEqual(shown, [
      '[0 ] "EVAL" "return redis.call(\'get\', KEYS[1])" "1" "k"',
      '[0 lua] "get" "k"',
    ]);
  });

  test('ends with RESET and with the connection', () => {
    const store = createTestStore();
    const [a, b] = [store.connect(), store.connect()];
    a.run('MONITOR');
    b.run('MONITOR');
    a.run('RESET');
    a.pushed();
    store.engine.endSession(b.session, 'killed');
    store.run('PING');
    assert.deepEqual(a.pushed(), []);
    assert.equal(store.engine.monitors.count, 0);
  });
});
