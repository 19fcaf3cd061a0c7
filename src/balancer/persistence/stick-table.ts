/**
 * Which server a key is bound to: a client's address, a header's value, an application's session.
 *
 * Bounded: at `entriesMax` the entry used longest ago goes, and its session is placed anew. An entry that
 * was not used for `idleMs` counts as gone. Keys longer than KEY_LENGTH_MAX are not kept: they would be
 * placed anew each time. Invariant: at most `entriesMax` entries, in the order of their last use.
 */
import { invariant } from '../../core/base/index.ts';
import type { Server } from '../servers/server.ts';

export const KEY_LENGTH_MAX = 256;

interface Entry {
  server: Server;
  usedMs: number;
}

export class StickTable {
  /** Entries that went for want of room, for a metric. */
  evicted = 0;
  private readonly entries = new Map<string, Entry>();
  private readonly entriesMax: number;
  private readonly idleMs: number;

  constructor(options: { entriesMax: number; idleMs: number }) {
    invariant(
      options.entriesMax > 0 && options.idleMs > 0,
      'a stick table keeps something for a time',
    );
    this.entriesMax = options.entriesMax;
    this.idleMs = options.idleMs;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The server of this key, which counts as a use; undefined when there is none. */
  find(key: string, nowMs: number): Server | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (nowMs - entry.usedMs > this.idleMs) return undefined;
    entry.usedMs = nowMs;
    this.entries.set(key, entry);
    return entry.server;
  }

  /** Binds a key, or binds it anew. */
  bind(key: string, server: Server, nowMs: number): void {
    if (key.length === 0 || key.length > KEY_LENGTH_MAX) return;
    this.entries.delete(key);
    if (this.entries.size >= this.entriesMax) {
      const oldest = this.entries.keys().next();
      if (oldest.done !== true) this.entries.delete(oldest.value);
      this.evicted++;
    }
    this.entries.set(key, { server, usedMs: nowMs });
  }

  /** Drops what was not used for too long, at most `most` entries at a time. Returns how many. */
  sweep(nowMs: number, most: number): number {
    let dropped = 0;
    for (const [key, entry] of this.entries) {
      if (dropped === most || nowMs - entry.usedMs <= this.idleMs) break;
      this.entries.delete(key);
      dropped++;
    }
    return dropped;
  }

  /** Drops all that is bound to a server that has left. Returns how many. */
  forget(server: Server): number {
    let dropped = 0;
    for (const [key, entry] of this.entries) {
      if (entry.server !== server) continue;
      this.entries.delete(key);
      dropped++;
    }
    return dropped;
  }
}
