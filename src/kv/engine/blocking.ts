/**
 * Clients that wait for keys (BLPOP, XREAD BLOCK, ...) and for WAIT: who waits for what, and until when.
 *
 * A waiting client keeps a copy of its command. When one of its keys changes, the command runs again
 * after the change that woke it is complete; if it still has to wait it keeps its place in the queue.
 * Clients are served in the order in which they began to wait for a key, and only those who wait for
 * what the key holds: see WaitingClients.
 *
 * Costs: a change of a key that nobody waits for is a look-up; the beginning and the end of a wait are
 * constant for each key, and logarithmic for the deadline.
 */
import type { RespWriter } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import type { Database, Type } from '../keyspace/index.ts';
import type { Session } from '../session/session.ts';
import { DeadlineHeap, type Due } from './deadline-heap.ts';
import { KeyQueue } from './key-queue.ts';

export interface Blocked extends Due {
  readonly session: Session;
  readonly command: Command;
  readonly args: readonly (Buffer | string)[];
  readonly db: Database;
  /** Keys waited for, each once. */
  readonly keys: readonly Buffer[];
  /** What one of the keys has to hold; undefined when it waits for no keys. */
  readonly type: Type | undefined;
  /** A key that holds something else, or nothing, ends the wait too. */
  readonly anyChange: boolean;
  readonly onTimeout: (reply: RespWriter) => void;
}

function keyName(db: Database, buf: Buffer, start: number, end: number): string {
  return `${db.index}:${buf.toString('latin1', start, end)}`;
}

export class BlockedClients {
  private readonly queues = new Map<string, KeyQueue>();
  private readonly all = new Set<Blocked>();
  private readonly deadlines = new DeadlineHeap<Blocked>();
  /** Keys that changed since the last `takeReady`. */
  private readonly ready = new Set<string>();
  /** Keys that changed, but a pause holds those who wait for them. */
  private readonly held = new Set<string>();

  get count(): number {
    return this.all.size;
  }

  get keyCount(): number {
    return this.queues.size;
  }

  get hasReady(): boolean {
    return this.ready.size > 0;
  }

  add(blocked: Blocked): void {
    this.all.add(blocked);
    this.deadlines.add(blocked);
    for (const key of blocked.keys) {
      const name = keyName(blocked.db, key, 0, key.length);
      let queue = this.queues.get(name);
      if (queue === undefined) {
        queue = new KeyQueue(blocked.db, key);
        this.queues.set(name, queue);
      }
      queue.add(blocked);
    }
  }

  remove(blocked: Blocked): void {
    this.all.delete(blocked);
    this.deadlines.remove(blocked);
    for (const key of blocked.keys) {
      const name = keyName(blocked.db, key, 0, key.length);
      const queue = this.queues.get(name);
      if (queue === undefined) continue;
      queue.remove(blocked);
      if (queue.size > 0) continue;
      this.queues.delete(name);
      this.held.delete(name);
    }
  }

  /** A key has changed; cheap when nobody waits. */
  touched(db: Database, buf: Buffer, start: number, length: number): void {
    if (this.queues.size === 0) return;
    const name = keyName(db, buf, start, start + length);
    if (this.queues.has(name)) this.ready.add(name);
  }

  /** After SWAPDB or FLUSHALL any waiting client of these databases may go on. */
  touchedDatabase(index: number): void {
    const prefix = `${index}:`;
    for (const name of this.queues.keys()) if (name.startsWith(prefix)) this.ready.add(name);
  }

  /** The queues of keys that have changed, in the order of the changes; forgets these. */
  takeReady(): KeyQueue[] {
    const list: KeyQueue[] = [];
    for (const name of this.ready) {
      const queue = this.queues.get(name);
      if (queue !== undefined) list.push(queue);
    }
    this.ready.clear();
    return list;
  }

  /** A pause holds clients of a queue whose key has changed. */
  hold({ db, key }: KeyQueue): void {
    this.held.add(keyName(db, key, 0, key.length));
  }

  /** The pause is over: what it held is ready. */
  releaseHeld(): void {
    for (const name of this.held) this.ready.add(name);
    this.held.clear();
  }

  /** One whose time is over at `nowMs`, the earliest first; undefined when nobody's is. */
  firstDue(nowMs: number): Blocked | undefined {
    const { first } = this.deadlines;
    return first !== undefined && first.deadlineMs <= nowMs ? first : undefined;
  }

  /** The earliest deadline, Infinity for none. */
  nextDeadlineMs(): number {
    return this.deadlines.first?.deadlineMs ?? Number.POSITIVE_INFINITY;
  }
}
