/** What a backup has to ask the store: a flush, and a checkpoint that ends exactly at it. */
import { join } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import { LsmError } from '../../core/store/index.ts';
import type { Persistence } from '../persistence/index.ts';
import { STATE_KEY } from '../tier/keys.ts';
import { decodeState } from '../tier/state.ts';
import { type Description, ENGINE_FOLDER } from './description.ts';
import { BackupError } from './errors.ts';
import { FLUSH_TRIES } from './limits.ts';
import { removeFolder } from './transfer.ts';

export interface CheckpointOptions {
  readonly disk: Disk;
  readonly persistence: Persistence;
  /** The engine's files come in a folder of it. */
  readonly folder: string;
  /** The flush is done. */
  onFlushed(): void;
  /** Rejects when it shall be waited no longer. */
  readonly stopped: Promise<never>;
}

export type Checkpoint = Omit<Description, 'files'> & { readonly tableBytes: number };

/**
 * Writes a checkpoint of all that was acknowledged before this was called.
 * @throws BackupError, LsmError, and what the disk says.
 */
export async function checkpointStore(options: CheckpointOptions): Promise<Checkpoint> {
  const { disk, persistence, onFlushed } = options;
  const { store } = persistence;
  const folder = join(options.folder, ENGINE_FOLDER);
  for (let tries = 0; tries < FLUSH_TRIES; tries++) {
    await flushed(options);
    onFlushed();
    const snapshot = store.atMark();
    try {
      const { exact, mark, bytes } = await store.checkpoint(folder, { flush: false });
      // What a flush to come has written already would be seen by a store that has no log to follow it.
      if (exact) {
        const state = await store.get(STATE_KEY, snapshot);
        if (state === null) throw new LsmError('corrupt', { detail: 'the state is not stored' });
        const { logIndex, savedMs, databases } = decodeState(state);
        if (logIndex === mark)
          return { ...told(databases), createdMs: savedMs, logIndex, tableBytes: bytes };
      }
    } finally {
      snapshot.release();
    }
    await removeFolder(disk, folder);
  }
  throw new BackupError('flush-failed', 'one flush follows the other');
}

function told(databases: Description['databases']): Pick<Description, 'databases'> {
  const withKeys = databases.filter(({ keys }) => keys > 0);
  return { databases: withKeys.map(({ index, keys }) => ({ index, keys })) };
}

/** A flush that began behind this call is done. */
async function flushed({ persistence, stopped }: CheckpointOptions): Promise<void> {
  const { flusher } = persistence;
  const end = (): Promise<unknown> => new Promise((resolve) => flusher.whenDone(resolve));
  for (let tries = 0; tries < FLUSH_TRIES; tries++) {
    // One that runs already may have begun before what we are to hold.
    await Promise.race([end(), stopped]);
    if (!persistence.startFlush()) continue;
    const error = await Promise.race([end(), stopped]);
    if (error === null) return;
    const { code, message } = BackupError.from(error, 'flush');
    throw new BackupError(code === 'disk-full' ? code : 'flush-failed', message, error);
  }
  throw new BackupError('flush-failed', 'one flush follows the other');
}
