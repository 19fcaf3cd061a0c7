import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../core/runtime/sim/index.ts';
import { generatedEncryptionKey } from './encryption-key.ts';

test('the key is made once and kept, and a file that says none is left alone', () => {
  const random = createSimRandom(1);
  const disk = new SimDisk(createSimClock(), random.fork());
  disk.mkdirSync('/data');
  const first = generatedEncryptionKey(disk, random, '/data');
  assert.equal(Buffer.from(first.key ?? '', 'base64').length, 32);
  assert.equal(first.isNew, true);
  assert.deepEqual(generatedEncryptionKey(disk, random, '/data'), { ...first, isNew: false });
  disk.openSync(first.path, { mode: 'write' }).truncateSync(3);
  const damaged = { key: undefined, path: first.path, isNew: false };
  assert.deepEqual(generatedEncryptionKey(disk, random, '/data'), damaged);
  assert.deepEqual(generatedEncryptionKey(disk, random, '/data'), damaged);
});
