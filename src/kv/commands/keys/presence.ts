/** DEL, UNLINK, EXISTS, TOUCH, TYPE: is a key there, of what type, and away with it. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { TYPE_NAMES } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { peekKey } from './shared.ts';

/** Large values are always given back in the background, so DEL and UNLINK are the same. */
function del(call: Call): void {
  let removed = 0;
  for (let i = 1; i < call.count; i++) {
    if (!call.removeKey(i)) continue;
    call.changed(i, Notify.generic, 'del');
    removed++;
  }
  call.reply.integer(removed);
}

function exists(call: Call): void {
  let found = 0;
  for (let i = 1; i < call.count; i++) if (peekKey(call, i) !== 0) found++;
  call.reply.integer(found);
}

function touch(call: Call): void {
  let found = 0;
  for (let i = 1; i < call.count; i++) if (call.find(i) !== 0) found++;
  call.reply.integer(found);
}

function type(call: Call): void {
  const record = peekKey(call, 1);
  call.reply.simple(record === 0 ? 'none' : TYPE_NAMES[call.db.typeOf(record)]);
}

const manyKeys = {
  arity: -2,
  acl: ['keyspace'],
  group: 'generic',
  syntax: 'key [key ...]',
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
} as const;

export const presenceCommands: readonly CommandSpec[] = [
  {
    ...manyKeys,
    name: 'del',
    flags: ['write'],
    keys: [keyRange({ access: 'RM', purpose: 'delete', begin: 1, last: -1 })],
    since: '1.0.0',
    complexity: 'O(N) with N keys; large values are freed in the background',
    summary: 'Deletes keys.',
    run: del,
  },
  {
    ...manyKeys,
    name: 'unlink',
    flags: ['write', 'fast'],
    keys: [keyRange({ access: 'RM', purpose: 'delete', begin: 1, last: -1 })],
    since: '4.0.0',
    complexity: 'O(1) for each key; the memory is freed in the background',
    summary: 'Deletes keys without waiting for their memory.',
    run: del,
  },
  {
    ...manyKeys,
    name: 'exists',
    flags: ['readonly', 'fast'],
    keys: [keyRange({ access: 'RO', begin: 1, last: -1 })],
    since: '1.0.0',
    complexity: 'O(N) with N keys',
    summary: 'Counts how many of the keys exist.',
    run: exists,
  },
  {
    ...manyKeys,
    name: 'touch',
    flags: ['readonly', 'fast'],
    keys: [keyRange({ access: 'RO', begin: 1, last: -1 })],
    since: '3.2.1',
    complexity: 'O(N) with N keys',
    summary: 'Counts how many of the keys exist and marks them as just used.',
    run: touch,
  },
  {
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO'),
    acl: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns the type of the value of a key.',
    syntax: 'key',
    run: type,
  },
];
