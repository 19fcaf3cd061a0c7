import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore } from '../../testing/harness.ts';

const error = (text: string): { error: string } => ({ error: text });
const wrongUse = (name: string): { error: string } =>
  error(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.`);

test('POPULATE makes keys that are logged, and leaves those that are there', () => {
  const store = createTestStore();
  store.run('SET', 'key:1', 'mine');
  store.effects();
  assert.equal(store.run('DEBUG', 'POPULATE', 3), 'OK');
  assert.deepEqual(store.run('MGET', 'key:0', 'key:1', 'key:2'), ['value:0', 'mine', 'value:2']);
  assert.deepEqual(store.effects(), [
    ['SET', 'key:0', 'value:0'],
    ['SET', 'key:2', 'value:2'],
  ]);
  assert.equal(store.run('DEBUG', 'POPULATE', 1, 'long', 12), 'OK');
  assert.equal(store.run('GET', 'long:0'), 'value:0\0\0\0\0\0');
  assert.equal(store.run('DEBUG', 'POPULATE', 1, 'short', 3), 'OK');
  assert.equal(store.run('GET', 'short:0'), 'val');
  const notPositive = error('ERR value is out of range, must be positive');
  assert.deepEqual(store.run('DEBUG', 'POPULATE', 'x'), notPositive);
  assert.deepEqual(store.run('DEBUG', 'POPULATE', -1), notPositive);
});

test('what asks for a form of a value refuses the others', () => {
  const store = createTestStore({ settings: { hashMaxListpackEntries: 1 } });
  store.run('RPUSH', 'l', 'a');
  store.run('HSET', 'h', 'a', '1', 'b', '2');
  assert.deepEqual(
    store.run('DEBUG', 'QUICKLIST', 'l'),
    error('ERR Not a quicklist encoded object.'),
  );
  assert.deepEqual(
    store.run('DEBUG', 'LISTPACK', 'h'),
    error('ERR Not a listpack encoded object.'),
  );
  assert.match(String(store.run('DEBUG', 'HTSTATS-KEY', 'h')), /number of elements: 2\n/);
  assert.match(String(store.run('DEBUG', 'HTSTATS', 0)), /^\[Dictionary HT\]\nHash table 0 stats/);
  assert.deepEqual(
    store.run('DEBUG', 'HTSTATS-KEY', 'l'),
    error('ERR The value stored at the specified key is not represented using an hash table'),
  );
  for (const name of ['QUICKLIST', 'LISTPACK', 'HTSTATS-KEY', 'OBJECT']) {
    assert.deepEqual(store.run('DEBUG', name, 'no'), error('ERR no such key'), name);
  }
});

test('switches for the inside of Redis are checked as there', () => {
  const store = createTestStore();
  const range = error('ERR argument must be a memory value bigger than 1 and smaller than 4gb');
  assert.equal(store.run('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '100b'), 'OK');
  assert.deepEqual(store.run('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', 'x'), range);
  assert.deepEqual(store.run('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '5gb'), range);
  assert.equal(store.run('DEBUG', 'REPLYBUFFER', 'PEAK-RESET-TIME', 'NEVER'), 'OK');
  assert.equal(store.run('DEBUG', 'REPLYBUFFER', 'RESIZING', '0'), 'OK');
  assert.deepEqual(store.run('DEBUG', 'REPLYBUFFER', 'x', '0'), wrongUse('REPLYBUFFER'));
  assert.deepEqual(store.run('DEBUG', 'NOPE'), wrongUse('NOPE'));
  assert.deepEqual(
    store.run('DEBUG', 'RELOAD', 'x'),
    error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.'),
  );
  assert.deepEqual(
    store.run('DEBUG', 'PROTOCOL', 'push'),
    error('ERR RESP2 is not supported by this command'),
  );
  store.resp3 = true;
  assert.deepEqual(store.run('DEBUG', 'PROTOCOL', 'push'), { push: ['server-cpu-usage', 42] });
});
