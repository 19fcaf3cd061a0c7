import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { writeFileAtomic } from '../../core/store/index.ts';
import { KnownNodes } from '../namenode/known-nodes.ts';
import { NodeIdentity } from './node-identity.ts';

function diskOf(): SimDisk {
  const disk = new SimDisk(createSimClock(), createSimRandom(1));
  disk.mkdirSync('/node');
  disk.syncDirectorySync('/');
  return disk;
}

test('a node stays who it is, also when the power goes, and belongs to the file system that it has joined', async () => {
  const disk = diskOf();
  const random = createSimRandom(2);
  const first = NodeIdentity.open(disk, random, '/node');
  assert.equal(first.owner, '');
  await disk.reboot();
  const again = NodeIdentity.open(disk, random, '/node');
  assert.equal(again.id, first.id);
  again.join('0123456789abcdef');
  await disk.reboot();
  assert.equal(NodeIdentity.open(disk, random, '/node').owner, '0123456789abcdef');
  assert.throws(() => again.join('somebody'), { code: 'foreign' });
});

test('a list of nodes is kept, bounded to what are ids', async () => {
  const disk = diskOf();
  const known = KnownNodes.open(disk, '/node');
  assert.ok(known.add('a1') && known.add('b2') && known.add('a1'));
  assert.equal(known.add('../x'), false);
  assert.equal(known.add(''), false);
  known.remove('b2');
  await disk.reboot();
  assert.deepEqual(KnownNodes.open(disk, '/node').all, ['a1']);
});

test('files that say something else are told, not overwritten', () => {
  for (const text of [
    '',
    'x',
    '{}',
    '{"format":2,"id":"a","nodes":[]}',
    '{"format":1,"id":"../a","nodes":["../a"]}',
  ]) {
    const disk = diskOf();
    writeFileAtomic(disk, '/node/node.json', Buffer.from(text));
    writeFileAtomic(disk, '/node/nodes.json', Buffer.from(text));
    assert.throws(() => NodeIdentity.open(disk, createSimRandom(3), '/node'), { code: 'corrupt' });
    assert.throws(() => KnownNodes.open(disk, '/node'), { code: 'corrupt' });
  }
});
