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

test('a link is a second name of one file: each name may go alone, the bytes count once', async () => {
  const disk = createDisk();
  const file = disk.openSync('/d/a', { mode: 'create' });
  file.writeSync(Buffer.from('same'), 0, 4, 0);
  disk.capacityBytes = 10;
  await disk.clock.settle(disk.link('/d/a', '/d/b'));
  assert.equal(disk.freeBytesSync('/d'), 6);
  file.writeSync(Buffer.from('S'), 0, 1, 0);
  disk.unlinkSync('/d/a');
  assert.equal(read(disk, '/d/b', 4), 'Same');
  assert.throws(() => disk.linkSync('/d/gone', '/d/c'), { code: 'ENOENT' });
  assert.throws(() => disk.linkSync('/d/b', '/nowhere/c'), { code: 'ENOENT' });
  assert.throws(() => disk.linkSync('/d/b', '/d/b'), { code: 'EEXIST' });
  disk.failAll('link', 'EIO');
  assert.throws(() => disk.linkSync('/d/b', '/d/c'), { code: 'EIO' });
  await assert.rejects(disk.link('/d/b', '/d/c'), { code: 'EIO' });
  assert.deepEqual(disk.listSync('/d'), ['b']);
});

test('a link may vanish at a power loss until its folder is synced, the first name stays', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const disk = createDisk(seed);
    disk.mkdirSync('/other');
    const file = disk.openSync('/d/a', { mode: 'create', dsync: true });
    file.writeSync(Buffer.from('kept'), 0, 4, 0);
    disk.syncDirectorySync('/d');
    disk.linkSync('/d/a', '/other/synced');
    disk.syncDirectorySync('/other');
    disk.linkSync('/d/a', '/other/unsynced');
    disk.syncDirectorySync('/d');
    await disk.reboot();
    assert.deepEqual(disk.listSync('/d'), ['a']);
    assert.equal(read(disk, '/other/synced', 4), 'kept');
    outcomes.add(disk.listSync('/other').join());
  }
  assert.deepEqual([...outcomes].sort(), ['synced', 'synced,unsynced']);
});

test('the power may go at a link: then there is none', async () => {
  const disk = createDisk();
  disk.openSync('/d/a', { mode: 'create' });
  disk.syncDirectorySync('/d');
  disk.losePowerAt(disk.operations + 1);
  assert.throws(() => disk.linkSync('/d/a', '/d/b'), { code: 'EIO' });
  await disk.reboot();
  assert.deepEqual(disk.listSync('/d'), ['a']);
});

test('a removed folder is gone with all in it; unsynced, it may be back with any of its files', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const disk = createDisk(seed);
    disk.mkdirSync('/d/x/inner');
    disk.openSync('/d/x/f', { mode: 'create' });
    disk.openSync('/d/x/inner/g', { mode: 'create' });
    disk.syncDirectorySync('/d/x');
    disk.syncDirectorySync('/d/x/inner');
    disk.removeFolderSync('/d/x');
    assert.deepEqual(disk.listSync('/d'), []);
    assert.throws(() => disk.removeFolderSync('/d/x'), { code: 'ENOENT' });
    await disk.reboot();
    if (disk.statSync('/d/x') === null) outcomes.add('gone');
    else outcomes.add(disk.listSync('/d/x').join() || 'empty');
  }
  assert.deepEqual([...outcomes].sort(), ['empty', 'f', 'f,inner', 'gone', 'inner']);
});

test('a removed folder stays away after a sync above it, and its files when it is made anew', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = createDisk(seed);
    for (const folder of ['/d/synced', '/d/anew']) {
      disk.mkdirSync(folder);
      disk.openSync(`${folder}/old`, { mode: 'create' });
      disk.syncDirectorySync(folder);
      disk.removeFolderSync(folder);
      if (folder === '/d/synced') disk.syncDirectorySync('/d');
    }
    disk.mkdirSync('/d/anew');
    disk.openSync('/d/anew/new', { mode: 'create' });
    disk.syncDirectorySync('/d/anew');
    await disk.reboot();
    assert.deepEqual(disk.listSync('/d'), ['anew']);
    assert.deepEqual(disk.listSync('/d/anew'), ['new']);
    assert.throws(() => disk.removeFolderSync('/d/anew/new'), { code: 'ENOTDIR' });
  }
});

function read(disk: SimDisk, path: string, length: number): string {
  const into = Buffer.alloc(length);
  disk.openSync(path, { mode: 'read' }).readSync(into, 0, length, 0);
  return into.toString();
}
