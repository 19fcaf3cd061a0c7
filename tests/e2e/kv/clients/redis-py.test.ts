/**
 * redis-py: one Python script with its own asserts, run against each target.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pythonPath } from '../../../support/peers.ts';
import { startChild } from '../../../support/process.ts';
import { onEachTarget } from '../../../support/targets.ts';

const script = fileURLToPath(new URL('redis-py.py', import.meta.url));

onEachTarget('redis-py', { peers: ['python3-redis'] }, (server) => {
  test('finds every command it asks for right', async () => {
    const { host, port } = server();
    const child = startChild(pythonPath, [script, host, String(port)]);
    assert.equal(await child.exited, 0, child.output());
    assert.match(child.output(), /all right/);
  });
});
