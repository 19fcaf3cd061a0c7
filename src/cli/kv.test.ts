import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNodeClock, createNodeDisk, createNodeRandom } from '../core/runtime/node/index.ts';
import { openDataFolder, openLog } from '../core/store/index.ts';
import { runKv } from './testing/run-kv.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-cli-kv-'));
after(() => rmSync(root, { recursive: true }));

/** A data folder with a log of so many entries; returns the folder and the file of the log. */
async function folderWithLog(
  name: string,
  entries: number,
): Promise<[folder: string, file: string]> {
  const folder = join(root, name);
  const log = join(folder, 'kv', 'log');
  mkdirSync(log, { recursive: true });
  const opened = await openLog({
    disk: createNodeDisk(),
    clock: createNodeClock(),
    random: createNodeRandom(),
    folder: log,
    nodeId: 'plinth',
    policy: 'never',
  });
  for (let i = 0; i < entries; i++) {
    opened.append(Buffer.alloc(100, i), 1);
    // Entries written together hold or fall together: these are written one by one.
    await new Promise((resolve) => opened.sync(resolve));
  }
  await opened.close();
  const [file] = readdirSync(log);
  return [folder, join(log, file ?? '')];
}

test('repair-log says that a log holds', async () => {
  const [folder] = await folderWithLog('whole', 5);
  assert.deepEqual(await runKv('repair-log', folder), {
    out: 'The log holds: 5 entries, the last is 5.\n',
    err: '',
    code: 0,
  });
});

test('repair-log changes a damaged log only with --yes, and then it holds', async () => {
  const [folder, file] = await folderWithLog('damaged', 50);
  const bytes = readFileSync(file);
  // The payload of an entry in the middle, with whole entries behind it.
  const middle = bytes.indexOf(Buffer.alloc(100, 25));
  bytes[middle + 50]! ^= 1;
  writeFileSync(file, bytes);
  const dry = await runKv('repair-log', folder, '--json');
  const report = JSON.parse(dry.out);
  assert.deepEqual([dry.code, report.dryRun, report.entriesKept], [74, true, 25]);
  assert.equal(report.damage.file, file);
  assert.deepEqual(readFileSync(file), bytes);
  const done = await runKv('repair-log', folder, '--yes');
  assert.equal(done.code, 0);
  assert.match(done.out, /Kept: 25 entries, the last is 25\.\n.*\n(.*\n)*Done\.\n$/);
  assert.match((await runKv('repair-log', folder)).out, /^The log holds: 25 entries/);
});

test('repair-log refuses a folder that is in use, or has no log', async () => {
  const [folder] = await folderWithLog('used', 1);
  const locked = await openDataFolder(createNodeDisk(), folder);
  const used = await runKv('repair-log', folder, '--yes');
  locked.release();
  assert.equal(used.code, 75);
  assert.match(used.err, /used by another process/);
  const none = await runKv('repair-log', join(root, 'nothing'));
  assert.equal(none.code, 64);
  assert.match(none.err, /there is no log of the store/);
});

/** A server that notes what it is sent and answers with these bytes. */
async function answering(
  bytes: string,
): Promise<{ server: Server; target: string; got: () => string }> {
  let got = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      got += chunk.toString();
      socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, target, got: () => got };
}

test('stat asks for sections and shows their fields', async () => {
  const text =
    '# Server\r\nredis_version:7.2.4\r\ntcp_port:6379\r\n\r\n# Keyspace\r\ndb0:keys=1\r\n';
  const { server, target, got } = await answering(`+OK\r\n$${text.length}\r\n${text}\r\n`);
  const args = ['stat', 'server', 'keyspace', '--server', target, '--set', 'kv.password=geheim'];
  const json = await runKv(...args, '--json');
  assert.deepEqual(JSON.parse(json.out), {
    server: { redis_version: '7.2.4', tcp_port: 6379 },
    keyspace: { db0: 'keys=1' },
  });
  assert.match(got(), /AUTH\r\n\$6\r\ngeheim\r\n\*3\r\n\$4\r\nINFO\r\n\$6\r\nserver\r\n/);
  const words = await runKv(...args);
  assert.equal(
    words.out,
    'server\n  redis_version  7.2.4\n  tcp_port       6379\n\nkeyspace\n  db0  keys=1\n',
  );
  server.close();
});

test('stat refuses an address that is none', async () => {
  for (const server of ['nowhere', 'host:', ':6379', 'host:99999', 'a b:1', '[::1]']) {
    const refused = await runKv('stat', '--server', server);
    assert.equal(refused.code, 64, server);
    assert.equal(refused.err, `plinth: --server is ${JSON.stringify(server)}, wanted host:port\n`);
  }
});

test('stat says why there is no answer', async () => {
  const { server, target } = await answering('-NOAUTH Authentication required.\r\n');
  const refused = await runKv('stat', '--server', target);
  assert.equal(refused.code, 69);
  assert.match(refused.err, /\(NOAUTH Authentication required\.\)/);
  server.close();
  for (const bytes of [
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    ':1\r\n',
    '$-1\r\n',
    '*1\r\n$1\r\na\r\n',
    '$99999999999\r\n',
    '$1\r\nabc\r\n',
  ]) {
    const strange = await answering(bytes);
    const other = await runKv('stat', '--server', strange.target);
    assert.equal(other.code, 69, bytes);
    assert.match(other.err, /something else answers there/, bytes);
    strange.server.close();
  }
  assert.match((await runKv('stat', '--server', target)).err, /ECONNREFUSED/);
});
