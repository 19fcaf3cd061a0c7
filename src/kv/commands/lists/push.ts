/** LPUSH, RPUSH, LPUSHX, RPUSHX. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { lengthOf } from '../../values/list/index.ts';
import { type ListEnd, listFamily, listForPush, pushArguments } from './common.ts';

function push(call: Call, end: ListEnd, onlyExisting: boolean): void {
  const found = call.findTypedForWrite(1, Type.list);
  if (found === 0 && onlyExisting) {
    call.reply.integer(0);
    return;
  }
  const record = pushArguments(call, listForPush(call, found, 1), end, 2, call.count);
  call.reply.integer(lengthOf(call.db, record));
  call.changed(1, Notify.list, end === 'left' ? 'lpush' : 'rpush');
}

const row = {
  ...listFamily,
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: keyAt1('RW', 'insert'),
  complexity: 'O(N) with N elements pushed',
  syntax: 'key element [element ...]',
} as const;

export const pushCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'lpush',
    since: '1.0.0',
    summary: 'Puts elements at the head of a list, made when missing.',
    run: (call) => push(call, 'left', false),
  },
  {
    ...row,
    name: 'rpush',
    since: '1.0.0',
    summary: 'Puts elements at the tail of a list, made when missing.',
    run: (call) => push(call, 'right', false),
  },
  {
    ...row,
    name: 'lpushx',
    since: '2.2.0',
    summary: 'Puts elements at the head of a list that exists.',
    run: (call) => push(call, 'left', true),
  },
  {
    ...row,
    name: 'rpushx',
    since: '2.2.0',
    summary: 'Puts elements at the tail of a list that exists.',
    run: (call) => push(call, 'right', true),
  },
];
