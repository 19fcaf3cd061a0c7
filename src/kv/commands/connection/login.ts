/** AUTH, HELLO, RESET: who the client is and which protocol it speaks. */
import type { Call } from '../../command/call.ts';
import { parseInteger } from '../../command/numbers.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { COMPATIBLE_VERSION } from '../../version.ts';
import { checkClientName } from './names.ts';

const WRONG_PASSWORD = new ReplyError(
  'WRONGPASS invalid username-password pair or user is disabled.',
);
const NO_PASSWORD_SET = new ReplyError(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
);
const BAD_VERSION = new ReplyError('ERR Protocol version is not an integer or out of range');
const UNSUPPORTED_VERSION = new ReplyError('NOPROTO unsupported protocol version');
const HELLO_NEEDS_AUTH = new ReplyError(
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
);

function auth(call: Call): void {
  const { args, engine, session } = call;
  if (call.count > 3) throw SYNTAX_ERROR;
  const named = call.count === 3;
  if (!named && engine.acl.defaultUser.noPassword) throw NO_PASSWORD_SET;
  const name = named ? args.text(1) : 'default';
  const password = args.text(named ? 2 : 1);
  if (!engine.acl.authenticate(session, name, password, args.text(0))) throw WRONG_PASSWORD;
  call.reply.ok();
}

interface HelloOptions {
  readonly version: 2 | 3 | undefined;
  login: { name: string; password: string } | undefined;
  clientName: string | undefined;
}

function helloOptions(call: Call): HelloOptions {
  const { args } = call;
  let version: 2 | 3 | undefined;
  if (call.count > 1) {
    const wanted = parseInteger(args.buf, args.start(1), args.end(1));
    if (Number.isNaN(wanted)) throw BAD_VERSION;
    if (wanted !== 2 && wanted !== 3) throw UNSUPPORTED_VERSION;
    version = wanted;
  }
  const options: HelloOptions = { version, login: undefined, clientName: undefined };
  for (let i = 2; i < call.count; i++) {
    const left = call.count - 1 - i;
    const word = args.keyword(i);
    if (word === 'AUTH' && left >= 2) {
      options.login = { name: args.text(i + 1), password: args.text(i + 2) };
      i += 2;
    } else if (word === 'SETNAME' && left >= 1) {
      options.clientName = checkClientName(args.text(i + 1));
      i += 1;
    } else throw new ReplyError(`ERR Syntax error in HELLO option '${args.text(i)}'`);
  }
  return options;
}

function hello(call: Call): void {
  const { engine, session, reply } = call;
  const { version, login, clientName } = helloOptions(call);
  if (login !== undefined) {
    const { name, password } = login;
    const command = call.args.text(0);
    if (!engine.acl.authenticate(session, name, password, command)) throw WRONG_PASSWORD;
  }
  if (!session.authenticated && engine.acl.passwordRequired) throw HELLO_NEEDS_AUTH;
  if (clientName !== undefined) session.name = clientName;
  if (version !== undefined) {
    session.protocol = version;
    reply.protocol = version;
  }
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(COMPATIBLE_VERSION);
  reply.bulkText('proto');
  reply.integer(session.protocol);
  reply.bulkText('id');
  reply.integer(session.id);
  reply.bulkText('mode');
  reply.bulkText('standalone');
  reply.bulkText('role');
  reply.bulkText('master');
  reply.bulkText('modules');
  reply.array(0);
}

/** The connection is as if it were new. */
function reset(call: Call): void {
  const { engine, session, reply } = call;
  session.transaction.clear();
  engine.watchers.unwatch(session.transaction);
  engine.pubsub.forget(session);
  engine.tracking.forget(session);
  if (session.monitor) engine.monitors.remove(session);
  session.db = engine.keyspace.databases[0]!;
  session.protocol = 2;
  reply.protocol = 2;
  session.name = '';
  session.replyMode = 'on';
  session.noEvict = false;
  session.noTouch = false;
  session.user = engine.acl.defaultUser;
  session.authenticated = !engine.acl.passwordRequired;
  reply.simple('RESET');
}

const flags = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'] as const;

export const loginCommands: readonly CommandSpec[] = [
  {
    name: 'auth',
    arity: -2,
    flags,
    acl: ['connection'],
    group: 'connection',
    since: '1.0.0',
    complexity: 'O(N) with N passwords of the user',
    summary: 'Logs in.',
    syntax: '[username] password',
    run: auth,
  },
  {
    name: 'hello',
    arity: -1,
    flags,
    acl: ['connection'],
    group: 'connection',
    since: '6.0.0',
    complexity: 'O(1)',
    summary: 'Chooses the protocol, logs in and names the connection in one step.',
    syntax: '[protover [AUTH username password] [SETNAME clientname]]',
    run: hello,
  },
  {
    name: 'reset',
    arity: 1,
    flags,
    acl: ['connection'],
    group: 'connection',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Makes the connection as if it were new.',
    syntax: '',
    run: reset,
  },
];
