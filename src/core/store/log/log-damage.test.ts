import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogError } from './errors.ts';
import { decodeSegmentHeader, frameHeaderBytes, headerBytes, sealFrame } from './format.ts';
import { LogWorld } from './log-world.ts';
import { repairLog } from './repair.ts';
import { FrameScanner } from './scan.ts';
import type { Log } from './types.ts';

const first = '/log/0000000000000001.wal';

/** A closed log of several segments, the last one about a quarter full. */
async function closedWorld(seed = 3): Promise<LogWorld> {
  const world = new LogWorld({ seed, policy: 'always' });
  await world.open();
  for (let nth = 0; nth < 11; nth++) {
    world.append(5, 2500);
    await world.settle();
  }
  await world.close();
  return world;
}

async function refusal(opening: Promise<Log>): Promise<LogError> {
  const error = await opening.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LogError, `refused, not ${String(error)}`);
  return error;
}

/** Offsets of the frames of a segment, and where they end. */
function frameOffsets(world: LogWorld, path: string): number[] {
  const file = world.disk.openSync(path, { mode: 'read' });
  const block = Buffer.alloc(headerBytes);
  file.readSync(block, 0, headerBytes, 0);
  const header = decodeSegmentHeader(block);
  assert.ok(typeof header === 'object');
  const scanner = new FrameScanner(file, header.id);
  const offsets: number[] = [];
  for (; scanner.find(); scanner.skip()) offsets.push(scanner.position);
  offsets.push(scanner.position);
  file.closeSync();
  return offsets;
}

test('one flipped bit anywhere in a durable frame or header is detected, placed and never served', async () => {
  const world = await closedWorld();
  const names = world.disk.listSync('/log').filter((name) => name.endsWith('.wal'));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat({ max: 7 }),
      async (name, where, bit) => {
        const path = `/log/${name}`;
        const offsets = frameOffsets(world, path);
        // The witness that closes the log vouches for all before it, but for itself nobody does.
        const isLast = name === names.at(-1);
        const end = offsets.at(isLast ? -2 : -1) ?? 0;
        const offset = Math.floor(where * (end - headerBytes)) + headerBytes;
        const frame = offsets.findLast((one) => one <= offset) ?? 0;
        const inPadding = isPadding(world, path, frame, offset);
        world.disk.flipBit(path, offset, bit);
        try {
          if (inPadding) return;
          const error = await refusal(world.open());
          assert.equal(error.code, 'corrupt');
          assert.equal(error.file, path);
          assert.equal(error.offset, frame);
          assert.match(error.message, /repair/);
        } finally {
          world.disk.flipBit(path, offset, bit);
        }
      },
    ),
    { numRuns: 120 },
  );
  for (let offset = 0; offset < 128; offset++) {
    world.disk.flipBit(first, offset, 3);
    const error = await refusal(world.open());
    assert.ok(['corrupt', 'version'].includes(error.code));
    assert.equal(error.offset, 0);
    world.disk.flipBit(first, offset, 3);
  }
  await world.open();
  world.check();
});

function isPadding(world: LogWorld, path: string, frame: number, offset: number): boolean {
  const file = world.disk.openSync(path, { mode: 'read' });
  const header = Buffer.alloc(frameHeaderBytes);
  file.readSync(header, 0, frameHeaderBytes, frame);
  file.closeSync();
  return offset >= frame + frameHeaderBytes + header.readUInt32LE(16);
}

test('damage to a tail that nothing vouches for is cut and reported, the rest is kept', async () => {
  const world = new LogWorld({ seed: 5, policy: 'always' });
  await world.open();
  for (let nth = 0; nth < 3; nth++) {
    world.append(2, 700);
    await world.clock.advance(250);
  }
  await world.disk.killProcess();
  world.clock.forgetAll();
  const [, , last = 0] = frameOffsets(world, first);
  world.disk.flipBit(first, last + 100, 1);
  const log = await world.open();
  assert.equal(log.lastIndex, 4);
  assert.equal(log.recovery.tornTail?.file, first);
  assert.equal(log.recovery.tornTail.offset, last);
  assert.ok(log.recovery.tornTail.bytes > 0);
});

test('frames behind a hole in an unsynced tail do not come to life again under later entries', async () => {
  const world = new LogWorld({ seed: 6, policy: 'never' });
  await world.open();
  for (let nth = 0; nth < 4; nth++) {
    world.append(1, 400);
    await world.clock.advance(250);
  }
  await world.disk.killProcess();
  // As a power loss may leave it: the second frame is gone, the third and fourth are there.
  const offsets = frameOffsets(world, first);
  const [, second = 0, third = 0] = offsets;
  const file = world.disk.openSync(first, { mode: 'write' });
  file.writeSync(Buffer.alloc(third - second), 0, third - second, second);
  world.history.length = 1;
  await world.restart(1);
  assert.equal(world.opened().lastIndex, 1);
  world.append(1, 400);
  await world.settle();
  await world.kill();
  assert.equal(world.opened().lastIndex, 2);
});

test('a segment that is missing, of another place, another node or a newer format is refused', async () => {
  const world = await closedWorld();
  const second = '/log/0000000000000002.wal';
  const third = '/log/0000000000000003.wal';
  world.disk.renameSync(second, '/log/aside');
  const gap = await refusal(world.open());
  assert.deepEqual([gap.code, gap.file], ['corrupt', first]);
  assert.match(gap.message, /entries \d+ to \d+ are missing/);
  world.disk.renameSync(third, second);
  assert.equal((await refusal(world.open())).code, 'foreign');
  world.disk.renameSync(second, third);
  world.disk.renameSync('/log/aside', second);
  assert.equal((await refusal(world.open({ nodeId: 'node-b' }))).code, 'foreign');
  world.disk.flipBit(third, 8, 4);
  assert.equal((await refusal(world.open())).code, 'version');
  assert.throws(() => repairLog({ disk: world.disk, folder: '/log' }), { code: 'version' });
  world.disk.flipBit(third, 8, 4);
  await world.open();
});

test('repair keeps what stands before the damage, says what it drops, and the log opens again', async () => {
  const world = await closedWorld();
  const { disk } = world;
  const [, second = 0] = frameOffsets(world, first);
  disk.flipBit(first, second + 200, 0);
  await refusal(world.open());
  const before = disk.listSync('/log');
  const plan = repairLog({ disk, folder: '/log', dryRun: true });
  assert.deepEqual(disk.listSync('/log'), before);
  const report = repairLog({ disk, folder: '/log' });
  assert.deepEqual(report, plan);
  assert.deepEqual([report.damage?.file, report.damage?.offset], [first, second]);
  assert.equal(report.lastIndexKept, 5);
  assert.equal(report.entriesKept, 5);
  assert.ok(report.droppedBytes > 65536);
  assert.equal(report.droppedFiles.length, before.filter((one) => one.endsWith('.wal')).length - 1);
  world.history.length = 5;
  world.promised = 5;
  await world.restart(5);
  assert.equal(repairLog({ disk, folder: '/log' }).damage, null);
});

test('repair of a log whose first header is damaged leaves an empty log', async () => {
  const world = await closedWorld();
  world.disk.flipBit(first, 20, 0);
  const report = repairLog({ disk: world.disk, folder: '/log' });
  assert.equal(report.lastIndexKept, 0);
  assert.equal((await world.open()).lastIndex, 0);
});

test('a payload that imitates a frame is not taken for one', async () => {
  const world = new LogWorld({ seed: 9, policy: 'always' });
  const log = await world.open();
  // The whole payload is such frames, each the next one to come, for a segment id that is guessed.
  const forged = Buffer.alloc(2048);
  for (let at = 0; at < forged.length; at += 64) {
    const frame = { bodyBytes: 16, count: 1, firstIndex: 2, durableIndex: 1000, epoch: 1 };
    sealFrame(forged, at, Buffer.from('guessed!'), frame);
  }
  log.append(forged, 0);
  await world.settle();
  await world.disk.killProcess();
  const file = world.disk.openSync(first, { mode: 'write' });
  file.writeSync(Buffer.alloc(8), 0, 8, headerBytes);
  const again = await world.open();
  assert.equal(again.lastIndex, 0);
});
