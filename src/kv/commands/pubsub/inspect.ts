/** PUBSUB: who listens to what. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { replyHelp, wrongUse } from '../shared/help.ts';

type Space = 'channels' | 'shards';

function names(space: Space): (call: Call) => void {
  return (call) => {
    const { engine, reply, args } = call;
    if (call.count > 3) throw wrongUse(call);
    const pattern = call.count > 2 ? args.bytes(2) : undefined;
    const mark = reply.deferred();
    let count = 0;
    for (const name of engine.pubsub.names(space, pattern)) {
      reply.bulkText(name);
      count++;
    }
    reply.endDeferred(mark, 'array', count);
  };
}

function counts(space: Space): (call: Call) => void {
  return (call) => {
    const { engine, reply, args } = call;
    reply.array((call.count - 2) * 2);
    for (let i = 2; i < call.count; i++) {
      reply.bulk(args.buf, args.start(i), args.end(i));
      reply.integer(engine.pubsub.listeners(space, args.text(i)));
    }
  };
}

function patterns(call: Call): void {
  call.reply.integer(call.engine.pubsub.patternCount);
}

function help(call: Call): void {
  replyHelp(call, [
    [
      'CHANNELS [<pattern>]',
      "Return the currently active channels matching a <pattern> (default: '*').",
    ],
    ['NUMPAT', 'Return number of subscriptions to patterns.'],
    ['NUMSUB [<channel> ...]', 'Return the number of subscribers for the specified channels.'],
    [
      'SHARDCHANNELS [<pattern>]',
      "Return the currently active shard channels matching a <pattern> (default: '*').",
    ],
    [
      'SHARDNUMSUB [<shardchannel> ...]',
      'Return the number of subscribers for the specified shard channels.',
    ],
  ]);
}

const flags = ['pubsub', 'loading', 'stale'] as const;
const base = { flags, acl: ['pubsub'], group: 'pubsub', since: '2.8.0' } as const;

export const inspectCommands: readonly CommandSpec[] = [
  {
    ...base,
    name: 'pubsub',
    arity: -2,
    flags: [],
    acl: [],
    complexity: 'depends on the subcommand',
    summary: 'Tells who listens to what.',
    syntax: '',
    subcommands: [
      {
        ...base,
        name: 'channels',
        arity: -2,
        complexity: 'O(N) with N channels',
        summary: 'Names the channels that somebody listens to.',
        syntax: '[pattern]',
        run: names('channels'),
      },
      {
        ...base,
        name: 'numsub',
        arity: -2,
        complexity: 'O(N) with N named channels',
        summary: 'Counts the listeners of channels.',
        syntax: '[channel [channel ...]]',
        run: counts('channels'),
      },
      {
        ...base,
        name: 'numpat',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Counts the patterns that somebody listens by.',
        syntax: '',
        run: patterns,
      },
      {
        ...base,
        name: 'shardchannels',
        arity: -2,
        since: '7.0.0',
        complexity: 'O(N) with N shard channels',
        summary: 'Names the shard channels that somebody listens to.',
        syntax: '[pattern]',
        run: names('shards'),
      },
      {
        ...base,
        name: 'shardnumsub',
        arity: -2,
        since: '7.0.0',
        complexity: 'O(N) with N named shard channels',
        summary: 'Counts the listeners of shard channels.',
        syntax: '[shardchannel [shardchannel ...]]',
        run: counts('shards'),
      },
      {
        ...base,
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        acl: [],
        since: '6.2.0',
        complexity: 'O(1)',
        summary: 'Lists the subcommands.',
        syntax: '',
        run: help,
      },
    ],
  },
];
