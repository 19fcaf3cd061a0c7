import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../core/runtime/node/index.ts';
import { createLsmWorker } from '../../core/store/index.ts';
import { storeContract } from '../s3/testing/store-contract.ts';
import { FileSystem } from './file-system.ts';
import { NamespaceObjectStore } from './object-store.ts';

storeContract('on disks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-files-'));
  const files = await FileSystem.open({
    disk: createNodeDisk(),
    clock: createNodeClock(),
    random: createNodeRandom(),
    logger: silentLogger(),
    folder,
    disks: [],
    reserveBytes: 0,
    blockBytes: 1024 * 1024,
    replication: 1,
    scrubBytesPerSecond: 0,
    worker: () => createLsmWorker(createNodeThreads()),
  });
  return {
    store: new NamespaceObjectStore(files),
    close: async () => {
      await files.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
