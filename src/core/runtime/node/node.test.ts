import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connected } from '../index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeNetwork,
  createNodeRandom,
  createNodeSpawn,
  createNodeTransport,
} from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-node-'));
after(() => rmSync(root, { recursive: true }));

test('a timer fires once, a cleared one never, the next turn comes after this one', async () => {
  const clock = createNodeClock();
  const seen: string[] = [];
  const cleared = clock.setTimer(0, () => seen.push('cleared'));
  clock.clearTimer(cleared);
  clock.clearTimer(cleared);
  await new Promise<void>((resolve) => {
    clock.nextTurn(resolve);
    seen.push('this turn');
  }).then(() => seen.push('next turn'));
  await new Promise<void>((resolve) => void clock.setTimer(3, resolve));
  assert.deepEqual(seen, ['this turn', 'next turn']);
  const before = clock.nowMicros();
  assert.ok(Number.isInteger(before) && clock.nowMicros() >= before);
});

test('random numbers stay in their ranges and do not repeat', () => {
  const random = createNodeRandom();
  const words = Array.from({ length: 3000 }, () => random.u32());
  assert.ok(words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32));
  assert.ok(new Set(words).size > 2990);
  const floats = Array.from({ length: 3000 }, () => random.float());
  assert.ok(floats.every((value) => value >= 0 && value < 1));
  assert.equal(random.bytes(17).length, 17);
});

test('the disk opens by mode, writes and reads at offsets, renames, lists and unlinks', async () => {
  const disk = createNodeDisk();
  const folder = join(root, 'a', 'b');
  disk.mkdirSync(folder);
  const path = join(folder, 'file');
  assert.throws(() => disk.openSync(path, { mode: 'write' }), { code: 'ENOENT' });
  const file = disk.openSync(path, { mode: 'exclusive', dsync: true });
  assert.throws(() => disk.openSync(path, { mode: 'exclusive' }), { code: 'EEXIST' });
  assert.equal(file.writeSync(Buffer.from('xxabc'), 2, 3, 10), 3);
  await new Promise<void>((resolve, reject) => {
    file.write(Buffer.from('de'), 0, 2, 13, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  await new Promise<void>((resolve, reject) => {
    file.datasync((error) => (error === null ? resolve() : reject(error)));
  });
  assert.equal(file.sizeSync(), 15);
  const into = Buffer.alloc(10);
  assert.equal(file.readSync(into, 1, 9, 10), 5);
  assert.equal(into.toString('latin1', 1, 6), 'abcde');
  file.truncateSync(4);
  file.closeSync();
  file.closeSync();
  assert.deepEqual(disk.statSync(path), { sizeBytes: 4, isDirectory: false });
  await disk.rename(path, join(folder, 'other'));
  await disk.syncDirectory(folder);
  assert.deepEqual(disk.listSync(folder), ['other']);
  await disk.unlink(join(folder, 'other'));
  assert.equal(disk.statSync(join(folder, 'other')), null);
  assert.ok(disk.freeBytesSync(folder) > 0);
  assert.ok(disk.writableSync(folder));
});

test('a file is made private, or as another one is, whatever stood there before', () => {
  const disk = createNodeDisk();
  const folder = join(root, 'permissions');
  disk.mkdirSync(folder);
  const [model, made, link] = ['model', 'made', 'link'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  disk.openSync(model, { mode: 'create' }).closeSync();
  chmodSync(model, 0o604);
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  disk.openSync(made, { mode: 'create', like: model }).closeSync();
  assert.equal(modeOf(made), 0o604);
  chmodSync(made, 0o666);
  disk.openSync(made, { mode: 'create', isPrivate: true }).closeSync();
  assert.equal(modeOf(made), 0o600);
  assert.throws(() => disk.openSync(made, { mode: 'create', like: link }), { code: 'ENOENT' });
  symlinkSync(model, link);
  assert.equal(disk.realPathSync(link), realpathSync(model));
  assert.throws(() => disk.realPathSync(join(folder, 'none')), { code: 'ENOENT' });
});

test('a link is a second name of one file, and a folder is removed with all in it', async () => {
  const disk = createNodeDisk();
  const folder = join(root, 'links');
  disk.mkdirSync(join(folder, 'inner'));
  const [from, second, third] = ['a', 'b', 'inner/c'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const file = disk.openSync(from, { mode: 'create' });
  disk.linkSync(from, second);
  await disk.link(second, third);
  file.writeSync(Buffer.from('abc'), 0, 3, 0);
  file.closeSync();
  disk.unlinkSync(from);
  assert.equal(disk.statSync(second)?.sizeBytes, 3);
  assert.equal(disk.statSync(third)?.sizeBytes, 3);
  assert.throws(() => disk.linkSync(second, third), { code: 'EEXIST' });
  await assert.rejects(disk.link(second, third), { code: 'EEXIST' });
  assert.throws(() => disk.linkSync(from, join(folder, 'd')), { code: 'ENOENT' });
  assert.throws(() => disk.removeFolderSync(second), { code: 'ENOTDIR' });
  disk.removeFolderSync(folder);
  assert.equal(disk.statSync(folder), null);
  assert.throws(() => disk.removeFolderSync(folder), { code: 'ENOENT' });
});

test('a child gives its output and how it ended; a program that is not there is an error', async () => {
  const { spawn } = createNodeSpawn();
  let output = '';
  const child = await spawn({
    command: [process.execPath, '-e', 'console.log("hello"); process.exit(3)'],
    onOutput: (chunk) => {
      output += chunk.toString();
    },
  });
  assert.deepEqual(await child.exited, { code: 3, signal: null });
  assert.equal(output, 'hello\n');
  assert.equal(child.kill('SIGTERM'), false);
  await assert.rejects(spawn({ command: ['/nowhere/program'] }), { code: 'ENOENT' });
});

test('a dialled stream talks to a listener; nobody there is an error', async () => {
  const network = createNodeNetwork(await createNodeTransport('streams'));
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const address = { host: '127.0.0.1', port };
  const stream = await connected(network.dial, { address, timeoutMs: 5000 });
  assert.equal(stream.remotePort, port);
  let echoed = '';
  await new Promise<void>((resolve) => {
    stream.attach({
      onDrain() {},
      onData(chunk) {
        echoed += chunk.toString();
        if (echoed === 'echo') stream.shutdown();
      },
      onEnd() {},
      onClosed: () => resolve(),
    });
    stream.write(Buffer.from('echo'));
  });
  assert.equal(echoed, 'echo');
  await new Promise((resolve) => server.close(resolve));
  const again = connected(network.dial, { address, timeoutMs: 5000 });
  await assert.rejects(again, { name: 'DialError', code: 'refused', detail: /ECONNREFUSED/ });
});
