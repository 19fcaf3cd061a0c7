/**
 * A process that puts objects and removes older ones until it is killed: `node writer.ts <folder> <round>`. Each
 * line it writes, `<worker> <number>`, is a put that was acknowledged, with the removal that follows it.
 */
import { writeSync } from 'node:fs';
import { contentOf, openFiles, putObject } from './open-files.ts';
import { KEPT, keyOf, WORKERS } from './work.ts';

const [folder = '', round = '0'] = process.argv.slice(2);
const { store } = await openFiles(folder);
await store.createBucket('b', { owner: 'me', documents: {} });

async function work(worker: number): Promise<never> {
  for (let nth = 1; ; nth++) {
    await putObject(store, keyOf(round, worker, nth), contentOf(worker, nth));
    if (nth > KEPT) {
      await store.remove({ bucket: 'b', key: keyOf(round, worker, nth - KEPT) });
    }
    writeSync(1, `${worker} ${nth}\n`);
  }
}

await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
