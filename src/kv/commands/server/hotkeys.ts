/** HOTKEYS: which keys are used most, and which take most memory. A command of Plinth's own. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { TYPE_NAMES } from '../../keyspace/index.ts';
import { helpSubcommand, replyHelp } from '../shared/help.ts';

const COUNT_DEFAULT = 10;
const COUNT_MAX = 100;
const WALKING = new ReplyError('ERR a walk for big keys is already under way');
const BAD_COUNT = new ReplyError(`ERR COUNT must be between 1 and ${COUNT_MAX}`);

function countAt(call: Call, index: number): number {
  if (call.count === index) return COUNT_DEFAULT;
  if (call.count !== index + 2 || call.args.keyword(index) !== 'COUNT') throw SYNTAX_ERROR;
  return call.intBetween(index + 1, 1, COUNT_MAX, BAD_COUNT);
}

/** An array of maps: db, key, uses (estimated), error (how much that may be too high). */
function get(call: Call): void {
  const { engine, reply } = call;
  const keys = engine.hotKeys.top(countAt(call, 2));
  reply.array(keys.length);
  for (const { database, key, uses, error } of keys) {
    reply.map(4);
    reply.bulkText('db');
    reply.integer(database);
    reply.bulkText('key');
    reply.bulk(key);
    reply.bulkText('uses');
    reply.integer(uses);
    reply.bulkText('error');
    reply.integer(error);
  }
}

function reset(call: Call): void {
  call.engine.hotKeys.reset();
  call.reply.ok();
}

function scan(call: Call): void {
  if (!call.engine.bigKeys.start()) throw WALKING;
  call.reply.ok();
}

/** A map: state, when the last walk ended (0: never), keys seen, and the keys with their bytes. */
function big(call: Call): void {
  const { reply } = call;
  const { bigKeys } = call.engine;
  const keys = bigKeys.top(countAt(call, 2));
  reply.map(4);
  reply.bulkText('state');
  reply.bulkText(bigKeys.walking ? 'walking' : 'idle');
  reply.bulkText('ended');
  reply.integer(Math.floor(bigKeys.doneMs / 1000));
  reply.bulkText('seen');
  reply.integer(bigKeys.seen);
  reply.bulkText('keys');
  reply.array(keys.length);
  for (const { database, key, type, bytes } of keys) {
    reply.map(4);
    reply.bulkText('db');
    reply.integer(database);
    reply.bulkText('key');
    reply.bulk(key);
    reply.bulkText('type');
    reply.bulkText(TYPE_NAMES[type] ?? 'unknown');
    reply.bulkText('bytes');
    reply.integer(bytes);
  }
}

function help(call: Call): void {
  replyHelp(call, [
    [
      'GET [COUNT <count>]',
      'Return the keys used most lately, by one sample out of about 64 commands.',
    ],
    ['RESET', 'Forget the uses counted so far.'],
    ['SCAN', 'Start a walk over all keys in the background for the biggest.'],
    ['BIG [COUNT <count>]', 'Return the biggest keys that the last walk found.'],
  ]);
}

const common = {
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  since: '7.2.0',
} as const;
const tips = ['nondeterministic_output', 'request_policy:all_nodes'];
const SIZE = 'O(N) with N keys returned';

export const hotkeysCommands: readonly CommandSpec[] = [
  {
    ...common,
    name: 'hotkeys',
    arity: -2,
    flags: [],
    acl: [],
    complexity: 'Depends on the subcommand',
    summary: 'Commands about the keys used most and the biggest.',
    syntax: '',
    subcommands: [
      {
        ...common,
        name: 'get',
        arity: -2,
        complexity: SIZE,
        summary: 'Returns the keys used most lately.',
        syntax: '[COUNT count]',
        tips,
        run: get,
      },
      {
        ...common,
        name: 'reset',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Forgets the uses counted so far.',
        syntax: '',
        run: reset,
      },
      {
        ...common,
        name: 'scan',
        arity: 2,
        complexity: 'O(1); the walk itself O(N) with N keys',
        summary: 'Starts a walk for the biggest keys.',
        syntax: '',
        run: scan,
      },
      {
        ...common,
        name: 'big',
        arity: -2,
        complexity: SIZE,
        summary: 'Returns the biggest keys of the last walk.',
        syntax: '[COUNT count]',
        tips,
        run: big,
      },
      helpSubcommand({ ...common, run: help }),
    ],
  },
];
