/**
 * Keys that a replay overwrote or deleted without a look at what the engine has of them: to read each of
 * them first would make a start as long as its log has random reads.
 *
 * Such a key counts as gone, so nothing finds its old entry any more. What is left open is small: whether
 * there was one (the number of keys), when it expired and where its elements are (for the next flush).
 * That is looked up behind the start in slices, in the state of the last mark, or at once by whoever can
 * not do without (`resolveAll`); no flush begins before.
 */
import { type Lookup, type Lsm, LsmError, type Snapshot } from '../../core/store/index.ts';
import type { Args } from '../../core/wire/index.ts';
import type { Engine } from '../engine/engine.ts';
import { type Database, type Name, Names } from '../keyspace/index.ts';
import { EntryError, EntryReader } from './entry.ts';
import { KeyWriter } from './keys.ts';

const SLICE_MS = 1;
/** Steps of a walk over names between two looks at the clock. */
const LOOK_EVERY = 16;

export class Overwritten {
  private readonly engine: Engine;
  private readonly store: Lsm;
  private snapshot: Snapshot | undefined;
  /** Keys to look up, by content. */
  private readonly names = new Map<number, Names>();
  private cursor = 0;
  private readonly keys = new KeyWriter();
  private readonly entry = new EntryReader();
  private readonly found: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };

  /** Takes over the snapshot, which shows the state of the last mark. */
  constructor(engine: Engine, store: Lsm, snapshot: Snapshot) {
    this.engine = engine;
    this.store = store;
    this.snapshot = snapshot;
  }

  /** An effect is about to be applied: of the keys that it replaces as a whole nothing has to be read. */
  note(db: Database | undefined, args: Args): void {
    if (db === undefined || db.cold === 0) return;
    switch (this.engine.commands.find(args)?.spec.name) {
      case 'set': {
        // All others need to know what there was, if only its expiry.
        const replaces = args.count === 3 || (args.count === 5 && args.keyword(3) === 'PXAT');
        if (replaces) this.add(db, args, 1);
        break;
      }
      case 'mset':
        for (let index = 1; index < args.count; index += 2) this.add(db, args, index);
        break;
      case 'del':
      case 'unlink':
        for (let index = 1; index < args.count; index++) this.add(db, args, index);
        break;
    }
  }

  private add(db: Database, args: Args, index: number): void {
    const { buf } = args;
    const start = args.start(index);
    const length = args.length(index);
    const hash = db.table.hash(buf, start, length);
    if (db.table.find(hash, buf, start, length) !== 0) return;
    if (db.changes.hasGone(hash, buf, start, length)) return;
    let names = this.names.get(db.content);
    if (names === undefined) {
      names = new Names(db.arena);
      this.names.set(db.content, names);
    }
    names.add(hash, buf, start, length, 0);
    db.changes.gone.add(hash, buf, start, length, 0);
  }

  /** Some are not looked up yet. */
  get pending(): boolean {
    return this.names.size > 0;
  }

  /** Looks some up; true while more are left. */
  slice(): boolean {
    const { clock } = this.engine;
    const untilMs = clock.monotonicMs() + SLICE_MS;
    while (this.some()) if (clock.monotonicMs() >= untilMs) return true;
    return false;
  }

  /** Looks all of them up now. */
  resolveAll(): void {
    while (this.some());
  }

  private some(): boolean {
    const next = this.names.entries().next().value;
    if (next === undefined) {
      this.snapshot?.release();
      this.snapshot = undefined;
      return false;
    }
    const [content, names] = next;
    const { databases, large } = this.engine.keyspace;
    // Emptied meanwhile: nobody needs to know.
    const db = databases.find((other) => other.content === content);
    let over = db === undefined;
    for (let steps = 0; steps < LOOK_EVERY && !over; steps++) {
      this.cursor = names.scan(this.cursor, (name) => this.lookUp(db!, name));
      over = this.cursor === 0;
    }
    if (over) {
      this.cursor = 0;
      this.names.delete(content);
      large.bury(names);
    }
    return true;
  }

  private lookUp(db: Database, { hash, buf, start, length }: Name): void {
    const { keys, entry, found } = this;
    keys.key(db.content, hash, buf, start, length);
    try {
      if (!this.store.lookupNow(keys.buf, 0, keys.length, found, this.snapshot)) return;
      if (!entry.open(found.value, found.start, found.length)) {
        throw new EntryError('a stored key is no entry');
      }
    } catch (error) {
      if (!(error instanceof LsmError || error instanceof EntryError)) throw error;
      // There was something, and nobody reads it any more.
      this.engine.log?.warn('a key that was overwritten can not be read', { err: error });
      db.colds.remove(-1);
      return;
    }
    const { expiry } = entry;
    db.colds.remove(expiry);
    if (expiry >= 0) db.changes.untimed.add(hash, buf, start, length, expiry);
    if (!entry.isApart) return;
    const from = entry.valueNumber;
    db.changes.dead.push({ content: db.content, from, to: from + 1 });
  }
}
