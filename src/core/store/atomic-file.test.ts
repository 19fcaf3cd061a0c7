import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../runtime/sim/index.ts';
import { readFileWhole, stageFile, writeFileAtomic } from './atomic-file.ts';

const older = Buffer.alloc(1500, 'a');
const newer = Buffer.alloc(2500, 'b');

function diskWithFile(seed: number): SimDisk {
  const disk = new SimDisk(createSimClock(), createSimRandom(seed));
  disk.mkdirSync('/data');
  writeFileAtomic(disk, '/data/file', older);
  return disk;
}

test('a file cut by a power loss at any operation of its replacement is the old one or the new one', async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    for (let cut = 1, died = true; died; cut++) {
      const disk = diskWithFile(seed * 100 + cut);
      disk.losePowerAt(disk.operations + cut);
      try {
        writeFileAtomic(disk, '/data/file', newer);
      } catch {
        assert.ok(disk.dead);
      }
      died = disk.dead;
      await disk.reboot();
      const content = readFileWhole(disk, '/data/file');
      assert.ok(content !== null);
      assert.ok(content.equals(newer) || content.equals(older));
      if (!died) assert.ok(content.equals(newer), 'a replacement that returned is durable');
      seen.add(content.toString('latin1', 0, 1));
    }
  }
  assert.deepEqual([...seen].sort(), ['a', 'b']);
});

test('a replacement that meets a full disk keeps the old content and frees what it took', () => {
  const disk = diskWithFile(1);
  disk.capacityBytes = 2000;
  assert.throws(() => writeFileAtomic(disk, '/data/file', newer), { code: 'ENOSPC' });
  assert.deepEqual(disk.listSync('/data'), ['file']);
  assert.ok(readFileWhole(disk, '/data/file')?.equals(older));
});

test('a file that is not there reads as null', () => {
  assert.equal(readFileWhole(diskWithFile(1), '/data/other'), null);
});

test('a content that is staged takes effect when it replaces, and leaves nothing when it is dropped', () => {
  const disk = diskWithFile(1);
  const dropped = stageFile(disk, '/data/file', newer);
  assert.ok(readFileWhole(disk, '/data/file')?.equals(older));
  dropped.drop();
  assert.deepEqual(disk.listSync('/data'), ['file']);
  const staged = stageFile(disk, '/data/file', newer);
  staged.replace();
  staged.settle();
  assert.ok(readFileWhole(disk, '/data/file')?.equals(newer));
  assert.deepEqual(disk.listSync('/data'), ['file']);
});
