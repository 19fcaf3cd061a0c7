/** CLIENT UNBLOCK, PAUSE, UNPAUSE, REPLY, NO-EVICT, NO-TOUCH, IMPORT-SOURCE, HELP. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { replyHelp, wrongUse } from '../shared/help.ts';
import { clientRow } from './client-row.ts';

const BAD_REASON = new ReplyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
const BAD_TIMEOUT = new ReplyError('ERR timeout is not an integer or out of range');
const NEGATIVE_TIMEOUT = new ReplyError('ERR timeout is negative');
const BAD_PAUSE_MODE = new ReplyError('ERR CLIENT PAUSE mode must be WRITE or ALL');
const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';

function unblock(call: Call): void {
  const { args, engine, reply } = call;
  let how: 'timeout' | 'error' = 'timeout';
  if (call.count > 4) throw wrongUse(call);
  if (call.count === 4) {
    const word = args.keyword(3);
    if (word === 'ERROR') how = 'error';
    else if (word !== 'TIMEOUT') throw BAD_REASON;
  }
  const session = engine.sessions.get(call.int(2));
  const done = session !== undefined && engine.waiting.unblock(session, how, UNBLOCKED);
  reply.integer(done ? 1 : 0);
}

function pause(call: Call): void {
  const { args, engine } = call;
  let writesOnly = false;
  if (call.count > 4) throw wrongUse(call);
  if (call.count === 4) {
    const word = args.keyword(3);
    if (word === 'WRITE') writesOnly = true;
    else if (word !== 'ALL') throw BAD_PAUSE_MODE;
  }
  const timeoutMs = call.int(2, BAD_TIMEOUT);
  if (timeoutMs < 0) throw NEGATIVE_TIMEOUT;
  engine.pause.start(call.nowMs + timeoutMs, writesOnly, call.nowMs);
  engine.onPaused?.();
  call.reply.ok();
}

function unpause(call: Call): void {
  call.engine.unpause();
  call.reply.ok();
}

function replyMode(call: Call): void {
  const { session } = call;
  switch (call.args.keyword(2)) {
    case 'ON':
      session.replyMode = 'on';
      call.reply.ok();
      return;
    case 'OFF':
      session.replyMode = 'off';
      return;
    case 'SKIP':
      if (session.replyMode !== 'off') session.replyMode = 'skip-next';
      return;
    default:
      throw SYNTAX_ERROR;
  }
}

function onOrOff(call: Call): boolean {
  const word = call.args.keyword(2);
  if (word !== 'ON' && word !== 'OFF') throw SYNTAX_ERROR;
  return word === 'ON';
}

function noEvict(call: Call): void {
  call.session.noEvict = onOrOff(call);
  call.reply.ok();
}

function noTouch(call: Call): void {
  call.session.noTouch = onOrOff(call);
  call.reply.ok();
}

/** As Valkey has it since 8.1, where the setting `import-mode` allows it and only this client sees such keys. */
function importSource(call: Call): void {
  call.engine.sessions.setImportSource(call.session, onOrOff(call));
  call.reply.ok();
}

function help(call: Call): void {
  replyHelp(call, HELP);
}

const HELP: readonly (readonly [string, ...string[]])[] = [
  [
    'CACHING (YES|NO)',
    'Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.',
  ],
  ['GETREDIR', 'Return the client ID we are redirecting to when tracking is enabled.'],
  ['GETNAME', 'Return the name of the current connection.'],
  ['ID', 'Return the ID of the current connection.'],
  ['INFO', 'Return information about the current client connection.'],
  ['KILL <ip:port>', 'Kill connection made from <ip:port>.'],
  [
    'KILL <option> <value> [<option> <value> [...]]',
    'Kill connections. Options are:',
    '* ADDR (<ip:port>|<unixsocket>:0)',
    '  Kill connections made from the specified address',
    '* LADDR (<ip:port>|<unixsocket>:0)',
    '  Kill connections made to specified local address',
    '* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '  Kill connections by type.',
    '* USER <username>',
    '  Kill connections authenticated by <username>.',
    '* SKIPME (YES|NO)',
    '  Skip killing current connection (default: yes).',
    '* ID <clientid>',
    '  Kill the connection with this id.',
    '* MAXAGE <seconds>',
    '  Kill connections that have lasted so long.',
  ],
  [
    'LIST [options ...]',
    'Return information about client connections. Options:',
    '* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '  Return clients of specified type.',
    '* ID <clientid> [<clientid> ...]',
    '  Return clients with these ids.',
  ],
  ['UNPAUSE', 'Stop the current client pause, resuming traffic.'],
  [
    'PAUSE <timeout> [WRITE|ALL]',
    'Suspend all, or just write, clients for <timeout> milliseconds.',
  ],
  ['REPLY (ON|OFF|SKIP)', 'Control the replies sent to the current connection.'],
  ['SETNAME <name>', 'Assign the name <name> to the current connection.'],
  ['SETINFO <option> <value>', 'Set client meta attr: LIB-NAME or LIB-VER.'],
  ['UNBLOCK <clientid> [TIMEOUT|ERROR]', 'Unblock the specified blocked client.'],
  [
    'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]',
    '     [OPTIN] [OPTOUT] [NOLOOP]',
    'Control server assisted client side caching.',
  ],
  ['TRACKINGINFO', 'Report tracking status for the current connection.'],
  ['NO-EVICT (ON|OFF)', 'Protect current client connection from eviction.'],
  ['NO-TOUCH (ON|OFF)', 'Will not touch LRU/LFU stats when this mode is on.'],
  [
    'IMPORT-SOURCE (ON|OFF)',
    'Keys stay when their time is over, until this client removes them, turns this off or goes.',
  ],
];

const adminFlags = ['admin', 'noscript', 'loading', 'stale'] as const;

export const controlRows: readonly CommandSpec[] = [
  clientRow({
    name: 'unblock',
    arity: -3,
    flags: adminFlags,
    since: '5.0.0',
    complexity: 'O(1)',
    summary: 'Ends the wait of a client.',
    syntax: 'client-id [TIMEOUT | ERROR]',
    run: unblock,
  }),
  clientRow({
    name: 'pause',
    arity: -3,
    flags: adminFlags,
    since: '3.0.0',
    summary: 'Lets commands of all clients wait for a while.',
    syntax: 'timeout [WRITE | ALL]',
    run: pause,
  }),
  clientRow({
    name: 'unpause',
    arity: 2,
    flags: adminFlags,
    since: '6.2.0',
    complexity: 'O(N) with N waiting clients',
    summary: 'Ends CLIENT PAUSE.',
    run: unpause,
  }),
  clientRow({
    name: 'reply',
    arity: 3,
    since: '3.2.0',
    summary: 'Says whether commands are answered.',
    syntax: '<ON | OFF | SKIP>',
    run: replyMode,
  }),
  clientRow({
    name: 'no-evict',
    arity: 3,
    flags: adminFlags,
    since: '7.0.0',
    summary: 'Says whether the connection may be ended when clients take too much memory.',
    syntax: '<ON | OFF>',
    run: noEvict,
  }),
  clientRow({
    name: 'no-touch',
    arity: 3,
    since: '7.2.0',
    summary: 'Says whether commands of the connection count as use of their keys.',
    syntax: '<ON | OFF>',
    run: noTouch,
  }),
  clientRow({
    name: 'import-source',
    arity: 3,
    flags: ['admin', 'noscript'],
    acl: ['admin', 'dangerous', 'connection'],
    since: '8.1.0',
    summary: 'Lets keys stay when their time is over, for a client that copies another server.',
    syntax: '<ON | OFF>',
    run: importSource,
  }),
  clientRow({
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '5.0.0',
    summary: 'Lists the subcommands.',
    run: help,
  }),
];
