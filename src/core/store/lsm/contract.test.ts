import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ClassicStore } from './classic-store.ts';
import { orderedStoreContract } from './contract.ts';
import { LsmStore } from './lsm-store.ts';
import { LsmWorld } from './lsm-world.ts';
import { NodePlace } from './node-place.ts';
import { runModel } from './sorted-model.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-lsm-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(++folders));

orderedStoreContract('the engine on the real disk', () =>
  LsmStore.open(new NodePlace(newFolder())),
);
orderedStoreContract('the engine on a simulated disk', () => LsmStore.open(new LsmWorld(1)));
orderedStoreContract('LevelDB', () => ClassicStore.open(newFolder()));

describe('the model of the contract', () => {
  test('is right of LevelDB', async () => {
    const store = await ClassicStore.open(newFolder());
    await runModel({ store, seed: 1, operations: 3000 });
    await store.close();
  });

  test('is right of the engine on the real disk', async () => {
    const store = await LsmStore.open(new NodePlace(newFolder()));
    await runModel({ store, seed: 2, operations: 6000 });
    await store.close();
  });
});
