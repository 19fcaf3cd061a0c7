/** For tests: the file system's object store on a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../../src/core/runtime/node/index.ts';
import { createLsmWorker } from '../../../src/core/store/index.ts';
import { FileSystem } from '../../../src/files/objects/file-system.ts';
import { NamespaceObjectStore } from '../../../src/files/objects/object-store.ts';
import type { ObjectStore } from '../../../src/files/s3/object-store.ts';

export interface DiskStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

export async function openDiskStore(): Promise<DiskStore> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-files-'));
  const files = await FileSystem.open({
    ...{ disk: createNodeDisk(), clock: createNodeClock(), random: createNodeRandom() },
    ...{ logger: silentLogger(), folder, disks: [], reserveBytes: 0, replication: 1 },
    blockBytes: 8 * 1024 * 1024,
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
}
