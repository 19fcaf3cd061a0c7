import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestStore } from '../../testing/harness.ts';
import { reloadInMemory } from '../../tier/index.ts';

describe('CLIENT IMPORT-SOURCE', () => {
  test('keys stay though their time is over, and may be given more', () => {
    const store = createTestStore();
    const importer = store.connect();
    assert.equal(importer.run('CLIENT', 'IMPORT-SOURCE', 'ON'), 'OK');
    importer.run('SET', 'k', 'v', 'PX', '10');
    store.advance(1000);
    assert.equal(importer.run('PEXPIRE', 'k', '5000'), 1);
    assert.equal(importer.run('CLIENT', 'IMPORT-SOURCE', 'OFF'), 'OK');
    assert.equal(store.run('GET', 'k'), 'v');
    store.advance(6000);
    assert.equal(store.run('GET', 'k'), null);
  });

  test('a reload under way does not end it', () => {
    const store = createTestStore();
    store.run('CLIENT', 'IMPORT-SOURCE', 'ON');
    store.run('SET', 'k', 'v', 'PX', '10');
    reloadInMemory(store.engine);
    store.advance(1000);
    assert.equal(store.run('PEXPIRE', 'k', '5000'), 1);
  });

  test('a payload whose time is over is restored, until the client goes', () => {
    const store = createTestStore();
    store.run('SET', 'from', 'v');
    const payload = Buffer.from(String(store.run('DUMP', 'from')), 'latin1');
    const importer = store.connect();
    importer.run('CLIENT', 'IMPORT-SOURCE', 'ON');
    assert.equal(importer.run('RESTORE', 'k', '1', payload, 'ABSTTL'), 'OK');
    assert.equal(importer.run('EXISTS', 'k'), 1);
    importer.connection.close('client-quit');
    assert.equal(store.run('EXISTS', 'k'), 0);
  });

  test('a value that is set with a time that is over is kept', () => {
    const store = createTestStore();
    store.run('CLIENT', 'IMPORT-SOURCE', 'ON');
    store.run('SET', 'a', 'v', 'PXAT', '1');
    store.run('MSETEX', '1', 'b', 'v', 'PXAT', '1');
    store.run('SET', 'c', 'v');
    store.run('GETEX', 'c', 'PXAT', '1');
    store.run('SET', 'd', 'v');
    store.run('PEXPIREAT', 'd', '1');
    for (const key of ['a', 'b', 'c', 'd']) assert.equal(store.run('PERSIST', key), 1, key);
    store.run('CLIENT', 'IMPORT-SOURCE', 'OFF');
    assert.equal(store.run('EXISTS', 'a', 'b', 'c', 'd'), 4);
  });

  test('it lasts as long as any client has it on', () => {
    const store = createTestStore();
    const [one, two] = [store.connect(), store.connect()];
    for (const client of [one, two]) client.run('CLIENT', 'IMPORT-SOURCE', 'ON');
    one.run('CLIENT', 'IMPORT-SOURCE', 'ON');
    one.run('SET', 'k', 'v', 'PX', '10');
    store.advance(1000);
    one.run('CLIENT', 'IMPORT-SOURCE', 'OFF');
    assert.equal(store.run('GET', 'k'), 'v');
    two.run('CLIENT', 'IMPORT-SOURCE', 'OFF');
    assert.equal(store.run('GET', 'k'), null);
  });

  test('anything but ON and OFF is refused', () => {
    const store = createTestStore();
    assert.deepEqual(store.run('CLIENT', 'IMPORT-SOURCE', 'MAYBE'), { error: 'ERR syntax error' });
  });
});
