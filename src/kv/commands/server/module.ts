/** MODULE: there are none, and none can be loaded. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { helpSubcommand, replyHelp } from '../shared/help.ts';

const NO_MODULES = new ReplyError('ERR MODULE command not allowed. There are no modules here.');

function refuse(): void {
  throw NO_MODULES;
}

function help(call: Call): void {
  replyHelp(call, [['LIST', 'Return a list of loaded modules.']]);
}

const common = {
  flags: ['admin', 'noscript', 'no_async_loading'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  complexity: 'O(1)',
} as const;
const REFUSED = 'Refused: there are no modules.';

export const moduleCommands: readonly CommandSpec[] = [
  {
    ...common,
    name: 'module',
    arity: -2,
    flags: [],
    acl: [],
    since: '4.0.0',
    summary: 'Commands for modules.',
    syntax: '',
    subcommands: [
      {
        ...common,
        name: 'list',
        arity: 2,
        flags: ['admin', 'noscript'],
        since: '4.0.0',
        summary: 'Returns the loaded modules: none.',
        syntax: '',
        tips: ['nondeterministic_output_order'],
        run: (call) => call.reply.array(0),
      },
      {
        ...common,
        name: 'load',
        arity: -3,
        since: '4.0.0',
        summary: REFUSED,
        syntax: 'path [arg [arg ...]]',
        run: refuse,
      },
      {
        ...common,
        name: 'loadex',
        arity: -3,
        since: '7.0.0',
        summary: REFUSED,
        syntax: 'path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]',
        run: refuse,
      },
      {
        ...common,
        name: 'unload',
        arity: 3,
        since: '4.0.0',
        summary: REFUSED,
        syntax: 'name',
        run: refuse,
      },
      helpSubcommand({ group: 'server', since: '5.0.0', run: help }),
    ],
  },
];
