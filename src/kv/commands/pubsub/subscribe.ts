/** SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites: one message for each channel in reply. */
import type { RespWriter } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import type { SubscriptionKind } from '../../pubsub/index.ts';

function write(call: Call, word: string, name: Buffer | null, kind: SubscriptionKind): void {
  const { subscriptions } = call.session;
  const shards = kind === 'shards';
  const count = (shards ? subscriptions?.shards.size : subscriptions?.globalCount) ?? 0;
  const { reply } = call;
  reply.push(3);
  reply.bulkText(word);
  if (name === null) reply.null();
  else reply.bulk(name);
  reply.integer(count);
}

/** These replies are messages: they are sent also to clients that want no replies. */
function asMessages(call: Call, work: () => void): void {
  const { session, reply, engine } = call;
  const from = reply.pos;
  work();
  if (session.replyMode === 'on') return;
  const messages = takeBack(reply, from);
  engine.outlet.push(session, messages);
}

function takeBack(reply: RespWriter, from: number): Buffer {
  const bytes = Buffer.from(reply.buf.subarray(from, reply.pos));
  reply.pos = from;
  return bytes;
}

function subscriber(word: string, kind: SubscriptionKind): (call: Call) => void {
  return (call) => {
    asMessages(call, () => {
      for (let i = 1; i < call.count; i++) {
        const name = call.args.bytes(i);
        call.engine.pubsub.subscribe(call.session, kind, name);
        write(call, word, name, kind);
      }
    });
  };
}

function unsubscriber(word: string, kind: SubscriptionKind): (call: Call) => void {
  return (call) => {
    const { session, engine } = call;
    asMessages(call, () => {
      if (call.count === 1) {
        const names = [...(session.subscriptions?.[kind] ?? [])];
        for (const name of names) {
          engine.pubsub.unsubscribe(session, kind, name);
          write(call, word, Buffer.from(name, 'latin1'), kind);
        }
        if (names.length === 0) write(call, word, null, kind);
        return;
      }
      for (let i = 1; i < call.count; i++) {
        engine.pubsub.unsubscribe(session, kind, call.args.text(i));
        write(call, word, call.args.bytes(i), kind);
      }
    });
  };
}

const flags = ['pubsub', 'noscript', 'loading', 'stale'] as const;
const shardKeys = [
  { access: 'RO', begin: 1, find: { last: -1, step: 1 }, notKey: true },
] as const satisfies CommandSpec['keys'];

export const subscribeCommands: readonly CommandSpec[] = [
  {
    name: 'subscribe',
    arity: -2,
    flags,
    channels: { first: 1, all: true },
    acl: ['pubsub'],
    group: 'pubsub',
    since: '2.0.0',
    complexity: 'O(N) with N channels',
    summary: 'Listens to channels.',
    syntax: 'channel [channel ...]',
    run: subscriber('subscribe', 'channels'),
  },
  {
    name: 'unsubscribe',
    arity: -1,
    flags,
    acl: ['pubsub'],
    group: 'pubsub',
    since: '2.0.0',
    complexity: 'O(N) with N channels',
    summary: 'Stops listening to channels, or to all of them.',
    syntax: '[channel [channel ...]]',
    run: unsubscriber('unsubscribe', 'channels'),
  },
  {
    name: 'psubscribe',
    arity: -2,
    flags,
    channels: { first: 1, all: true, pattern: true },
    acl: ['pubsub'],
    group: 'pubsub',
    since: '2.0.0',
    complexity: 'O(N) with N patterns',
    summary: 'Listens to all channels that match patterns.',
    syntax: 'pattern [pattern ...]',
    run: subscriber('psubscribe', 'patterns'),
  },
  {
    name: 'punsubscribe',
    arity: -1,
    flags,
    acl: ['pubsub'],
    group: 'pubsub',
    since: '2.0.0',
    complexity: 'O(N) with N patterns',
    summary: 'Stops listening by patterns, or by all of them.',
    syntax: '[pattern [pattern ...]]',
    run: unsubscriber('punsubscribe', 'patterns'),
  },
  {
    name: 'ssubscribe',
    arity: -2,
    flags,
    keys: shardKeys,
    channels: { first: 1, all: true },
    acl: ['pubsub'],
    group: 'pubsub',
    since: '7.0.0',
    complexity: 'O(N) with N shard channels',
    summary: 'Listens to shard channels.',
    syntax: 'shardchannel [shardchannel ...]',
    run: subscriber('ssubscribe', 'shards'),
  },
  {
    name: 'sunsubscribe',
    arity: -1,
    flags,
    keys: shardKeys,
    acl: ['pubsub'],
    group: 'pubsub',
    since: '7.0.0',
    complexity: 'O(N) with N shard channels',
    summary: 'Stops listening to shard channels, or to all of them.',
    syntax: '[shardchannel [shardchannel ...]]',
    run: unsubscriber('sunsubscribe', 'shards'),
  },
];
