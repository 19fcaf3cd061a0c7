/**
 * A full disk under the cache's disk tier: puts are refused, reads go on, and when there is room again writes do.
 * Needs the right to mount a tmpfs.
 */
import assert from 'node:assert/strict';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DiskTier } from '../../../src/cache/ssd/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
} from '../../../src/core/runtime/node/index.ts';
import { waitUntil } from '../../support/process.ts';
import { smallDisk } from '../../support/small-disk.ts';

const mebibyte = 1024 * 1024;
const BODY = Buffer.alloc(20_000, 'b');

const probe = smallDisk(mebibyte);
probe?.remove();
const permitted = probe === undefined ? { skip: 'missing peer: the right to mount a tmpfs' } : {};

function put(tier: DiskTier, key: number): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = tier.put({
      ...{ hashLow: key, hashHigh: key, tag: 0, sequence: 1 },
      meta: Buffer.from(`${key}`),
      body: [BODY],
      done: resolve,
    });
    if (answer !== 'queued') resolve(false);
  });
}

async function isFound(tier: DiskTier, key: number): Promise<boolean> {
  const record = await tier.find(key, key, ({ meta }) => String(meta) === `${key}`);
  return record !== null && record.bodyBytes === BODY.length;
}

test(
  'a full disk refuses puts, serves what is there, takes purges, and goes on when there is room',
  permitted,
  async () => {
    const disk = smallDisk(12 * mebibyte);
    assert.ok(disk !== undefined);
    const states: string[] = [];
    const options = {
      disk: createNodeDisk(),
      clock: createNodeClock(),
      random: createNodeRandom(),
      folder: join(disk.path, 'cache'),
      bytesMax: 64 * mebibyte,
      segmentBytes: mebibyte,
      onState: (state: string) => void states.push(state),
    };
    const ballast = join(disk.path, 'ballast');
    let tier = await DiskTier.open(options);
    try {
      writeFileSync(ballast, Buffer.alloc(5 * mebibyte, 1));
      let key = 1;
      while (await put(tier, key)) key++;
      assert.ok(key > 100, `${key} were stored`);
      await waitUntil('the tier says that the disk is full', () => tier.state === 'full');
      const { counts } = tier.stats();
      assert.ok(counts.lost > 0);
      for (let one = 1; one < key; one++) assert.ok(await isFound(tier, one), `${one} is served`);
      await tier.appendPurge(2, Buffer.from('a purge'));
      rmSync(ballast);
      await waitUntil('it goes on', () => tier.state === 'open');
      assert.equal(await put(tier, 100_000), true);
      assert.deepEqual([states[0], states.at(-1)], ['full', 'open']);
      // It stays within what there is when the disk is full of its own files.
      for (let more = 0; more < 2000; more++) await put(tier, 200_000 + more);
      assert.ok(statfsSync(disk.path).bavail >= 0);
      await tier.close();
      tier = await DiskTier.open(options);
      assert.ok(tier.purges().some(({ sequence }) => sequence === 2) || !(await isFound(tier, 1)));
      assert.equal(tier.stats().counts.damaged, 0);
      assert.ok(tier.stats().records > 50);
    } finally {
      await tier.close();
      disk.remove();
    }
  },
);
