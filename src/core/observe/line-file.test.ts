import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Disk, DiskFile, Timer } from '../runtime/index.ts';
import { createNodeClock, createNodeDisk } from '../runtime/node/index.ts';
import { LINES_BUFFER_BYTES_MAX, openLineFile } from './line-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-lines-'));
after(() => rmSync(folder, { recursive: true }));
const clock = createNodeClock();
const disk = createNodeDisk();
const options = {
  disk,
  clock,
  onProblem: (error: Error): void => assert.fail(error.message),
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

test('lines of several writes: in the file in their order once it is closed, behind what was there', async () => {
  const path = join(folder, 'order');
  for (const round of [1, 2]) {
    const file = openLineFile(path, options);
    file.write(Buffer.from(`a${round}\nb${round}\n`), 2);
    file.write(Buffer.from(`c${round}\n`), 1);
    await file.close();
    assert.equal(file.dropped(), 0);
  }
  assert.equal(textOf(path), 'a1\nb1\nc1\na2\nb2\nc2\n');
});

test('file moved away and opened anew: later lines are in the new one, none is lost', async () => {
  const path = join(folder, 'rotated');
  const file = openLineFile(path, options);
  file.write(Buffer.from('before\n'), 1);
  await until(() => textOf(path) === 'before\n');
  renameSync(path, `${path}.1`);
  file.reopen();
  file.write(Buffer.from('after\n'), 1);
  await until(() => textOf(path) === 'after\n');
  await file.close();
  assert.equal(textOf(`${path}.1`), 'before\n');
});

test('more waiting than is kept: whole writes are dropped and their lines counted', async () => {
  const path = join(folder, 'full');
  const file = openLineFile(path, options);
  const lines = `${'x'.repeat(1023)}\n`.repeat(1024);
  const writes = (LINES_BUFFER_BYTES_MAX / lines.length) * 2;
  // All in one turn, in which nothing can be written.
  for (let i = 0; i < writes; i++) file.write(Buffer.from(lines), 1024);
  assert.ok(file.dropped() > 0);
  await file.close();
  assert.equal(textOf(path).length / 1024 + file.dropped(), writes * 1024);
});

test('file that another program cuts short: gone on with at its end', async () => {
  const path = join(folder, 'cut');
  const file = openLineFile(path, options);
  file.write(Buffer.from('long before\n'), 1);
  await until(() => textOf(path) !== '');
  truncateSync(path);
  file.write(Buffer.from('after\n'), 1);
  await file.close();
  assert.equal(textOf(path), 'after\n');
});

test('disk that is full for a while: told once, and every line comes when there is room', async () => {
  const path = join(folder, 'room');
  const problems: string[] = [];
  let full = true;
  const small: Disk = {
    ...disk,
    openSync(name, how) {
      const real = disk.openSync(name, how);
      const write: DiskFile['write'] = (from, at, length, position, done) => {
        if (full) setImmediate(done, Object.assign(new Error('full'), { code: 'ENOSPC' }), 0);
        // A few bytes at a time, as a disk may take them.
        else real.write(from, at, Math.min(3, length), position, done);
      };
      return {
        ...real,
        path: name,
        write,
        sizeSync: () => real.sizeSync(),
        closeSync: () => real.closeSync(),
      } as DiskFile;
    },
  };
  const tries: (() => void)[] = [];
  const file = openLineFile(path, {
    disk: small,
    clock: {
      ...clock,
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (_ms, run) => {
        tries.push(run);
        return { unref: () => {} } as Timer;
      },
      clearTimer: () => {},
    },
    onProblem: (error) => problems.push(error.message),
  });
  file.write(Buffer.from('first line\n'), 1);
  file.write(Buffer.from('second line\n'), 1);
  for (let i = 0; i < 3; i++) {
    await until(() => tries.length > 0);
    tries.shift()?.();
  }
  full = false;
  await until(() => tries.length > 0);
  tries.shift()?.();
  await until(() => textOf(path).length === 'first line\nsecond line\n'.length);
  assert.equal(textOf(path), 'first line\nsecond line\n');
  assert.deepEqual(problems, ['full']);
  await file.close();
});
