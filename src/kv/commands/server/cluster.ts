/**
 * CLUSTER, READONLY, READWRITE, ASKING. This version runs on one node and answers as Redis does with
 * cluster support disabled; only the slot of a key, which needs no cluster, is told.
 */
import type { Call } from '../../command/call.ts';
import type { CommandFlag, CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { slotOf } from '../../slot.ts';
import { replyHelp } from '../shared/help.ts';

const DISABLED = new ReplyError('ERR This instance has cluster support disabled');

function disabled(): void {
  throw DISABLED;
}

function keyslot(call: Call): void {
  const { args } = call;
  call.reply.integer(slotOf(args.buf, args.start(2), args.end(2)));
}

function help(call: Call): void {
  replyHelp(call, [
    ['KEYSLOT <key>', 'Return the hash slot for <key>.'],
    ['...', 'Every other subcommand answers that cluster support is disabled.'],
  ]);
}

const STALE: readonly CommandFlag[] = ['loading', 'stale'];
const ADMIN: readonly CommandFlag[] = ['admin', 'stale', 'no_async_loading'];

/** name, arity, since, flags, syntax */
const SUBCOMMANDS: readonly (readonly [string, number, string, readonly CommandFlag[], string])[] =
  [
    ['addslots', -3, '3.0.0', ADMIN, 'slot [slot ...]'],
    ['addslotsrange', -4, '7.0.0', ADMIN, 'start-slot end-slot [start-slot end-slot ...]'],
    ['bumpepoch', 2, '3.0.0', ADMIN, ''],
    ['count-failure-reports', 3, '3.0.0', ['admin', 'loading', 'stale'], 'node-id'],
    ['countkeysinslot', 3, '3.0.0', ['stale'], 'slot'],
    ['delslots', -3, '3.0.0', ADMIN, 'slot [slot ...]'],
    ['delslotsrange', -4, '7.0.0', ADMIN, 'start-slot end-slot [start-slot end-slot ...]'],
    ['failover', -2, '3.0.0', ADMIN, '[FORCE | TAKEOVER]'],
    ['flushslots', 2, '3.0.0', ADMIN, ''],
    ['forget', 3, '3.0.0', ADMIN, 'node-id'],
    ['getkeysinslot', 4, '3.0.0', ['stale'], 'slot count'],
    ['info', 2, '3.0.0', STALE, ''],
    ['links', 2, '7.0.0', STALE, ''],
    ['meet', -4, '3.0.0', ADMIN, 'ip port [cluster-bus-port]'],
    ['myid', 2, '3.0.0', STALE, ''],
    ['myshardid', 2, '7.2.0', STALE, ''],
    ['nodes', 2, '3.0.0', STALE, ''],
    ['replicas', 3, '5.0.0', ['admin', 'loading', 'stale'], 'node-id'],
    ['replicate', 3, '3.0.0', ADMIN, 'node-id'],
    ['reset', -2, '3.0.0', ['admin', 'noscript', 'stale'], '[HARD | SOFT]'],
    ['saveconfig', 2, '3.0.0', ADMIN, ''],
    ['set-config-epoch', 3, '3.0.0', ADMIN, 'config-epoch'],
    [
      'setslot',
      -4,
      '3.0.0',
      ADMIN,
      'slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>',
    ],
    ['shards', 2, '7.0.0', STALE, ''],
    ['slaves', 3, '3.0.0', ['admin', 'loading', 'stale'], 'node-id'],
    ['slots', 2, '3.0.0', STALE, ''],
  ];

/** Subcommands whose replies vary, in a cluster. */
const VARYING = new Set([
  'bumpepoch',
  'count-failure-reports',
  'getkeysinslot',
  'info',
  'links',
  'nodes',
  'replicas',
  'shards',
  'slaves',
  'slots',
]);

const common = { acl: [], group: 'cluster', complexity: 'O(1)' } as const;
const WITHOUT = 'Refused: cluster support is disabled.';

export const clusterCommands: readonly CommandSpec[] = [
  {
    ...common,
    name: 'cluster',
    arity: -2,
    flags: [],
    since: '3.0.0',
    complexity: 'Depends on the subcommand',
    summary: 'Commands for a cluster of nodes.',
    syntax: '',
    subcommands: [
      ...SUBCOMMANDS.map(([name, arity, since, flags, syntax]) => ({
        ...common,
        name,
        arity,
        since,
        flags,
        syntax,
        summary: WITHOUT,
        ...(VARYING.has(name) && { tips: ['nondeterministic_output'] }),
        run: disabled,
      })),
      {
        ...common,
        name: 'keyslot',
        arity: 3,
        flags: STALE,
        since: '3.0.0',
        complexity: 'O(N) with N bytes of the key',
        summary: 'Returns the slot of a key.',
        syntax: 'key',
        run: keyslot,
      },
      {
        ...common,
        name: 'help',
        arity: 2,
        flags: STALE,
        since: '5.0.0',
        summary: 'Returns help about the subcommands.',
        syntax: '',
        run: help,
      },
    ],
  },
  {
    ...common,
    name: 'readonly',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    acl: ['connection'],
    since: '3.0.0',
    summary: WITHOUT,
    syntax: '',
    run: disabled,
  },
  {
    ...common,
    name: 'readwrite',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    acl: ['connection'],
    since: '3.0.0',
    summary: WITHOUT,
    syntax: '',
    run: disabled,
  },
  {
    ...common,
    name: 'asking',
    arity: 1,
    flags: ['fast'],
    acl: ['connection'],
    since: '3.0.0',
    summary: WITHOUT,
    syntax: '',
    run: disabled,
  },
];
