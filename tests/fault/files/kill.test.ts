/**
 * kill -9 of a process that puts and removes objects, again and again on one folder: what was acknowledged is
 * there byte by byte, what was not is there whole or not at all, and no block is left that nothing names.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { NamespaceObjectStore } from '../../../src/files/objects/object-store.ts';
import { startChild, temporaryFolder, waitUntil } from '../../support/process.ts';
import { contentOf, getObject, openFiles } from './open-files.ts';
import { KEPT, keyOf, WORKERS } from './work.ts';

const kills = Number(process.env.PLINTH_FILES_KILLS ?? 4);
const writer = fileURLToPath(new URL('writer.ts', import.meta.url));

/** The last number that each worker was told of. */
async function writeUntilKilled(folder: string, round: number): Promise<number[]> {
  const child = startChild(process.execPath, [writer, folder, String(round)]);
  await waitUntil('the first object', () => child.output() !== '' || child.hasExited(), 60_000);
  await wait(200 + Math.random() * 1500);
  child.process.kill('SIGKILL');
  assert.equal(await child.exited, 'SIGKILL', child.output());
  const last = Array.from({ length: WORKERS }, () => 0);
  for (const line of child.output().split('\n')) {
    const match = /^(\d) (\d+)$/.exec(line);
    if (match !== null) last[Number(match[1])] = Number(match[2]);
  }
  return last;
}

async function check(store: NamespaceObjectStore, round: number, last: number[]): Promise<void> {
  for (const [worker, acknowledged] of last.entries()) {
    const from = Math.max(1, acknowledged - KEPT - 2);
    for (let nth = from; nth <= acknowledged + 3; nth++) {
      const met = await getObject(store, keyOf(String(round), worker, nth));
      const is = `object ${nth} of worker ${worker}, ${acknowledged} were acknowledged`;
      if (met !== undefined) assert.ok(met.equals(contentOf(worker, nth)), `${is}, is whole`);
      // The one behind the last, and with it the removal, may have been done.
      if (nth > acknowledged - KEPT + 1 && nth <= acknowledged) assert.ok(met, `${is}, is there`);
      if (nth <= acknowledged - KEPT || nth > acknowledged + 1) {
        assert.equal(met, undefined, `${is}, is not there`);
      }
    }
  }
}

test('kill -9 under load loses nothing acknowledged, shows nothing half, and leaves no block behind', async () => {
  const folder = temporaryFolder('plinth-files-kill');
  try {
    const rounds: number[][] = [];
    for (let round = 0; round < kills; round++) {
      rounds.push(await writeUntilKilled(folder.path, round));
      const { files, store } = await openFiles(folder.path);
      for (const [nth, last] of rounds.entries()) await check(store, nth, last);
      await files.idle();
      let stored = 0;
      await files.blocks.each(0, () => ++stored > 0);
      const page = await store.listObjects('b', { prefix: '', delimiter: '', max: 1000 });
      let named = 0;
      for (const { sizeBytes } of page.rows) named += Math.ceil(sizeBytes / (1024 * 1024));
      assert.equal(stored, named, 'blocks that are stored are those of objects');
      assert.equal(page.next, undefined);
      await files.close();
    }
    assert.ok(
      rounds.some((last) => last.some((nth) => nth > KEPT)),
      'something was acknowledged',
    );
  } finally {
    folder.remove();
  }
});
