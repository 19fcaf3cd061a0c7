/**
 * Two small disks that fill up: writes go to the other one, then they are refused with a clear error; what was
 * acknowledged stays readable, and removals make room again. Needs the right to mount a tmpfs.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { StoreFailure } from '../../../src/files/s3/object-store.ts';
import { temporaryFolder } from '../../support/process.ts';
import { smallDisk } from '../../support/small-disk.ts';
import { getObject, openFiles, putObject } from './open-files.ts';

const MEBIBYTE = 1024 * 1024;
const probe = smallDisk(MEBIBYTE);
probe?.remove();
const permitted = probe === undefined ? { skip: 'missing peer: the right to mount a tmpfs' } : {};

describe('full disks', permitted, () => {
  test('fill one after the other, refuse, and take writes again', async () => {
    const folder = temporaryFolder('plinth-files-full');
    const disks = [smallDisk(8 * MEBIBYTE)!, smallDisk(14 * MEBIBYTE)!];
    const { files, store } = await openFiles(
      folder.path,
      disks.map(({ path }) => path),
    );
    try {
      await store.createBucket('b', { owner: 'me', documents: {} });
      const contents = new Map<string, Buffer>();
      const fill = async (): Promise<StoreFailure> => {
        for (let nth = contents.size; nth < 1000; nth++) {
          const bytes = Buffer.alloc(nth % 3 === 0 ? 1_700_000 : 40_000, `${nth} `);
          try {
            await putObject(store, `k${nth}`, bytes);
          } catch (error) {
            assert.ok(error instanceof StoreFailure, String(error));
            return error;
          }
          contents.set(`k${nth}`, bytes);
        }
        return assert.fail('it was never full');
      };
      assert.equal((await fill()).code, 'no-space');
      const stored = [...contents.values()].reduce((sum, bytes) => sum + bytes.length, 0);
      assert.ok(stored > 15 * MEBIBYTE, `${stored} bytes found room`);
      const readAll = async (): Promise<void> => {
        for (const [key, bytes] of contents) {
          assert.ok((await getObject(store, key))?.equals(bytes), key);
        }
      };
      await readAll();
      for (const key of [...contents.keys()].filter((_, nth) => nth % 2 === 0)) {
        await store.remove({ bucket: 'b', key });
        contents.delete(key);
      }
      await files.idle();
      await files.blocks.compact();
      // Room is looked at once a second.
      await wait(1100);
      const large = Buffer.alloc(1_700_000, 'again');
      await putObject(store, 'again', large);
      contents.set('again', large);
      await readAll();
    } finally {
      await files.close();
      for (const disk of disks) disk.remove();
      folder.remove();
    }
  });
});
