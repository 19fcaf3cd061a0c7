import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { poolSettings } from '../testing/settings.ts';
import { authorityOf, dialAddressOf, hostPortOf } from './address.ts';
import {
  checkRequest,
  type HealthSettings,
  healthConflicts,
  parseStatuses,
} from './check-rules.ts';

const { health } = poolSettings();

test('statuses are numbers and ranges of them', () => {
  const set = parseStatuses('200, 204,300-399') as Uint8Array;
  const well = Array.from(set.keys()).filter((status) => set[status] === 1);
  assert.deepEqual(well, [200, 204, ...Array.from({ length: 100 }, (_, i) => 300 + i)]);
  for (const text of ['', '200,', '99', '600', '300-200', '2xx', '200-', '-200', '200 204']) {
    assert.equal(parseStatuses(text), undefined, text);
  }
});

test('the settings a pool has by default can be checked with', () => {
  assert.deepEqual(healthConflicts('pools.app', health), []);
});

test('what no request can be made of is told with its key', () => {
  const keys = (change: Partial<HealthSettings>) =>
    healthConflicts('pools.app', { ...health, ...change }).map(({ key }) => key);
  assert.deepEqual(keys({ statuses: 'all' }), ['pools.app.health.statuses']);
  for (const path of ['', 'up', '/a b', '/a\r\nX: 1', '/ü']) {
    assert.deepEqual(keys({ path }), ['pools.app.health.path'], path);
  }
  for (const method of ['', 'GET /', 'GÉT', 'CONNECT', 'A\n']) {
    assert.deepEqual(keys({ method }), ['pools.app.health.method'], method);
  }
  for (const host of ['', 'a b', 'a\r\nX: 1', ':80', 'a:b', 'a/b', '[::1', 'u@a']) {
    assert.deepEqual(keys({ host }), ['pools.app.health.host'], host);
  }
  for (const host of ['app.example', 'app.example:8080', '10.0.0.1', '[::1]:80', '[::1]']) {
    assert.deepEqual(keys({ host }), [], host);
  }
  assert.deepEqual(keys({ port: 0 }), ['pools.app.health.port']);
});

test('no settings that pass can put anything else into the request than its one line', () => {
  // One bad letter in what is good otherwise, anywhere.
  const near = (good: string) =>
    fc
      .record({ at: fc.nat(good.length), letter: fc.string({ unit: 'binary', maxLength: 1 }) })
      .map(({ at, letter }) => good.slice(0, at) + letter + good.slice(at));
  let passed = 0;
  fc.assert(
    fc.property(near('/up?a=b'), near('GET'), near('app.example:80'), (path, method, host) => {
      const settings = { ...health, path, method, host };
      if (healthConflicts('x', settings).length > 0) return;
      passed++;
      const lines = checkRequest(settings, host)
        .toString('latin1')
        .split(/\r\n|[\r\n]/);
      assert.equal(lines.length, 7);
      assert.equal(lines[0]?.split(' ').length, 3);
    }),
    { numRuns: 500 },
  );
  assert.ok(passed > 10);
});

test('a server is dialled where its settings said, also on a Unix socket', () => {
  const path = { path: '/run/app.sock' };
  assert.deepEqual(dialAddressOf(hostPortOf(path)), path);
  assert.deepEqual(dialAddressOf(hostPortOf(path), 80), path);
  assert.deepEqual(dialAddressOf({ host: '::1', port: 1 }, 2), { host: '::1', port: 2 });
  assert.equal(authorityOf({ host: '::1', port: 2 }), '[::1]:2');
  assert.equal(authorityOf(path), 'localhost');
});
