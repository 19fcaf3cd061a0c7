/**
 * The only disk of a DataNode fills up under load: writes go to the others and none is refused; what it had stays readable,
 * and when there is room it takes blocks again. Needs the right to mount a tmpfs.
 */
import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { FilesStatus } from '../../../src/files/index.ts';
import { runHere } from '../../support/files/files-process.ts';
import { smallDisk } from '../../support/small-disk.ts';
import { FilesCluster, Writers } from './cluster.ts';
import { isWhole } from './random-faults.ts';

const MEBIBYTE = 1024 * 1024;
const probe = smallDisk(MEBIBYTE);
probe?.remove();
const permitted = probe === undefined ? { skip: 'missing peer: the right to mount a tmpfs' } : {};

describe('a DataNode whose disk is full', permitted, () => {
  test('others take its place, and it takes blocks again when there is room', async () => {
    const disk = smallDisk(64 * MEBIBYTE)!;
    const ballast = join(disk.path, 'ballast');
    const cluster = await FilesCluster.start(
      ['a', 'a', 'b', 'b'],
      { 'files.replication': 2 },
      (nth) => (nth === 0 ? { 'files.disks': disk.path, 'files.reserve': '0b' } : {}),
    );
    const blocks = (): number =>
      readdirSync(disk.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.blk'),
      ).length;
    const stateOf = async (): Promise<string | undefined> => {
      const ran = await runHere(['files', 'status', '--json', '--admin', cluster.admin.address]);
      const { cluster: shown } = JSON.parse(ran.out.toString()) as FilesStatus;
      return shown?.nodes.find(({ totalBytes }) => totalBytes === 64 * MEBIBYTE)?.disks[0]?.state;
    };
    const writers = new Writers(cluster, 'full', 2);
    try {
      await cluster.until('blocks on the disk', () => blocks() > 2);
      // A block that found no room gives back what it had taken.
      await cluster.until('the disk to be told full', async () => {
        fill(ballast);
        return (await stateOf()) === 'full';
      });
      const kept = writers.acknowledged.size;
      await cluster.until(
        'more on the others',
        () => writers.acknowledged.size > kept + 40,
        60_000,
      );
      const before = blocks();
      rmSync(ballast);
      await cluster.until('blocks on the disk again', () => blocks() > before, 60_000);
      await writers.stop();
      assert.deepEqual(writers.refused, []);
      await cluster.until('all to be whole', isWhole, 60_000);
      for (const [path, hash] of writers.acknowledged) {
        assert.equal(await cluster.hashOf(path), hash, path);
      }
    } finally {
      await writers.stop();
      await cluster.stop();
      disk.remove();
    }
  });
});

/** Takes all the room that there is. */
function fill(path: string): void {
  const piece = Buffer.alloc(64 * 1024);
  try {
    for (;;) writeFileSync(path, piece, { flag: 'a' });
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}
