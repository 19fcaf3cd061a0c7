/**
 * Client-side caching: who has to be told when a key changes
 * (https://redis.io/docs/latest/develop/reference/client-side-caching/).
 *
 * Two ways. Default: the keys that a client has read are remembered, at most `tracking-table-max-keys`
 * of all clients; a key that changes, or has to be forgotten to stay below that, is told once.
 * Broadcast: nothing is remembered; changed keys are collected by prefix and told once a turn.
 */
import type { Args } from '../../core/wire/index.ts';
import { commandKeys, mayHaveKeys } from '../command/keys.ts';
import type { Command } from '../command/table.ts';
import type { Engine } from '../engine/engine.ts';
import type { Session } from '../session/session.ts';
import { invalidation, redirectBroken } from './messages.ts';
import { Tracking, type TrackingOptions } from './tracking.ts';

interface Prefix {
  readonly sessions: Set<Session>;
  /** Keys changed in this turn and who changed them last. */
  readonly changed: Map<string, Session | undefined>;
}

export class TrackingTable {
  /** Whether any client tracks keys. */
  active = false;
  private readonly engine: Engine;
  private readonly sessions = new Set<Session>();
  /** Ids of the sessions that have read a key; most have one. Sessions that are gone stay until then. */
  private readonly readers = new Map<string, number | Set<number>>();
  private readonly prefixes = new Map<string, Prefix>();
  private items = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Tracking clients (INFO tracking_clients). */
  get clientCount(): number {
    return this.sessions.size;
  }

  /** Keys remembered, pairs of key and client, prefixes: the counts of INFO. */
  get keyCount(): number {
    return this.readers.size;
  }

  get itemCount(): number {
    return this.items;
  }

  get prefixCount(): number {
    return this.prefixes.size;
  }

  /** Switches tracking on, or changes how; the caller has checked what does not go together. */
  enable(session: Session, options: TrackingOptions, prefixes: readonly Buffer[]): void {
    const tracking = session.tracking ?? new Tracking(options);
    tracking.options = options;
    tracking.redirectBroken = false;
    session.tracking = tracking;
    this.sessions.add(session);
    this.active = true;
    if (!options.broadcast) return;
    const names = prefixes.length === 0 ? [''] : prefixes.map((name) => name.toString('latin1'));
    for (const name of names) {
      tracking.prefixes.add(name);
      const prefix = this.prefixes.get(name);
      if (prefix === undefined) {
        this.prefixes.set(name, { sessions: new Set([session]), changed: new Map() });
      } else prefix.sessions.add(session);
    }
  }

  /** A session ends or tracks no longer. */
  forget(session: Session): void {
    const { tracking } = session;
    if (tracking === undefined) return;
    session.tracking = undefined;
    this.sessions.delete(session);
    for (const name of tracking.prefixes) {
      const prefix = this.prefixes.get(name);
      if (prefix === undefined) continue;
      prefix.sessions.delete(session);
      if (prefix.sessions.size === 0) this.prefixes.delete(name);
    }
    this.active = this.sessions.size > 0;
    if (this.active) return;
    this.readers.clear();
    this.items = 0;
  }

  /** A tracking client has read the keys of a command. */
  noteRead(session: Session, command: Command, args: Args): void {
    if (session.tracking?.remembers !== true || !mayHaveKeys(command.spec)) return;
    for (const use of commandKeys(command.spec, args) ?? []) {
      this.remember(args.text(use.index), session.id);
    }
    const keysMax = this.engine.settings.trackingTableMaxKeys;
    if (keysMax > 0) while (this.readers.size > keysMax) this.forgetOldest();
  }

  private remember(key: string, id: number): void {
    const known = this.readers.get(key);
    if (known === undefined) this.readers.set(key, id);
    else if (typeof known !== 'number') {
      if (known.has(id)) return;
      known.add(id);
    } else if (known !== id) this.readers.set(key, new Set([known, id]));
    else return;
    this.items++;
  }

  private forgetOldest(): void {
    for (const key of this.readers.keys()) {
      this.tellReaders(key);
      return;
    }
  }

  /** A key has changed. */
  invalidate(buf: Buffer, start: number, length: number): void {
    const key = buf.toString('latin1', start, start + length);
    for (const [name, prefix] of this.prefixes) {
      if (key.startsWith(name)) prefix.changed.set(key, this.engine.executor.acting);
    }
    if (this.readers.size > 0) this.tellReaders(key);
  }

  private tellReaders(key: string): void {
    const readers = this.readers.get(key);
    if (readers === undefined) return;
    this.readers.delete(key);
    const ids = typeof readers === 'number' ? [readers] : readers;
    this.items -= typeof readers === 'number' ? 1 : readers.size;
    for (const id of ids) {
      const session = this.engine.sessions.get(id);
      const options = session?.tracking?.options;
      if (session === undefined || options === undefined || options.broadcast) continue;
      if (options.noLoop && session === this.engine.executor.acting) continue;
      this.send(session, [key]);
    }
  }

  /** Databases were emptied or exchanged: whatever a client has kept may be wrong. */
  invalidateAll(): void {
    if (!this.active) return;
    for (const session of this.sessions) this.send(session, undefined);
    this.readers.clear();
    this.items = 0;
  }

  /** At the end of a turn: tells the clients in broadcast mode what has changed. */
  broadcast(): void {
    for (const prefix of this.prefixes.values()) {
      if (prefix.changed.size === 0) continue;
      const all = [...prefix.changed.keys()];
      for (const session of prefix.sessions) {
        if (session.tracking?.options.noLoop !== true) this.send(session, all);
        else {
          const others = all.filter((key) => prefix.changed.get(key) !== session);
          if (others.length > 0) this.send(session, others);
        }
      }
      prefix.changed.clear();
    }
  }

  /** Sends keys, or that all keys are concerned, to a client or to where it redirects. */
  private send(session: Session, keys: readonly string[] | undefined): void {
    const { outlet, sessions } = this.engine;
    const tracking = session.tracking!;
    const { redirect } = tracking.options;
    let receiver = session;
    if (redirect !== 0) {
      const other = sessions.get(redirect);
      if (other === undefined) {
        tracking.redirectBroken = true;
        if (session.protocol === 3) outlet.push(session, redirectBroken(redirect));
        return;
      }
      receiver = other;
    }
    if (receiver.protocol === 3) outlet.push(receiver, invalidation(keys, 3));
    else if (redirect !== 0 && receiver.subscriptions !== undefined) {
      outlet.push(receiver, invalidation(keys, 2));
    }
    // RESP2 has no out-of-band messages: without a redirection there is nobody to tell.
  }
}
