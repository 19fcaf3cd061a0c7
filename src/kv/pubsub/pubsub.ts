/**
 * Publish and subscribe (https://redis.io/docs/latest/develop/interact/pubsub/). Channels and shard
 * channels are two spaces of names; patterns look at channels only.
 *
 * A message is encoded once per protocol and its bytes shared by all receivers, so a fan-out costs a
 * reference a receiver. What a slow receiver may pile up is bounded by its output limit.
 *
 * Benchmark: bench/kv.
 */
import { ownCopy } from '../../core/base/index.ts';
import type { Engine } from '../engine/engine.ts';
import { matchesAll, matchGlob } from '../glob.ts';
import type { Session } from '../session/session.ts';
import { MessageFrame } from './frames.ts';
import { Subscriptions } from './subscriptions.ts';

/** The three kinds of subscription. */
export type SubscriptionKind = 'channels' | 'patterns' | 'shards';

interface PatternListeners {
  readonly pattern: Buffer;
  readonly sessions: Set<Session>;
}

export class PubSub {
  private readonly engine: Engine;
  private readonly channels = new Map<string, Set<Session>>();
  private readonly shards = new Map<string, Set<Session>>();
  private readonly patterns = new Map<string, PatternListeners>();
  /** Clients with any subscription. */
  private readonly clients = new Set<Session>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Whether anybody would get a message of a channel. */
  get listening(): boolean {
    return this.channels.size > 0 || this.patterns.size > 0;
  }

  /** Clients that listen to something (INFO pubsub_clients). */
  get clientCount(): number {
    return this.clients.size;
  }

  get channelCount(): number {
    return this.channels.size;
  }

  get patternCount(): number {
    return this.patterns.size;
  }

  get shardCount(): number {
    return this.shards.size;
  }

  /** Sends a message to all who listen; returns how many that are. */
  publish(channel: Buffer, message: Buffer): number {
    let receivers = 0;
    if (this.channels.size > 0) {
      const listeners = this.channels.get(channel.toString('latin1'));
      if (listeners !== undefined) receivers = this.send('message', [channel, message], listeners);
    }
    for (const { pattern, sessions } of this.patterns.values()) {
      if (!matchesAll(pattern) && !matchGlob(pattern, channel)) continue;
      receivers += this.send('pmessage', [pattern, channel, message], sessions);
    }
    return receivers;
  }

  /** As `publish` for a shard channel. */
  publishShard(channel: Buffer, message: Buffer): number {
    const listeners = this.shards.get(channel.toString('latin1'));
    return listeners === undefined ? 0 : this.send('smessage', [channel, message], listeners);
  }

  private send(kind: string, parts: readonly Buffer[], to: ReadonlySet<Session>): number {
    const frame = new MessageFrame(kind, parts);
    const { outlet } = this.engine;
    for (const session of to) {
      const isBehind = session.output?.isBehind === true;
      outlet.push(session, frame.bytes(session.protocol, isBehind));
    }
    return to.size;
  }

  /** Begins to listen; false when the session did already. */
  subscribe(session: Session, kind: SubscriptionKind, name: Buffer): boolean {
    const key = name.toString('latin1');
    session.subscriptions ??= new Subscriptions();
    const own = session.subscriptions[kind];
    if (own.has(key)) return false;
    own.add(key);
    this.clients.add(session);
    if (kind === 'patterns') {
      const known = this.patterns.get(key);
      if (known !== undefined) known.sessions.add(session);
      else {
        this.patterns.set(key, { pattern: ownCopy(name), sessions: new Set([session]) });
      }
      return true;
    }
    const listeners = this[kind].get(key);
    if (listeners !== undefined) listeners.add(session);
    else this[kind].set(key, new Set([session]));
    return true;
  }

  /** Ends one subscription; false when there was none. */
  unsubscribe(session: Session, kind: SubscriptionKind, key: string): boolean {
    const { subscriptions } = session;
    if (subscriptions === undefined || !subscriptions[kind].delete(key)) return false;
    if (subscriptions.count === 0) {
      session.subscriptions = undefined;
      this.clients.delete(session);
    }
    const table: Map<string, Set<Session> | PatternListeners> = this[kind];
    const entry = table.get(key);
    if (entry === undefined) return true;
    const sessions = entry instanceof Set ? entry : entry.sessions;
    sessions.delete(session);
    if (sessions.size === 0) table.delete(key);
    return true;
  }

  /** A session ends, or is reset: it listens to nothing any more. */
  forget(session: Session): void {
    for (const kind of ['channels', 'patterns', 'shards'] as const) {
      for (const key of [...(session.subscriptions?.[kind] ?? [])]) {
        this.unsubscribe(session, kind, key);
      }
    }
  }

  /** Names of channels that somebody listens to and that match, bytes as latin1. */
  *names(kind: 'channels' | 'shards', pattern?: Buffer): IterableIterator<string> {
    for (const name of this[kind].keys()) {
      const fits =
        pattern === undefined ||
        matchesAll(pattern) ||
        matchGlob(pattern, Buffer.from(name, 'latin1'));
      if (fits) yield name;
    }
  }

  /** How many clients listen to a channel by its name. */
  listeners(kind: 'channels' | 'shards', name: string): number {
    return this[kind].get(name)?.size ?? 0;
  }
}
