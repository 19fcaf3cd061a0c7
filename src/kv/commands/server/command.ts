/** COMMAND: the table of commands, told to clients. */
import { Args } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { categoriesOf } from '../../command/categories.ts';
import { keyFlags, replyCommandInfo } from '../../command/describe.ts';
import { replyCommandDocs } from '../../command/docs.ts';
import { commandKeys, type KeyUse, mayHaveKeys } from '../../command/keys.ts';
import type { CommandSpec } from '../../command/spec.ts';
import type { Command } from '../../command/table.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { matchGlob } from '../../glob.ts';
import { replyHelp } from '../shared/help.ts';

const INVALID = new ReplyError('ERR Invalid command specified');
const WRONG_COUNT = new ReplyError('ERR Invalid number of arguments specified for command');
const NO_KEYS = new ReplyError('ERR The command has no key arguments');
const BROKEN = new ReplyError('ERR Invalid arguments specified for command');

function all(call: Call): void {
  const { commands } = call.engine;
  call.reply.array(commands.topCount);
  for (const command of commands.top()) replyCommandInfo(call.reply, command);
}

function count(call: Call): void {
  call.reply.integer(call.engine.commands.topCount);
}

function info(call: Call): void {
  if (call.count === 2) {
    all(call);
    return;
  }
  const { args, engine, reply } = call;
  reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    const command = engine.commands.get(args.text(i).toLowerCase());
    if (command === undefined) reply.null();
    else replyCommandInfo(reply, command);
  }
}

function docs(call: Call): void {
  const { args, engine, reply } = call;
  const { commands } = engine;
  const wanted: Command[] = [];
  if (call.count === 2) wanted.push(...commands.top());
  for (let i = 2; i < call.count; i++) {
    const command = commands.get(args.text(i).toLowerCase());
    if (command !== undefined) wanted.push(command);
  }
  reply.map(wanted.length);
  for (const command of wanted) replyCommandDocs(reply, command);
}

function list(call: Call): void {
  const { engine, reply } = call;
  const fits = filterOf(call);
  const names = engine.commands.all.filter(fits).map((command) => command.fullName);
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

function filterOf(call: Call): (command: Command) => boolean {
  const { args } = call;
  if (call.count === 2) return () => true;
  if (call.count !== 5 || args.keyword(2) !== 'FILTERBY') throw SYNTAX_ERROR;
  switch (args.keyword(3)) {
    case 'MODULE':
      return () => false;
    case 'ACLCAT': {
      const category = args.text(4).toLowerCase();
      return ({ spec, subcommands }) =>
        subcommands.size === 0 && categoriesOf(spec).includes(category);
    }
    case 'PATTERN': {
      const pattern = args.copy(4);
      return ({ fullName }) => {
        const name = Buffer.from(fullName);
        return matchGlob(pattern, name, 0, name.length, true);
      };
    }
    default:
      throw SYNTAX_ERROR;
  }
}

/** The keys of the command that stands behind `COMMAND GETKEYS`. */
function keysOfRest(call: Call): { readonly rest: Args; readonly uses: readonly KeyUse[] } {
  const { commands } = call.engine;
  const rest = new Args().load(call.args.copies(2));
  const found = commands.find(rest);
  const command =
    found === undefined || found.subcommands.size === 0
      ? found
      : (commands.resolve(found, rest) ?? (found.spec.run === undefined ? undefined : found));
  if (command === undefined) throw INVALID;
  if (!mayHaveKeys(command.spec)) throw NO_KEYS;
  if (!command.arityFits(rest.count)) throw WRONG_COUNT;
  const uses = commandKeys(command.spec, rest);
  if (uses !== undefined && uses.length > 0) return { rest, uses };
  if (command.spec.flags.includes('no_mandatory_keys')) return { rest, uses: [] };
  throw BROKEN;
}

function getkeys(call: Call): void {
  const { rest, uses } = keysOfRest(call);
  call.reply.array(uses.length);
  for (const { index } of uses) call.reply.bulk(rest.bytes(index));
}

function getkeysandflags(call: Call): void {
  const { reply } = call;
  const { rest, uses } = keysOfRest(call);
  reply.array(uses.length);
  for (const { index, spec, writes } of uses) {
    const flags = spec === undefined ? [writes ? 'RW' : 'RO', 'access'] : keyFlags(spec);
    reply.array(2);
    reply.bulk(rest.bytes(index));
    reply.set(flags.length);
    for (const flag of flags) reply.simple(flag);
  }
}

function help(call: Call): void {
  const described = [
    'If no command names are given, documentation details for all',
    'commands are returned.',
  ] as const;
  replyHelp(call, [
    ['(no subcommand)', 'Return details about all commands.'],
    ['COUNT', 'Return the total number of commands in this server.'],
    ['LIST', 'Return a list of all commands in this server.'],
    ['INFO [<command-name> ...]', 'Return details about multiple commands.', ...described],
    [
      'DOCS [<command-name> ...]',
      'Return documentation details about multiple commands.',
      ...described,
    ],
    ['GETKEYS <full-command>', 'Return the keys from a full command.'],
    ['GETKEYSANDFLAGS <full-command>', 'Return the keys and the access flags from a full command.'],
  ]);
}

const common = {
  flags: ['loading', 'stale'],
  acl: ['connection'],
  group: 'server',
  since: '2.8.13',
} as const;
const NONE = 'O(N) with N commands';
const tips = ['nondeterministic_output_order'];

export const commandCommands: readonly CommandSpec[] = [
  {
    ...common,
    name: 'command',
    arity: -1,
    complexity: NONE,
    summary: 'Returns what is known of all commands.',
    syntax: '',
    tips,
    run: all,
    subcommands: [
      {
        ...common,
        name: 'count',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Returns the number of commands.',
        syntax: '',
        run: count,
      },
      {
        ...common,
        name: 'info',
        arity: -2,
        complexity: NONE,
        summary: 'Returns what is known of commands.',
        syntax: '[command-name [command-name ...]]',
        tips,
        run: info,
      },
      {
        ...common,
        name: 'docs',
        arity: -2,
        since: '7.0.0',
        complexity: NONE,
        summary: 'Returns the documentation of commands.',
        syntax: '[command-name [command-name ...]]',
        tips,
        run: docs,
      },
      {
        ...common,
        name: 'list',
        arity: -2,
        since: '7.0.0',
        complexity: NONE,
        summary: 'Returns the names of commands.',
        syntax: '[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]',
        tips,
        run: list,
      },
      {
        ...common,
        name: 'getkeys',
        arity: -3,
        complexity: 'O(N) with N arguments',
        summary: 'Returns the keys of a command with its arguments.',
        syntax: 'command [arg [arg ...]]',
        run: getkeys,
      },
      {
        ...common,
        name: 'getkeysandflags',
        arity: -3,
        since: '7.0.0',
        complexity: 'O(N) with N arguments',
        summary: 'Returns the keys of a command with its arguments, and what it does to them.',
        syntax: 'command [arg [arg ...]]',
        run: getkeysandflags,
      },
      {
        ...common,
        name: 'help',
        arity: 2,
        since: '5.0.0',
        complexity: 'O(1)',
        summary: 'Returns help about the subcommands.',
        syntax: '',
        run: help,
      },
    ],
  },
];
