import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ListenAddress, ListenError } from '../transport.ts';
import { createNodeTransport } from './transport.ts';
import { addressName } from './transport-bind.ts';
import { accepting } from './transport-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-bind-'));
after(() => rmSync(folder, { recursive: true }));
const transport = await createNodeTransport();

async function refused(address: ListenAddress): Promise<ListenError> {
  try {
    await accepting(transport, { address });
  } catch (error) {
    return error as ListenError;
  }
  throw new Error('the address was given');
}

test('a port in use: address-in-use, with the address', async () => {
  const first = await accepting(transport);
  const address = { host: '127.0.0.1', port: first.listener.port };
  const error = await refused(address);
  assert.equal(error.name, 'ListenError');
  assert.equal(error.code, 'address-in-use');
  assert.equal(error.address, `127.0.0.1:${address.port}`);
  await first.listener.close();
  const again = await accepting(transport, { address });
  await again.listener.close();
});

test('an address that is not ours, a port out of range, a missing folder: bad-address', async () => {
  assert.equal((await refused({ host: '192.0.2.1', port: 0 })).code, 'bad-address');
  assert.equal((await refused({ host: '127.0.0.1', port: 70_000 })).code, 'bad-address');
  assert.equal((await refused({ path: join(folder, 'none', 's') })).code, 'bad-address');
});

test('a Unix socket somebody listens on: address-in-use, and it goes on', async () => {
  const path = join(folder, 'alive');
  const first = await accepting(transport, { address: { path } });
  assert.equal((await refused({ path })).code, 'address-in-use');
  assert.ok(existsSync(path));
  await first.listener.close();
});

test('a Unix socket left by a killed process: its place is taken', async () => {
  const path = join(folder, 'dead');
  const listenAndDie = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listenAndDie, path]);
  assert.ok(existsSync(path), 'the killed process left its socket');
  const { listener } = await accepting(transport, { address: { path } });
  await listener.close();
});

test('a file that is no socket: refused and left alone', async () => {
  const path = join(folder, 'file');
  spawnSync(process.execPath, ['-e', `require('fs').writeFileSync(process.argv[1], 'keep')`, path]);
  assert.equal((await refused({ path })).code, 'address-in-use');
  assert.ok(existsSync(path));
});

test('an address is written as people write it', () => {
  assert.equal(addressName({ host: '::1', port: 6379 }), '[::1]:6379');
  assert.equal(addressName({ host: '127.0.0.1', port: 1 }), '127.0.0.1:1');
  assert.equal(addressName({ path: '/run/x' }), '/run/x');
});
