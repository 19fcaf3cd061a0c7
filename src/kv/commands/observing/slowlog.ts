/** SLOWLOG: the last commands that took long. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { replyHelp, wrongUse } from '../shared/help.ts';

const BAD_COUNT = new ReplyError('ERR count should be greater than or equal to -1');
const COUNT_DEFAULT = 10;

function get(call: Call): void {
  const { engine, reply } = call;
  const { entries } = engine.slowlog;
  if (call.count > 3) throw wrongUse(call);
  let count = COUNT_DEFAULT;
  if (call.count > 2) {
    count = call.intBetween(2, -1, Number.MAX_SAFE_INTEGER, BAD_COUNT);
    if (count === -1) count = entries.length;
  }
  const shown = entries.slice(0, count);
  reply.array(shown.length);
  for (const entry of shown) {
    reply.array(6);
    reply.integer(entry.id);
    reply.integer(entry.time);
    reply.integer(entry.micros);
    reply.array(entry.args.length);
    for (const arg of entry.args) reply.bulk(arg);
    reply.bulkText(entry.address);
    reply.bulkText(entry.clientName);
  }
}

function length(call: Call): void {
  call.reply.integer(call.engine.slowlog.entries.length);
}

function reset(call: Call): void {
  call.engine.slowlog.reset();
  call.reply.ok();
}

function help(call: Call): void {
  replyHelp(call, [
    ['GET [<count>]', 'Return top <count> entries from the slowlog (default: 10, -1 mean all).'],
    ['LEN', 'Return the length of the slowlog.'],
    ['RESET', 'Reset the slowlog.'],
  ]);
}

const base = {
  flags: ['admin', 'loading', 'stale'],
  acl: [],
  group: 'server',
  since: '2.2.12',
  syntax: '',
} as const;

export const slowlogCommands: readonly CommandSpec[] = [
  {
    ...base,
    name: 'slowlog',
    arity: -2,
    flags: [],
    complexity: 'depends on the subcommand',
    summary: 'Commands about the log of slow commands.',
    subcommands: [
      {
        ...base,
        name: 'get',
        arity: -2,
        complexity: 'O(N) with N entries',
        summary: 'Shows the last slow commands.',
        syntax: '[count]',
        tips: ['request_policy:all_nodes', 'nondeterministic_output'],
        run: get,
      },
      {
        ...base,
        name: 'len',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Counts the slow commands kept.',
        tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
        run: length,
      },
      {
        ...base,
        name: 'reset',
        arity: 2,
        complexity: 'O(N) with N entries',
        summary: 'Forgets the slow commands.',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        run: reset,
      },
      {
        ...base,
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '6.2.0',
        complexity: 'O(1)',
        summary: 'Lists the subcommands.',
        run: help,
      },
    ],
  },
];
