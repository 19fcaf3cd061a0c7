import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../core/runtime/sim/index.ts';
import { generatedKey } from './access-key.ts';

test('the key is made once, kept, and made anew when its file says nothing', () => {
  const random = createSimRandom(1);
  const disk = new SimDisk(createSimClock(), random.fork());
  disk.mkdirSync('/data');
  const first = generatedKey(disk, random, '/data');
  assert.match(first.id, /^[A-Z0-9]{20}$/);
  assert.equal(first.secret.length, 40);
  assert.equal(first.isNew, true);
  assert.deepEqual(generatedKey(disk, random, '/data'), { ...first, isNew: false });
  disk.openSync(first.path, { mode: 'write' }).truncateSync(3);
  const second = generatedKey(disk, random, '/data');
  assert.equal(second.isNew, true);
  assert.notEqual(second.secret, first.secret);
});
