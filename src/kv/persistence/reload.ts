/** Replacing all keys by what a checkpoint holds, while the store runs (DEBUG RELOAD). */
import type { Engine } from '../engine/engine.ts';
import { ReplyError } from '../errors.ts';
import { type CheckpointDisk, Checkpointer } from './checkpointer.ts';
import { loadCheckpoint, newestCheckpoint } from './loader.ts';
import { MemoryDisk } from './memory-disk.ts';

const BUSY = new ReplyError('ERR Background save already in progress');

/** @throws ReplyError as long as nothing has changed; a checkpoint that does not load is a fault. */
export function reloadBy(
  engine: Engine,
  checkpointer: Checkpointer,
  disk: CheckpointDisk,
  folder: string,
): void {
  if (checkpointer.running) throw BUSY;
  try {
    checkpointer.runSync();
  } catch (error) {
    throw new ReplyError(`ERR the checkpoint can not be written: ${String(error)}`);
  }
  const { effects, keyspace } = engine;
  const { sink } = effects;
  effects.sink = undefined;
  const { expiresOnLookup } = keyspace;
  keyspace.expiresOnLookup = false;
  for (const db of keyspace.databases) db.clear();
  loadCheckpoint(engine, disk, `${folder}/${newestCheckpoint(disk, folder)}`);
  // An import under way has it off.
  keyspace.expiresOnLookup = expiresOnLookup;
  effects.sink = sink;
}

/** As `Persistence.reload` for a store without persistence: by a checkpoint in memory. */
export function reloadInMemory(engine: Engine): void {
  const disk = new MemoryDisk();
  const checkpointer = new Checkpointer({
    engine,
    disk,
    clock: engine.clock,
    folder: 'memory',
    onDone: () => {},
    onFailed: () => {},
  });
  reloadBy(engine, checkpointer, disk, 'memory');
  engine.onKeyspaceReplaced = undefined;
  engine.keyspace.beforeChange = () => {};
}
