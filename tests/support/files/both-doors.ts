/** For tests: the WebHDFS door and the S3 door over one file system, in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultsOf } from '../../../src/core/config/index.ts';
import { silentLogger } from '../../../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
  createNodeTransport,
} from '../../../src/core/runtime/node/index.ts';
import { createLsmWorker } from '../../../src/core/store/index.ts';
import { filesConfig } from '../../../src/files/config/config.ts';
import { FileSystem } from '../../../src/files/objects/file-system.ts';
import { NamespaceObjectStore } from '../../../src/files/objects/object-store.ts';
import { WebHdfsListener, type WebHdfsSettings } from '../../../src/files/webhdfs/index.ts';
import { S3Bed } from './s3-bed.ts';

export interface BothDoors {
  readonly files: FileSystem;
  readonly webHdfs: WebHdfsListener;
  readonly s3: S3Bed;
  /** Of the WebHDFS door, without a path. */
  readonly endpoint: string;
  /** A request to the WebHDFS door as a user; redirects are followed. `query` behind `op`. */
  ask(method: string, path: string, query: string, options?: AskOptions): Promise<Response>;
}

export interface AskOptions {
  /** Default: the superuser. */
  readonly user?: string;
  readonly body?: Buffer | string;
  readonly redirect?: 'manual';
}

export function defaultWebHdfs(): WebHdfsSettings {
  return { ...defaultsOf(filesConfig).webhdfs, port: 0 };
}

export async function withBothDoors(
  work: (doors: BothDoors) => Promise<void>,
  settings: Partial<WebHdfsSettings> = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-files-'));
  const common = { clock: createNodeClock(), random: createNodeRandom() };
  const files = await FileSystem.open({
    ...{ ...common, disk: createNodeDisk(), logger: silentLogger(), folder, disks: [] },
    ...{ reserveBytes: 0, replication: 1, blockBytes: 2 * 1024 * 1024, scrubBytesPerSecond: 0 },
    worker: () => createLsmWorker(createNodeThreads()),
  });
  const store = new NamespaceObjectStore(files);
  const s3 = await S3Bed.open({ store });
  const webHdfs = await WebHdfsListener.open({
    ...{ ...common, files, disk: createNodeDisk(), log: silentLogger() },
    settings: { ...defaultWebHdfs(), ...settings },
    transport: await createNodeTransport(),
    events: { onRequestEnd: () => {}, onRefused: () => {}, onCall: () => {} },
    onRootChange: () => store.forgetBuckets(),
  });
  const endpoint = `http://127.0.0.1:${webHdfs.listening.port}`;
  const ask: BothDoors['ask'] = (method, path, query, options = {}) => {
    const { user = 'plinth', body, redirect } = options;
    const url = `${endpoint}/webhdfs/v1${path}?op=${query}&user.name=${user}`;
    return fetch(url, {
      method,
      ...(body !== undefined && { body }),
      ...(redirect !== undefined && { redirect }),
    });
  };
  try {
    await work({ files, webHdfs, s3, endpoint, ask });
  } finally {
    await webHdfs.stop();
    await s3.close();
    await files.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
