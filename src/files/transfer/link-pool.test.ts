import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clock,
  IDENTITY,
  random,
  TransferWorld,
} from '../../../tests/support/files/transfer-world.ts';
import { dataLinksMax } from '../limits.ts';
import { type Exchange, hostPort, LinkPool } from './link-pool.ts';

test('connections are used again, bounded, waited for, and dialled anew when their node has begun anew', async () => {
  const world = await TransferWorld.start(0);
  const node = await world.addNode(dataLinksMax + 10);
  const credentials = { secret: 'secret', identity: IDENTITY };
  // A wait that would be for long ends at once.
  const hasty = {
    ...clock,
    setTimer: (ms: number, run: () => void) => clock.setTimer(ms > 9000 ? 100 : ms, run),
  };
  const { dial } = world.network;
  const pool = new LinkPool({ dial, clock: hasty, random, credentials: () => credentials });
  try {
    const first = await pool.take(node.address);
    pool.release(node.address, first.link);
    const again = await pool.take(node.address);
    assert.equal(again.link, first.link);
    assert.ok(again.isUsed && !first.isUsed);
    assert.notEqual(again.request, first.request);
    const taken: Exchange[] = [again];
    while (taken.length < dataLinksMax) taken.push(await pool.take(node.address));
    const waiting = pool.take(node.address);
    pool.release(node.address, taken.pop()!.link);
    taken.push(await waiting);
    const waitingToo = pool.take(node.address);
    taken.pop()!.link.close();
    taken.push(await waitingToo);
    for (const { link } of taken) pool.release(node.address, link);
    await node.stop();
    await assert.rejects(pool.take(node.address), { code: 'node-gone' });
  } finally {
    pool.close();
    await world.stop();
  }
  await assert.rejects(pool.take(node.address), { code: 'closed' });
});

test('addresses of both families are understood, others refused', () => {
  assert.deepEqual(hostPort('10.0.0.1:80'), { host: '10.0.0.1', port: 80 });
  assert.deepEqual(hostPort('[::1]:80'), { host: '::1', port: 80 });
  assert.deepEqual(hostPort('name.example:9'), { host: 'name.example', port: 9 });
  for (const bad of ['', 'x', ':1', '::1:80', 'x:70000', 'x:', '[x]:1']) {
    assert.throws(() => hostPort(bad), { code: 'node-gone' });
  }
});
