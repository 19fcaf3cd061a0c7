import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostIsMeant } from './host-check.ts';

test('a door on loopback answers to names of loopback, with any port', () => {
  for (const address of ['127.0.0.1', '::1', 'localhost', '127.0.0.2']) {
    for (const host of [
      'localhost',
      'LocalHost.:80',
      '127.0.0.1:9650',
      '127.0.0.2',
      '[::1]:9650',
      '[::1]',
      undefined,
    ]) {
      assert.ok(hostIsMeant(host, address), `${host} at ${address}`);
    }
  }
});

test('a door on loopback does not answer to the name of a web page', () => {
  const strangers = [
    'evil.example',
    'evil.example:9650',
    'localhost.evil.example',
    'notlocalhost',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    '10.0.0.1:9650',
    '[::2]',
    '::1',
    '',
  ];
  for (const host of strangers) assert.equal(hostIsMeant(host, '127.0.0.1'), false, host);
});

test('a door on a network answers to every name', () => {
  for (const address of ['0.0.0.0', '::', '10.0.0.5']) {
    assert.ok(hostIsMeant('plinth.internal:9650', address));
  }
});
