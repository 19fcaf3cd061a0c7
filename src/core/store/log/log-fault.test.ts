import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogWorld } from './log-world.ts';

async function openWorld(
  policy: 'always' | 'everysec' | 'never',
  extra: Parameters<LogWorld['open']>[0] = {},
): Promise<LogWorld> {
  const world = new LogWorld({ seed: 11, policy });
  await world.open(extra);
  return world;
}

for (const policy of ['always', 'everysec', 'never'] as const) {
  test(`under ${policy} a disk about to be full ends accepting before anything appended fails, and space lets it go on`, async () => {
    const states: string[] = [];
    const world = await openWorld(policy, { onStateChange: (state) => states.push(state) });
    const log = world.opened();
    world.append(5, 100);
    await world.settle();
    world.disk.capacityBytes = world.usedBytes() + 30_000;
    for (let nth = 0; nth < 40; nth++) {
      world.append(1, 4000);
      await world.clock.advance(300);
    }
    assert.equal(log.state, 'short');
    assert.equal(log.failure?.code, 'disk-full');
    assert.ok(!log.accepting);
    assert.deepEqual(world.errors, []);
    assert.equal(log.writtenIndex, log.lastIndex);
    assert.ok(log.lastIndex > 5);
    assert.equal(await world.clock.settle(log.tryResume()), false);
    world.check();
    world.disk.heal();
    assert.equal(await world.clock.settle(log.tryResume()), true);
    assert.ok(log.accepting);
    assert.equal(log.failure, null);
    assert.deepEqual(states, ['short', 'open']);
    for (let nth = 0; nth < 20; nth++) world.append(3, 4000);
    await world.settle();
    await world.losePower();
    assert.equal(world.opened().lastIndex, world.history.length);
  });
}

test('on a full disk callbacks of what no longer fits get the error, nothing acknowledged is lost, and space lets it go on', async () => {
  const states: string[] = [];
  const world = await openWorld('always', { onStateChange: (state) => states.push(state) });
  const log = world.opened();
  world.append(5, 100);
  await world.settle();
  world.disk.capacityBytes = world.usedBytes() + 30_000;
  // More in one turn than the room that is kept ahead.
  world.append(30, 4000);
  await world.clock.advance(300);
  assert.equal(log.state, 'failed');
  assert.equal(log.failure?.code, 'disk-full');
  assert.ok(!log.accepting);
  assert.deepEqual(new Set(world.errors), new Set(['disk-full']));
  assert.equal(await world.clock.settle(log.tryResume()), false);
  assert.equal(world.promised, 5);
  world.check();
  world.disk.heal();
  assert.equal(await world.clock.settle(log.tryResume()), true);
  assert.ok(log.accepting);
  assert.deepEqual(states, ['failed', 'open']);
  world.append(3, 100);
  await world.settle();
  await world.losePower();
  assert.equal(world.opened().lastIndex, world.history.length);
});

test('a flush while the log has failed calls back with the failure', async () => {
  const world = await openWorld('everysec');
  const log = world.opened();
  world.disk.failAll('write', 'EIO');
  world.append(1, 10);
  await world.clock.advance(500);
  const codes: (string | undefined)[] = [];
  log.flush((error) => codes.push(error?.code));
  log.sync((error) => codes.push(error?.code));
  assert.deepEqual(codes, ['io', 'io']);
});

test('after a failed sync what it covered is written again to a new segment, never trusted', async () => {
  const world = await openWorld('everysec');
  const log = world.opened();
  world.append(5, 100);
  await world.clock.advance(300);
  world.disk.failAll('datasync', 'EIO');
  await world.clock.advance(1500);
  assert.equal(log.failure?.code, 'sync-failed');
  assert.equal(log.durableIndex, 0);
  world.disk.heal();
  assert.equal(await world.clock.settle(log.tryResume()), true);
  await world.settle();
  assert.equal(log.stats.segments, 2);
  await world.losePower();
  assert.equal(world.opened().lastIndex, 5);
});

test('what a restarted process finds in the page cache after a failed sync is made durable before it counts', async () => {
  const world = await openWorld('everysec');
  world.append(5, 100);
  await world.clock.advance(300);
  world.disk.failAll('datasync', 'EIO');
  await world.clock.advance(1500);
  assert.equal(world.opened().state, 'failed');
  await world.kill();
  assert.equal(world.opened().durableIndex, 5);
  await world.losePower();
});

test('a sync that fails when its data are no longer in memory leaves the log failed for good', async () => {
  const world = await openWorld('everysec', { unsyncedBytesMax: 1000 });
  const log = world.opened();
  world.disk.failAll('datasync', 'EIO');
  world.disk.hang('datasync', true);
  for (let nth = 0; nth < 4; nth++) {
    world.append(1, 900);
    await world.clock.advance(250);
  }
  world.disk.hang('datasync', false);
  await world.clock.advance(2000);
  assert.equal(log.failure?.code, 'unsynced-lost');
  world.disk.heal();
  assert.equal(await world.clock.settle(log.tryResume()), false);
});

test('short writes are completed', async () => {
  const world = await openWorld('always');
  const { disk } = world;
  for (let nth = 1; nth < 40; nth += 2) disk.failAt(disk.operations + nth, 'short');
  for (let nth = 0; nth < 8; nth++) {
    world.append(3, 2000);
    await world.clock.advance(300);
  }
  await world.settle();
  assert.ok(world.opened().stats.shortWrites > 0);
  world.check();
  await world.losePower();
});

test('a sync that hangs is reported as lag, and writes go on', async () => {
  const lags: number[] = [];
  const world = await openWorld('everysec', { onSyncLag: (lagMs) => lags.push(lagMs) });
  const log = world.opened();
  world.disk.hang('datasync', true);
  world.append(1, 10);
  await world.clock.advance(5000);
  world.append(1, 10);
  await world.clock.advance(250);
  assert.equal(log.writtenIndex, 2);
  assert.equal(log.durableIndex, 0);
  assert.ok(lags.length > 0 && lags.every((lagMs) => lagMs > 2000));
  world.disk.hang('datasync', false);
  await world.settle();
  assert.equal(log.durableIndex, 2);
});

test('a disk that refuses the first segment refuses the opening, typed', async () => {
  const world = new LogWorld({ seed: 1, policy: 'always' });
  world.disk.capacityBytes = 1000;
  await assert.rejects(world.open(), { name: 'LogError', code: 'disk-full' });
  world.disk.heal();
  await world.open();
  world.append(1, 1);
  await world.settle();
});
