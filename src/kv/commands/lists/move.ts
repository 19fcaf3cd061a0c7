/** LMOVE, RPOPLPUSH and their blocking forms. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { SYNTAX_ERROR, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { dropEnd, endElement, limitsOf, push } from '../../values/list/index.ts';
import { blockTimeout } from '../shared/timeout.ts';
import { afterRemoval, type ListEnd, listFamily, listForPush } from './common.ts';

interface Move {
  readonly from: ListEnd;
  readonly to: ListEnd;
  /** Milliseconds to wait for an element; undefined: do not wait. */
  readonly timeoutMs?: number;
}

function move(call: Call, { from, to, timeoutMs }: Move): void {
  const { db, reply, args } = call;
  const source = call.findForWrite(1);
  if (source === 0) {
    if (timeoutMs === undefined) reply.null();
    else wait(call, timeoutMs);
    return;
  }
  if (db.typeOf(source) !== Type.list) {
    // A waiting client is woken by a list only.
    if (!call.retrying) throw WRONG_TYPE;
    wait(call, timeoutMs ?? 0);
    return;
  }
  call.findTypedForWrite(2, Type.list);
  const limits = limitsOf(call.engine.settings);
  const element = endElement(db, source, from === 'left');
  const value = Buffer.from(element.bytes.subarray(element.start, element.end));
  const rest = dropEnd(db, source, limits, from === 'left');
  // One key may be both: then it is empty for a moment, and stays.
  const same = args.bytes(1).equals(args.bytes(2));
  const target = same ? rest : listForPush(call, call.findForWrite(2), 2);
  const pushed = push(db, target, limits, to === 'left', value, 0, value.length);
  call.changed(2, Notify.list, to === 'left' ? 'lpush' : 'rpush');
  // Adding the target may have moved nothing of the source, but its address is looked up anew.
  const left = same ? pushed : call.findForWrite(1);
  afterRemoval(call, 1, left, from === 'left' ? 'lpop' : 'rpop');
  call.effect('LMOVE', args.copy(1), args.copy(2), from.toUpperCase(), to.toUpperCase());
  reply.bulk(value);
}

function wait(call: Call, timeoutMs: number): void {
  // Redis answers a passed timeout with a null array, and with a null bulk where it can not wait.
  const { canBlock } = call;
  const onTimeout = (late: Call['reply']): void => {
    if (canBlock) late.nullArray();
    else late.null();
  };
  call.block({ keys: [1], type: Type.list, timeoutMs, onTimeout });
}

function endArgument(call: Call, index: number): ListEnd {
  const keyword = call.args.keyword(index);
  if (keyword === 'LEFT') return 'left';
  if (keyword === 'RIGHT') return 'right';
  throw SYNTAX_ERROR;
}

const keys = [
  keyRange({ access: 'RW', purpose: 'delete', alsoRead: true, begin: 1, last: 0 }),
  keyRange({ access: 'RW', purpose: 'insert', begin: 2, last: 0 }),
];

export const moveCommands: readonly CommandSpec[] = [
  {
    ...listFamily,
    name: 'lmove',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys,
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Moves an element from an end of a list to an end of another.',
    syntax: 'source destination <LEFT | RIGHT> <LEFT | RIGHT>',
    run: (call) => move(call, { from: endArgument(call, 3), to: endArgument(call, 4) }),
  },
  {
    ...listFamily,
    name: 'rpoplpush',
    arity: 3,
    flags: ['write', 'denyoom'],
    keys,
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Moves the last element of a list to the head of another.',
    syntax: 'source destination',
    run: (call) => move(call, { from: 'right', to: 'left' }),
  },
  {
    acl: ['list', 'blocking'],
    group: 'list',
    name: 'blmove',
    arity: 6,
    flags: ['write', 'denyoom', 'blocking'],
    keys,
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'As LMOVE; waits while the source has no elements.',
    syntax: 'source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout',
    run: (call) =>
      move(call, {
        from: endArgument(call, 3),
        to: endArgument(call, 4),
        timeoutMs: blockTimeout(call, 5),
      }),
  },
  {
    acl: ['list', 'blocking'],
    group: 'list',
    name: 'brpoplpush',
    arity: 4,
    flags: ['write', 'denyoom', 'blocking'],
    keys,
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'As RPOPLPUSH; waits while the source has no elements.',
    syntax: 'source destination timeout',
    run: (call) => move(call, { from: 'right', to: 'left', timeoutMs: blockTimeout(call, 3) }),
  },
];
