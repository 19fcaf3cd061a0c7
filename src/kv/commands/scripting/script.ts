/** SCRIPT and its subcommands. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { replyHelp } from '../shared/help.ts';

function load(call: Call): void {
  call.reply.bulkText(call.engine.scripting.load(call.args.ownCopy(2), true).sha);
}

function exists(call: Call): void {
  const { cache } = call.engine.scripting;
  call.reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    call.reply.integer(cache.has(call.args.text(i).toLowerCase()) ? 1 : 0);
  }
}

function flush(call: Call): void {
  if (!isFlushMode(call)) throw new ReplyError('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
  call.engine.scripting.flushScripts();
  call.reply.ok();
}

/** Whether nothing or `SYNC` or `ASYNC` follows; both are the same here. */
export function isFlushMode(call: Call): boolean {
  if (call.count === 2) return true;
  return call.count === 3 && ['SYNC', 'ASYNC'].includes(call.args.keyword(2));
}

/** SCRIPT KILL and FUNCTION KILL; only a slow script lets them through. */
export function kill(call: Call, kind: 'eval' | 'function'): void {
  const refusal = call.engine.scripting.kill(kind);
  if (refusal !== undefined) throw refusal;
  call.reply.ok();
}

function debug(call: Call): void {
  switch (call.args.keyword(2)) {
    case 'NO':
      call.reply.ok();
      return;
    case 'YES':
    case 'SYNC':
      throw new ReplyError('ERR The script debugger is not available');
    default:
      throw new ReplyError('ERR Use SCRIPT DEBUG YES/SYNC/NO');
  }
}

function help(call: Call): void {
  replyHelp(call, [
    ['DEBUG (YES|SYNC|NO)', 'Set the debug mode for subsequent scripts executed.'],
    [
      'EXISTS <sha1> [<sha1> ...]',
      'Return information about the existence of the scripts in the script cache.',
    ],
    [
      'FLUSH [ASYNC|SYNC]',
      'Flush the Lua scripts cache. Very dangerous on replicas.',
      'When called without the optional mode argument, the behavior is determined by the',
      'lazyfree-lazy-user-flush configuration directive. Valid modes are:',
      '* ASYNC: Asynchronously flush the scripts cache.',
      '* SYNC: Synchronously flush the scripts cache.',
    ],
    ['KILL', 'Kill the currently executing Lua script.'],
    ['LOAD <script>', 'Load a script into the scripts cache without executing it.'],
  ]);
}

const common = { acl: ['scripting'], group: 'scripting', complexity: 'O(1)' } as const;
const onAllNodes = { tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'] } as const;

export const scriptCommand: CommandSpec = {
  ...common,
  name: 'script',
  arity: -2,
  flags: [],
  acl: [],
  since: '2.6.0',
  complexity: 'that of the subcommand',
  summary: 'Manages the cache of scripts.',
  syntax: '',
  subcommands: [
    {
      ...common,
      name: 'debug',
      arity: 3,
      flags: ['noscript'],
      since: '3.2.0',
      summary: 'Chooses how scripts are debugged; there is no debugger.',
      syntax: 'YES | SYNC | NO',
      run: debug,
    },
    {
      ...common,
      name: 'exists',
      arity: -3,
      flags: ['noscript'],
      since: '2.6.0',
      complexity: 'O(N) with N digests',
      summary: 'Tells which scripts are in the cache.',
      syntax: 'sha1 [sha1 ...]',
      tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
      run: exists,
    },
    {
      ...common,
      ...onAllNodes,
      name: 'flush',
      arity: -2,
      flags: ['noscript'],
      since: '2.6.0',
      complexity: 'O(N) with N scripts',
      summary: 'Forgets all scripts.',
      syntax: '[ASYNC | SYNC]',
      run: flush,
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      since: '5.0.0',
      summary: 'Lists the subcommands.',
      syntax: '',
      run: help,
    },
    {
      ...common,
      name: 'kill',
      arity: 2,
      flags: ['noscript', 'allow_busy'],
      since: '2.6.0',
      summary: 'Ends the script that runs, unless it has written.',
      syntax: '',
      tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
      run: (call) => kill(call, 'eval'),
    },
    {
      ...common,
      ...onAllNodes,
      name: 'load',
      arity: 3,
      flags: ['noscript', 'stale'],
      since: '2.6.0',
      complexity: 'O(N) with N bytes of script',
      summary: 'Puts a script into the cache and gives its SHA-1.',
      syntax: 'script',
      run: load,
    },
  ],
};
