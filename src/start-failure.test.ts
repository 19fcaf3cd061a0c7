import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCode } from './cli/index.ts';
import { ListenError } from './core/runtime/index.ts';
import { startFailure } from './start-failure.ts';

const coded = (code: string, fields: object = {}): Error =>
  Object.assign(new Error(`${code}: raw text of the system`), { code, ...fields });

test('each foreseen failure is one sentence of ours with its exit code', () => {
  const cases: [unknown, string, number][] = [
    [
      coded('EADDRINUSE', { address: '127.0.0.1', port: 9650 }),
      '127.0.0.1:9650 is in use by another program; stop that or choose another port',
      exitCode('addressUnavailable'),
    ],
    [
      coded('EADDRNOTAVAIL', { address: '2001:db8::1', port: 1 }),
      '[2001:db8::1]:1 is no address of this machine; choose one that is',
      exitCode('addressUnavailable'),
    ],
    [
      coded('EACCES', { address: '0.0.0.0', port: 80 }),
      'no right to listen on 0.0.0.0:80; choose a port above 1023 or grant the right',
      exitCode('notPermitted'),
    ],
    [
      coded('EACCES', { path: '/data' }),
      'no right to /data; grant it or choose another folder',
      exitCode('notPermitted'),
    ],
    [
      coded('ENOTDIR', { path: '/data/kv' }),
      '/data/kv cannot be a folder, a file is in its way; choose another',
      exitCode('dataUnwritable'),
    ],
  ];
  for (const [error, sentence, exit] of cases) {
    assert.deepEqual(startFailure(error), { sentence, exit, isKnown: true });
  }
});

test('the cause of an error counts, and a typed error speaks for itself', () => {
  const wrapped = new Error('the log could not be opened', {
    cause: coded('ENOSPC', { path: '/data' }),
  });
  assert.equal(startFailure(wrapped).exit, exitCode('dataUnwritable'));
  const listen = new ListenError('not-permitted', '0.0.0.0:80', coded('EACCES'));
  assert.match(startFailure(listen).sentence, /^cannot listen on 0\.0\.0\.0:80: this user may not/);
  assert.equal(startFailure(listen).exit, exitCode('notPermitted'));
});

test('what nobody foresaw is an internal fault, whatever was thrown', () => {
  const circle: { cause?: unknown } = {};
  circle.cause = circle;
  for (const thrown of [new TypeError('x is not a function'), 'text', undefined, circle]) {
    const failure = startFailure(thrown);
    assert.equal(failure.exit, exitCode('internal'));
    assert.equal(failure.isKnown, false);
  }
});
