/** FUNCTION and its subcommands, but LIST and STATS. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, untilZero } from '../../errors.ts';
import type { RestorePolicy } from '../../scripting/index.ts';
import { replyHelp } from '../shared/help.ts';
import { list, stats } from './function-list.ts';
import { isFlushMode, kill } from './script.ts';

function load(call: Call): void {
  const { args, engine } = call;
  const last = call.count - 1;
  for (let i = 2; i < last; i++) {
    if (args.keyword(i) !== 'REPLACE') {
      throw new ReplyError(`ERR Unknown option given: ${untilZero(args.text(i))}`);
    }
  }
  const name = engine.scripting.loadFunctions(args.text(last), last > 2, isLimited(call));
  engine.dirty++;
  call.reply.bulkText(name);
}

/** Whether a client asks, and not the log. */
function isLimited(call: Call): boolean {
  return call.session.connection !== undefined;
}

function remove(call: Call): void {
  if (!call.engine.scripting.libraries.remove(call.args.text(2))) {
    throw new ReplyError('ERR Library not found');
  }
  call.engine.dirty++;
  call.reply.ok();
}

function flush(call: Call): void {
  if (!isFlushMode(call)) {
    throw new ReplyError('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
  }
  call.engine.scripting.flushFunctions();
  call.engine.dirty++;
  call.reply.ok();
}

function dump(call: Call): void {
  call.reply.bulk(call.engine.scripting.libraries.dump());
}

const POLICIES: Readonly<Record<string, RestorePolicy>> = {
  APPEND: 'append',
  REPLACE: 'replace',
  FLUSH: 'flush',
};

function restore(call: Call): void {
  const policy = call.count === 3 ? 'append' : POLICIES[call.args.keyword(3)];
  if (policy === undefined || call.count > 4) {
    throw new ReplyError(
      'ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
    );
  }
  call.engine.scripting.restoreFunctions(call.args.bytes(2), policy, isLimited(call));
  call.engine.dirty++;
  call.reply.ok();
}

function help(call: Call): void {
  replyHelp(call, [
    [
      'LOAD [REPLACE] <FUNCTION CODE>',
      'Create a new library with the given library name and code.',
    ],
    ['DELETE <LIBRARY NAME>', 'Delete the given library.'],
    [
      'LIST [LIBRARYNAME PATTERN] [WITHCODE]',
      'Return general information on all the libraries:',
      '* Library name',
      '* The engine used to run the Library',
      '* Library description',
      '* Functions list',
      '* Library code (if WITHCODE is given)',
      'It also possible to get only function that matches a pattern using LIBRARYNAME argument.',
    ],
    [
      'STATS',
      'Return information about the current function running:',
      '* Function name',
      '* Command used to run the function',
      '* Duration in MS that the function is running',
      'If no function is running, return nil',
      'In addition, returns a list of available engines.',
    ],
    ['KILL', 'Kill the current running function.'],
    [
      'FLUSH [ASYNC|SYNC]',
      'Delete all the libraries.',
      'When called without the optional mode argument, the behavior is determined by the',
      'lazyfree-lazy-user-flush configuration directive. Valid modes are:',
      '* ASYNC: Asynchronously flush the libraries.',
      '* SYNC: Synchronously flush the libraries.',
    ],
    [
      'DUMP',
      'Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command',
    ],
    [
      'RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]',
      'Restore the libraries represented by the given payload, it is possible to give a restore policy to',
      'control how to handle existing libraries (default APPEND):',
      '* FLUSH: delete all existing libraries.',
      '* APPEND: appends the restored libraries to the existing libraries. On collision, abort.',
      '* REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old',
      '  libraries with the new libraries (notice that even on this option there is a chance of failure',
      '  in case of functions name collision with another library).',
    ],
  ]);
}

const common = {
  acl: ['scripting'],
  group: 'scripting',
  since: '7.0.0',
  complexity: 'O(1)',
} as const;
const onAllShards = {
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
} as const;

export const functionCommand: CommandSpec = {
  ...common,
  name: 'function',
  arity: -2,
  flags: [],
  acl: [],
  complexity: 'that of the subcommand',
  summary: 'Manages libraries of functions.',
  syntax: '',
  subcommands: [
    {
      ...common,
      ...onAllShards,
      name: 'delete',
      arity: 3,
      flags: ['write', 'noscript'],
      summary: 'Removes a library.',
      syntax: 'library-name',
      run: remove,
    },
    {
      ...common,
      name: 'dump',
      arity: 2,
      flags: ['noscript'],
      complexity: 'O(N) with N libraries',
      summary: 'Gives all libraries as one payload.',
      syntax: '',
      run: dump,
    },
    {
      ...common,
      ...onAllShards,
      name: 'flush',
      arity: -2,
      flags: ['write', 'noscript'],
      complexity: 'O(N) with N libraries',
      summary: 'Removes all libraries.',
      syntax: '[ASYNC | SYNC]',
      run: flush,
    },
    {
      ...common,
      name: 'help',
      arity: 2,
      flags: ['loading', 'stale'],
      summary: 'Lists the subcommands.',
      syntax: '',
      run: help,
    },
    {
      ...common,
      name: 'kill',
      arity: 2,
      flags: ['noscript', 'allow_busy'],
      summary: 'Ends the function that runs, unless it has written.',
      syntax: '',
      tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
      run: (call) => kill(call, 'function'),
    },
    {
      ...common,
      name: 'list',
      arity: -2,
      flags: ['noscript'],
      complexity: 'O(N) with N functions',
      summary: 'Tells of libraries and their functions.',
      syntax: '[LIBRARYNAME library-name-pattern] [WITHCODE]',
      tips: ['nondeterministic_output_order'],
      run: list,
    },
    {
      ...common,
      ...onAllShards,
      name: 'load',
      arity: -3,
      flags: ['write', 'denyoom', 'noscript'],
      summary: 'Loads a library.',
      syntax: '[REPLACE] function-code',
      run: load,
    },
    {
      ...common,
      ...onAllShards,
      name: 'restore',
      arity: -3,
      flags: ['write', 'denyoom', 'noscript'],
      complexity: 'O(N) with N functions of the payload',
      summary: 'Loads all libraries of a payload.',
      syntax: 'serialized-value [FLUSH | APPEND | REPLACE]',
      run: restore,
    },
    {
      ...common,
      name: 'stats',
      arity: 2,
      flags: ['noscript', 'allow_busy'],
      summary: 'Tells of the script that runs and of the engines.',
      syntax: '',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
      run: stats,
    },
  ],
};
