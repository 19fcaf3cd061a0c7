/** PUBLISH and SPUBLISH. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';

function publish(call: Call): void {
  const { args, engine, reply } = call;
  // Views are enough: frames are copies.
  reply.integer(engine.pubsub.publish(args.bytes(1), args.bytes(2)));
}

function publishShard(call: Call): void {
  const { args, engine, reply } = call;
  reply.integer(engine.pubsub.publishShard(args.bytes(1), args.bytes(2)));
}

const flags = ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'] as const;

export const publishCommands: readonly CommandSpec[] = [
  {
    name: 'publish',
    arity: 3,
    flags,
    channels: { first: 1, all: false },
    acl: ['pubsub'],
    group: 'pubsub',
    since: '2.0.0',
    complexity: 'O(N+M) with N listeners of the channel and M patterns',
    summary: 'Sends a message to a channel.',
    syntax: 'channel message',
    run: publish,
  },
  {
    name: 'spublish',
    arity: 3,
    flags,
    keys: [{ access: 'RO', begin: 1, find: { last: 0, step: 1 }, notKey: true }],
    channels: { first: 1, all: false },
    acl: ['pubsub'],
    group: 'pubsub',
    since: '7.0.0',
    complexity: 'O(N) with N listeners',
    summary: 'Sends a message to a shard channel.',
    syntax: 'shardchannel message',
    run: publishShard,
  },
];
