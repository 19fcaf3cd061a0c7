/**
 * MULTI and WATCH of one client, and who watches which key.
 *
 *   none --MULTI--> queueing --EXEC/DISCARD--> none
 *                   queueing --bad command--> failed --EXEC/DISCARD--> none (EXECABORT)
 *
 * A watched key that changes marks its watchers dirty; EXEC of a dirty client answers null.
 */
import type { Command } from '../command/table.ts';
import type { Database } from '../keyspace/index.ts';

export type TransactionState = 'none' | 'queueing' | 'failed';

export interface QueuedCommand {
  readonly command: Command;
  readonly args: Buffer[];
}

export class Transaction {
  state: TransactionState = 'none';
  queue: QueuedCommand[] = [];
  /** Bytes of the queued arguments. */
  queuedBytes = 0;
  /** A watched key has changed, or was expired when it was watched and still is there. */
  dirty = false;
  /** Watched keys, as Watchers names them. */
  watched: Set<string> | undefined;

  /** Leaves MULTI; watches are given up by `Watchers.unwatch`. */
  clear(): void {
    this.state = 'none';
    if (this.queue.length > 0) this.queue = [];
    this.queuedBytes = 0;
  }
}

function watchName(databaseIndex: number, buf: Buffer, start: number, end: number): string {
  return `${databaseIndex}:${buf.toString('latin1', start, end)}`;
}

export class Watchers {
  private readonly byKey = new Map<string, Set<Transaction>>();

  get count(): number {
    return this.byKey.size;
  }

  watch(transaction: Transaction, db: Database, key: Buffer): void {
    const name = watchName(db.index, key, 0, key.length);
    transaction.watched ??= new Set();
    if (transaction.watched.has(name)) return;
    transaction.watched.add(name);
    const set = this.byKey.get(name);
    if (set === undefined) this.byKey.set(name, new Set([transaction]));
    else set.add(transaction);
  }

  /** The watched keys of a client, with the number of their database. */
  *keysOf(transaction: Transaction): IterableIterator<[number, Buffer]> {
    for (const name of transaction.watched ?? []) {
      const colon = name.indexOf(':');
      yield [Number(name.slice(0, colon)), Buffer.from(name.slice(colon + 1), 'latin1')];
    }
  }

  unwatch(transaction: Transaction): void {
    transaction.dirty = false;
    if (transaction.watched === undefined) return;
    for (const name of transaction.watched) {
      const set = this.byKey.get(name);
      if (set === undefined) continue;
      set.delete(transaction);
      if (set.size === 0) this.byKey.delete(name);
    }
    transaction.watched = undefined;
  }

  /** A key has changed; cheap when nothing is watched. */
  touched(databaseIndex: number, buf: Buffer, start: number, length: number): void {
    if (this.byKey.size === 0) return;
    const set = this.byKey.get(watchName(databaseIndex, buf, start, start + length));
    if (set !== undefined) for (const transaction of set) transaction.dirty = true;
  }

  /**
   * A database is emptied or swapped: watchers of keys for which `exists` before or after holds are
   * dirty.
   */
  touchedDatabase(databaseIndex: number, changes: (key: Buffer) => boolean): void {
    const prefix = `${databaseIndex}:`;
    for (const [name, set] of this.byKey) {
      if (!name.startsWith(prefix)) continue;
      if (!changes(Buffer.from(name.slice(prefix.length), 'latin1'))) continue;
      for (const transaction of set) transaction.dirty = true;
    }
  }
}
