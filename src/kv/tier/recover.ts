/** What a start takes from the engine before it replays the log. */
import type { Lsm, Snapshot } from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { EntryError } from './entry.ts';
import { contentRange, NUMBERS_KEY, Space, STATE_KEY } from './keys.ts';
import { decodeNumbers, decodeState } from './state.ts';

/** The store as of the last complete flush. */
export interface Recovered {
  /** The entry of the log behind which it is; 0: there was no flush. */
  readonly logIndex: number;
  readonly keys: number;
  /** Unix seconds of the flush; undefined when there was none. */
  readonly savedSeconds: number | undefined;
  /** A flush was cut short: the engine has a part of what it wrote. */
  readonly cutShort: boolean;
}

/**
 * Brings an empty engine to the state of a snapshot: its databases are as large as they were, all of
 * their keys on the disk only.
 * @throws LsmError, EntryError: nothing can be served then.
 */
export async function recoverState(
  engine: Engine,
  store: Lsm,
  snapshot: Snapshot,
): Promise<Recovered> {
  const { keyspace } = engine;
  const bytes = await store.get(STATE_KEY, snapshot);
  // A flush that was cut short may have given numbers away.
  const numbers = await store.get(NUMBERS_KEY);
  const used = numbers === null ? { contents: 0, values: 0 } : decodeNumbers(numbers);
  if (bytes === null) {
    dropFrom(engine, 1, used.contents);
    keyspace.contents = Math.max(keyspace.contents, used.contents);
    for (const db of keyspace.databases) db.content = keyspace.nextContent();
    keyspace.values = Math.max(1, used.values);
    keyspace.noteChanges();
    // Under contents that nobody uses, so nothing of it is met.
    return { logIndex: store.durableMark, keys: 0, savedSeconds: undefined, cutShort: false };
  }
  const state = decodeState(bytes);
  if (state.logIndex !== store.durableMark) {
    throw new EntryError(
      `the store is as of entry ${state.logIndex} of the log, its engine as of ${store.durableMark}`,
    );
  }
  keyspace.adoptSeed(state.hashSeed);
  keyspace.contents = Math.max(state.contents, used.contents);
  keyspace.values = Math.max(state.values, used.values);
  let keys = 0;
  for (const { index, content, keys: count, expiring } of state.databases) {
    const db = engine.database(index);
    if (db === undefined) {
      if (count === 0) continue;
      throw new EntryError(`database ${index} has keys and is not configured`);
    }
    db.content = content;
    db.colds.set(count, expiring);
    keys += count;
    // What a flush that was cut short wrote of values of this content nobody needs.
    if (state.values < used.values) {
      db.changes.dead.push({ content, from: state.values, to: used.values });
    }
  }
  for (const db of keyspace.databases) {
    if (!state.databases.some(({ index }) => index === db.index))
      db.content = keyspace.nextContent();
  }
  dropFrom(engine, state.contents, used.contents);
  const cutShort = isCutShort(store, snapshot);
  keyspace.noteChanges(cutShort);
  await loadExtras(engine, store, snapshot);
  return {
    logIndex: state.logIndex,
    keys,
    savedSeconds: Math.floor(state.savedMs / 1000),
    cutShort,
  };
}

/** Whether there is anything behind the mark. */
function isCutShort(store: Lsm, mark: Snapshot): boolean {
  const last = store.snapshot();
  last.release();
  return last.sequence > mark.sequence;
}

/** Contents of a flush that was cut short. */
function dropFrom(engine: Engine, from: number, to: number): void {
  for (let content = from; content < to; content++) engine.keyspace.contentDropped(content);
}

async function loadExtras(engine: Engine, store: Lsm, snapshot: Snapshot): Promise<void> {
  const from = Buffer.from([Space.extra]);
  const to = Buffer.from([Space.extra + 1]);
  const scan = store.scan({ from, to, snapshot });
  try {
    while (await scan.fill()) {
      for (let nth = 0; nth < scan.count; nth++) {
        engine.loadExtra(scan.key(nth).toString('utf8', 1), scan.value(nth));
      }
    }
  } finally {
    scan.close();
  }
}

/** Loads the hashes that have fields which expire: they stay in memory, where their fields expire. */
export async function loadExpiringHashes(
  engine: Engine,
  store: Lsm,
  forget: (key: Buffer) => void,
): Promise<void> {
  for (const db of engine.keyspace.databases) {
    if (db.cold === 0) continue;
    const scan = store.scan(contentRange(Space.fields, db.content));
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          const key = scan.key(nth);
          const record = db.findRaw(key, 9, key.length - 9);
          if (record === 0 || !db.hasExpiringFields(record)) forget(key);
        }
      }
    } finally {
      scan.close();
    }
  }
}
