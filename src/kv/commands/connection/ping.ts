/** PING, ECHO, SELECT, QUIT. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { wrongArity } from '../../errors.ts';
import { databaseAt } from '../shared/database-number.ts';

function ping(call: Call): void {
  const { args, reply, session } = call;
  if (call.count > 2) throw wrongArity('ping');
  const subscribed = session.subscriptions !== undefined && session.subscriptions.count > 0;
  if (subscribed && session.protocol === 2) {
    reply.array(2);
    reply.bulkText('pong');
    if (call.count === 2) reply.bulk(args.buf, args.start(1), args.end(1));
    else reply.bulkText('');
  } else if (call.count === 2) reply.bulk(args.buf, args.start(1), args.end(1));
  else reply.simple('PONG');
}

function echo(call: Call): void {
  const { args, reply } = call;
  reply.bulk(args.buf, args.start(1), args.end(1));
}

function select(call: Call): void {
  call.session.db = databaseAt(call, 1);
  call.reply.ok();
}

function quit(call: Call): void {
  call.session.closing = true;
  call.reply.ok();
}

export const pingCommands: readonly CommandSpec[] = [
  {
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    acl: ['connection'],
    group: 'connection',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Answers PONG, or with the given message.',
    syntax: '[message]',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    run: ping,
  },
  {
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    acl: ['connection'],
    group: 'connection',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Answers with the given message.',
    syntax: 'message',
    run: echo,
  },
  {
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    acl: ['connection'],
    group: 'connection',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Changes the database of the connection.',
    syntax: 'index',
    run: select,
  },
  {
    name: 'quit',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    acl: ['connection'],
    group: 'connection',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Closes the connection.',
    syntax: '',
    run: quit,
  },
];
