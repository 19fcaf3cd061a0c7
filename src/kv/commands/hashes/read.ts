/** HGET and the other commands that read fields. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import { eachField, lengthOf } from '../../values/hash/index.ts';
import { fieldAt, fieldTime, replyField } from './shared.ts';

function hget(call: Call): void {
  replyField(call, fieldAt(call, call.findTyped(1, Type.hash), 2));
}

function hmget(call: Call): void {
  const record = call.findTyped(1, Type.hash);
  call.reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) replyField(call, fieldAt(call, record, i));
}

function hlen(call: Call): void {
  const record = call.findTyped(1, Type.hash);
  call.reply.integer(record === 0 ? 0 : lengthOf(call.db, record, fieldTime(call)));
}

function hstrlen(call: Call): void {
  call.reply.integer(fieldAt(call, call.findTyped(1, Type.hash), 2)?.length ?? 0);
}

function hexists(call: Call): void {
  call.reply.integer(fieldAt(call, call.findTyped(1, Type.hash), 2) === undefined ? 0 : 1);
}

function replyAll(call: Call, fields: boolean, values: boolean): void {
  const { db, reply } = call;
  const record = call.findTyped(1, Type.hash);
  const now = fieldTime(call);
  const count = record === 0 ? 0 : lengthOf(db, record, now);
  if (fields && values) reply.map(count);
  else reply.array(count);
  if (record === 0) return;
  eachField(db, record, now, (field) => {
    const { buf, fieldStart, start } = field;
    if (fields) reply.bulk(buf, fieldStart, fieldStart + field.fieldLength);
    if (values) reply.bulk(buf, start, start + field.length);
    return true;
  });
}

const metadata = {
  flags: ['readonly', 'fast'],
  keys: keyAt1('RO', 'access'),
  acl: ['hash'],
  group: 'hash',
  since: '2.0.0',
} as const;

const whole = {
  ...metadata,
  arity: 2,
  flags: ['readonly'],
  complexity: 'O(N) with N fields',
  syntax: 'key',
  tips: ['nondeterministic_output_order'],
} as const;

export const readCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'hget',
    arity: 3,
    complexity: 'O(1)',
    summary: 'Returns the value of a field.',
    syntax: 'key field',
    run: hget,
  },
  {
    ...metadata,
    name: 'hmget',
    arity: -3,
    complexity: 'O(N) with N fields given',
    summary: 'Returns the values of several fields.',
    syntax: 'key field [field ...]',
    run: hmget,
  },
  {
    ...metadata,
    name: 'hlen',
    arity: 2,
    keys: keyAt1('RO'),
    complexity: 'O(1)',
    summary: 'Returns the number of fields of a hash.',
    syntax: 'key',
    run: hlen,
  },
  {
    ...metadata,
    name: 'hstrlen',
    arity: 3,
    keys: keyAt1('RO'),
    since: '3.2.0',
    complexity: 'O(1)',
    summary: 'Returns the length of the value of a field.',
    syntax: 'key field',
    run: hstrlen,
  },
  {
    ...metadata,
    name: 'hexists',
    arity: 3,
    keys: keyAt1('RO'),
    complexity: 'O(1)',
    summary: 'Tells whether a hash has a field.',
    syntax: 'key field',
    run: hexists,
  },
  {
    ...whole,
    name: 'hgetall',
    summary: 'Returns all fields and values of a hash.',
    run: (call) => replyAll(call, true, true),
  },
  {
    ...whole,
    name: 'hkeys',
    summary: 'Returns all fields of a hash.',
    run: (call) => replyAll(call, true, false),
  },
  {
    ...whole,
    name: 'hvals',
    summary: 'Returns all values of a hash.',
    run: (call) => replyAll(call, false, true),
  },
];
