/** CONFIG: the settings of the store, read and changed while it runs. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, wrongArity } from '../../errors.ts';
import { matchGlob } from '../../glob.ts';
import { helpSubcommand, replyHelp } from '../shared/help.ts';

const NO_FILE = new ReplyError('ERR The server is running without a config file');

/** Names that match any of the patterns, each once, in alphabetical order. */
function get(call: Call): void {
  const { args, engine, reply } = call;
  const patterns: Buffer[] = [];
  for (let i = 2; i < call.count; i++) patterns.push(args.bytes(i));
  const found: [string, string][] = [];
  for (const name of engine.config.names()) {
    const text = Buffer.from(name);
    if (!patterns.some((pattern) => matchGlob(pattern, text, 0, text.length, true))) continue;
    found.push([name, engine.config.get(name) ?? '']);
  }
  reply.map(found.length);
  for (const [name, value] of found) {
    reply.bulkText(name);
    reply.bulk(Buffer.from(value));
  }
}

function set(call: Call): void {
  const { args, engine } = call;
  if (call.count % 2 !== 0) throw wrongArity('config|set');
  const pairs: [string, string][] = [];
  for (let i = 2; i < call.count; i += 2) {
    pairs.push([args.text(i), args.bytes(i + 1).toString()]);
  }
  engine.config.set(pairs);
  call.reply.ok();
}

function resetstat(call: Call): void {
  const { engine } = call;
  engine.stats.reset();
  engine.outlet.sentBytes = 0;
  engine.acl.log.resetCounts();
  for (const command of engine.commands.all) {
    command.latency.reset();
    command.rejected = 0;
    command.failed = 0;
  }
  engine.stats.peakMemoryBytes = engine.keyspace.usedBytes;
  call.reply.ok();
}

/** Changes by CONFIG SET last as long as the process: what shall stay stands in plinth.yaml. */
function rewrite(): void {
  throw NO_FILE;
}

function help(call: Call): void {
  replyHelp(call, [
    ['GET <pattern>', 'Return parameters matching the glob-like <pattern> and their values.'],
    ['SET <directive> <value>', 'Set the configuration <directive> to <value>.'],
    ['RESETSTAT', 'Reset statistics reported by the INFO command.'],
    ['REWRITE', 'Rewrite the configuration file.'],
  ]);
}

const admin = {
  flags: ['admin', 'noscript', 'loading', 'stale'],
  acl: ['admin', 'dangerous'],
  group: 'server',
} as const;

export const configCommands: readonly CommandSpec[] = [
  {
    name: 'config',
    arity: -2,
    flags: [],
    acl: [],
    group: 'server',
    since: '2.0.0',
    complexity: 'Depends on the subcommand',
    summary: 'Commands for the settings of the store.',
    syntax: '',
    subcommands: [
      {
        ...admin,
        name: 'get',
        arity: -3,
        since: '2.0.0',
        complexity: 'O(N) with N settings',
        summary: 'Returns the values of settings.',
        syntax: 'parameter [parameter ...]',
        run: get,
      },
      {
        ...admin,
        name: 'set',
        arity: -4,
        since: '2.0.0',
        complexity: 'O(N) with N settings given',
        summary: 'Changes settings, all of those given or none.',
        syntax: 'parameter value [parameter value ...]',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        run: set,
      },
      {
        ...admin,
        name: 'resetstat',
        arity: 2,
        since: '2.0.0',
        complexity: 'O(1)',
        summary: 'Sets the counters of INFO back to zero.',
        syntax: '',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        run: resetstat,
      },
      {
        ...admin,
        name: 'rewrite',
        arity: 2,
        since: '2.8.0',
        complexity: 'O(1)',
        summary: 'Refused: the configuration file belongs to its author.',
        syntax: '',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        run: rewrite,
      },
      helpSubcommand({ group: 'server', since: '5.0.0', run: help }),
    ],
  },
];
