import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from './index.ts';

function createDisk(seed = 1): SimDisk {
  const disk = new SimDisk(createSimClock(), createSimRandom(seed));
  disk.mkdirSync('/d');
  return disk;
}

test('simulated time moves only when told, and events run in the order they fall due', async () => {
  const clock = createSimClock();
  const seen: string[] = [];
  clock.setTimer(20, () => seen.push(`b@${clock.monotonicMs()}`));
  clock.setTimer(10, () => clock.setTimer(5, () => seen.push(`a@${clock.monotonicMs()}`)));
  clock.clearTimer(clock.setTimer(1, () => seen.push('cleared')));
  clock.nextTurn(() => seen.push('turn'));
  assert.deepEqual(seen, []);
  await clock.advance(100);
  assert.deepEqual(seen, ['turn', 'a@15', 'b@20']);
  assert.equal(clock.monotonicMs(), 100);
  const wallMs = clock.wallMs();
  clock.jumpWall(-5000);
  assert.equal(clock.wallMs(), wallMs - 5000);
  await assert.rejects(clock.settle(new Promise(() => {}), 50), /nothing came of it/);
});

test('one seed gives one sequence, another seed another', () => {
  const draw = (seed: number): number[] => {
    const random = createSimRandom(seed);
    return Array.from({ length: 20 }, () => random.u32());
  };
  assert.deepEqual(draw(5), draw(5));
  assert.notDeepEqual(draw(5), draw(6));
});

test('a power loss keeps what was synced, and of the rest whole sectors, some or none', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const disk = createDisk(seed);
    const file = disk.openSync('/d/f', { mode: 'create' });
    file.writeSync(Buffer.alloc(512, 's'), 0, 512, 0);
    file.datasyncSync();
    disk.syncDirectorySync('/d');
    file.writeSync(Buffer.alloc(1024, 'u'), 0, 1024, 512);
    await disk.reboot();
    assert.throws(() => file.sizeSync(), { code: 'EBADF' });
    const again = disk.openSync('/d/f', { mode: 'read' });
    const bytes = Buffer.alloc(1536);
    again.readSync(bytes, 0, 1536, 0);
    assert.ok(bytes.subarray(0, 512).equals(Buffer.alloc(512, 's')));
    outcomes.add(`${String.fromCharCode(bytes[512]!)}${String.fromCharCode(bytes[1024]!)}`);
  }
  assert.deepEqual([...outcomes].sort(), ['\0\0', '\0u', 'u\0', 'uu'].sort());
});

test('an unsynced name may vanish at a power loss, a synced one stays, kill -9 loses neither', async () => {
  let kept = 0;
  for (let seed = 0; seed < 40; seed++) {
    const disk = createDisk(seed);
    disk.openSync('/d/old', { mode: 'create' });
    disk.syncDirectorySync('/d');
    disk.openSync('/d/new', { mode: 'create' });
    await disk.killProcess();
    assert.deepEqual(disk.listSync('/d'), ['new', 'old']);
    await disk.reboot();
    assert.ok(disk.listSync('/d').includes('old'));
    if (disk.listSync('/d').includes('new')) kept++;
  }
  assert.ok(kept > 0 && kept < 40);
});

test('what a failed sync covered is read back and yet lost at the next power loss', async () => {
  const disk = createDisk();
  const file = disk.openSync('/d/f', { mode: 'create' });
  disk.syncDirectorySync('/d');
  file.writeSync(Buffer.from('data'), 0, 4, 0);
  disk.failAt(disk.operations + 1, 'EIO');
  assert.throws(() => file.datasyncSync(), { code: 'EIO' });
  file.datasyncSync();
  const bytes = Buffer.alloc(4);
  file.readSync(bytes, 0, 4, 0);
  assert.equal(bytes.toString(), 'data');
  await disk.reboot();
  disk.openSync('/d/f', { mode: 'read' }).readSync(bytes, 0, 4, 0);
  assert.equal(bytes.toString('latin1'), '\0\0\0\0');
});

test('faults come at the operation asked for: full disk, short write, error', () => {
  const disk = createDisk();
  const file = disk.openSync('/d/f', { mode: 'create' });
  disk.capacityBytes = 10;
  assert.equal(file.writeSync(Buffer.alloc(30), 0, 30, 0), 10);
  assert.throws(() => file.writeSync(Buffer.alloc(1), 0, 1, 10), { code: 'ENOSPC' });
  disk.heal();
  disk.failAt(disk.operations + 2, 'EIO');
  file.writeSync(Buffer.alloc(1), 0, 1, 10);
  assert.throws(() => file.writeSync(Buffer.alloc(1), 0, 1, 11), { code: 'EIO' });
  file.writeSync(Buffer.alloc(1), 0, 1, 11);
});
