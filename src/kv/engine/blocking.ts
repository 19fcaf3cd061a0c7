/**
 * Clients that wait for keys (BLPOP, XREAD BLOCK, ...) and for WAIT.
 *
 * A waiting client keeps a copy of its command. When one of its keys changes, the command runs again
 * after the change that woke it is complete; if it still has to wait it keeps its place in the queue.
 * Clients are served in the order in which they began to wait.
 */
import type { RespWriter } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import type { Database } from '../keyspace/index.ts';
import type { Session } from '../session/session.ts';

/** Why a waiting client goes on. */
export type Unblock = 'timeout' | 'error' | 'served';

export interface Blocked {
  readonly session: Session;
  readonly command: Command;
  readonly args: readonly (Buffer | string)[];
  readonly db: Database;
  /** Keys waited for, as the table below names them. */
  readonly keys: readonly string[];
  /** Monotonic ms; Infinity for ever. */
  readonly deadlineMs: number;
  readonly onTimeout: (reply: RespWriter) => void;
}

function keyName(db: Database, buf: Buffer, start: number, end: number): string {
  return `${db.index}:${buf.toString('latin1', start, end)}`;
}

export class BlockedClients {
  /** Waiting clients by key, in order of arrival. */
  private readonly waiting = new Map<string, Set<Blocked>>();
  private readonly all = new Set<Blocked>();
  /** Keys that changed since the last `takeReady`. */
  private readonly ready = new Set<string>();

  get count(): number {
    return this.all.size;
  }

  get keyCount(): number {
    return this.waiting.size;
  }

  get hasReady(): boolean {
    return this.ready.size > 0;
  }

  add(blocked: Blocked): void {
    this.all.add(blocked);
    for (const key of blocked.keys) {
      let queue = this.waiting.get(key);
      if (queue === undefined) {
        queue = new Set();
        this.waiting.set(key, queue);
      }
      queue.add(blocked);
    }
  }

  remove(blocked: Blocked): void {
    this.all.delete(blocked);
    for (const key of blocked.keys) {
      const queue = this.waiting.get(key);
      if (queue === undefined) continue;
      queue.delete(blocked);
      if (queue.size === 0) this.waiting.delete(key);
    }
  }

  static keyOf(db: Database, key: Buffer): string {
    return keyName(db, key, 0, key.length);
  }

  /** A key has changed; cheap when nobody waits. */
  touched(db: Database, buf: Buffer, start: number, length: number): void {
    if (this.waiting.size === 0) return;
    const key = keyName(db, buf, start, start + length);
    if (this.waiting.has(key)) this.ready.add(key);
  }

  /** After SWAPDB or FLUSHALL any waiting client of these databases may go on. */
  touchedDatabase(index: number): void {
    const prefix = `${index}:`;
    for (const key of this.waiting.keys()) if (key.startsWith(prefix)) this.ready.add(key);
  }

  /** The clients to try again, in order; forgets the ready keys. */
  takeReady(): Blocked[] {
    const list: Blocked[] = [];
    const seen = new Set<Blocked>();
    for (const key of this.ready) {
      for (const blocked of this.waiting.get(key) ?? []) {
        if (seen.has(blocked)) continue;
        seen.add(blocked);
        list.push(blocked);
      }
    }
    this.ready.clear();
    return list;
  }

  /** Clients whose time is over. */
  takeDue(nowMs: number): Blocked[] {
    const due: Blocked[] = [];
    for (const blocked of this.all) if (blocked.deadlineMs <= nowMs) due.push(blocked);
    return due;
  }

  /** The earliest deadline, Infinity for none. */
  nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const blocked of this.all) if (blocked.deadlineMs < next) next = blocked.deadlineMs;
    return next;
  }
}
