/** The file system on the machine's disk, for processes that are killed and for those that look at what is left. */
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

export interface OpenFiles {
  readonly files: FileSystem;
  readonly store: NamespaceObjectStore;
}

export async function openFiles(folder: string, disks: readonly string[] = []): Promise<OpenFiles> {
  const files = await FileSystem.open({
    ...{ disk: createNodeDisk(), clock: createNodeClock(), random: createNodeRandom() },
    ...{ logger: silentLogger(), folder, disks, reserveBytes: 0, replication: 1 },
    blockBytes: 1024 * 1024,
    scrubBytesPerSecond: 0,
    worker: () => createLsmWorker(createNodeThreads()),
  });
  return { files, store: new NamespaceObjectStore(files) };
}

/** What an object of this key holds: every so many are of several blocks. */
export function contentOf(worker: number, nth: number): Buffer {
  const length = nth % 10 === 3 ? 2_300_000 + nth : (nth * 997) % 6000;
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 8 <= length; at += 8) {
    bytes.writeUInt32LE(nth * 31 + at, at);
    bytes.writeUInt32LE(worker * 7919 + (at >>> 3), at + 4);
  }
  return bytes;
}

export async function putObject(
  store: NamespaceObjectStore,
  key: string,
  bytes: Buffer,
): Promise<void> {
  const writer = await store.write('b', bytes.length);
  try {
    for (let at = 0; at < bytes.length; at += 200_000) {
      await writer.write(bytes.subarray(at, at + 200_000));
    }
    const outcome = await writer.commit({ key, etag: `e${bytes.length}`, attributes: {} });
    if (!outcome.done) throw new Error(outcome.because);
  } catch (error) {
    writer.abort();
    throw error;
  }
}

export async function getObject(
  store: NamespaceObjectStore,
  key: string,
): Promise<Buffer | undefined> {
  const opened = await store.open({ bucket: 'b', key });
  if (opened === undefined) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of opened.read(0, opened.version.sizeBytes)) {
    pieces.push(Buffer.from(piece));
  }
  opened.close();
  return Buffer.concat(pieces);
}
