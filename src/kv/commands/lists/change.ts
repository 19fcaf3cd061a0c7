/** LSET, LINSERT, LREM, LTRIM. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { equalBytes } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import {
  each,
  insertElement,
  lengthOf,
  limitsOf,
  push,
  removeElements,
  setElement,
} from '../../values/list/index.ts';
import { afterRemoval, listFamily } from './common.ts';

function lset(call: Call): void {
  const { args, db } = call;
  const record = call.findTypedForWrite(1, Type.list);
  if (record === 0) throw NO_SUCH_KEY;
  const wanted = call.int(2);
  const length = lengthOf(db, record);
  const index = wanted < 0 ? length + wanted : wanted;
  if (index < 0 || index >= length) throw INDEX_OUT_OF_RANGE;
  const limits = limitsOf(call.engine.settings);
  setElement(db, record, limits, index, args.buf, args.start(3), args.length(3));
  call.changed(1, Notify.list, 'lset');
  call.reply.ok();
}

/** Whether an element equals an argument; the argument's range is read once. */
function matcher(
  call: Call,
  argument: number,
): (element: { bytes: Buffer; start: number; end: number }) => boolean {
  const { buf } = call.args;
  const start = call.args.start(argument);
  const length = call.args.length(argument);
  return (element) =>
    element.end - element.start === length &&
    equalBytes(element.bytes, element.start, buf, start, length);
}

function linsert(call: Call): void {
  const { args, db, reply } = call;
  const where = args.keyword(2);
  if (where !== 'BEFORE' && where !== 'AFTER') throw SYNTAX_ERROR;
  const record = call.findTypedForWrite(1, Type.list);
  if (record === 0) {
    reply.integer(0);
    return;
  }
  const matches = matcher(call, 3);
  let pivot = -1;
  each(db, record, 0, true, (element, index) => {
    if (!matches(element)) return true;
    pivot = index;
    return false;
  });
  if (pivot < 0) {
    reply.integer(-1);
    return;
  }
  const length = lengthOf(db, record);
  const index = where === 'BEFORE' ? pivot : pivot + 1;
  const limits = limitsOf(call.engine.settings);
  const start = args.start(4);
  const bytes = args.length(4);
  if (index === length) push(db, record, limits, false, args.buf, start, bytes);
  else insertElement(db, record, limits, index, args.buf, start, bytes);
  call.changed(1, Notify.list, 'linsert');
  reply.integer(length + 1);
}

function lrem(call: Call): void {
  const { db, reply } = call;
  const count = call.int(2);
  const record = call.findTypedForWrite(1, Type.list);
  if (record === 0) {
    reply.integer(0);
    return;
  }
  const matches = matcher(call, 3);
  const wanted = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
  const found: number[] = [];
  const forward = count >= 0;
  each(db, record, forward ? 0 : lengthOf(db, record) - 1, forward, (element, index) => {
    if (matches(element)) found.push(index);
    return found.length < wanted;
  });
  reply.integer(found.length);
  if (found.length === 0) return;
  // From the back to the front, so that the indexes that are left stay true.
  if (forward) found.reverse();
  let rest: Address = record;
  const limits = limitsOf(call.engine.settings);
  for (const index of found) rest = removeElements(db, rest, limits, index, 1);
  afterRemoval(call, 1, rest, 'lrem');
}

function ltrim(call: Call): void {
  const { db } = call;
  let start = call.int(2);
  let stop = call.int(3);
  const record = call.findTypedForWrite(1, Type.list);
  if (record === 0) {
    call.reply.ok();
    return;
  }
  const length = lengthOf(db, record);
  if (start < 0) start = Math.max(0, length + start);
  if (stop < 0) stop = length + stop;
  stop = Math.min(stop, length - 1);
  const limits = limitsOf(call.engine.settings);
  let rest = record;
  if (start > stop) rest = removeElements(db, rest, limits, 0, length);
  else {
    rest = removeElements(db, rest, limits, stop + 1, length - stop - 1);
    rest = removeElements(db, rest, limits, 0, start);
  }
  afterRemoval(call, 1, rest, 'ltrim');
  call.reply.ok();
}

export const changeCommands: readonly CommandSpec[] = [
  {
    ...listFamily,
    name: 'lset',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt1('RW', 'update'),
    since: '1.0.0',
    complexity: 'O(N) with N chunks and elements passed over; O(1) at the ends',
    summary: 'Replaces the element at an index.',
    syntax: 'key index element',
    run: lset,
  },
  {
    ...listFamily,
    name: 'linsert',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: keyAt1('RW', 'insert'),
    since: '2.2.0',
    complexity: 'O(N) with N elements before the pivot',
    summary: 'Puts an element before or behind another.',
    syntax: 'key <BEFORE | AFTER> pivot element',
    run: linsert,
  },
  {
    ...listFamily,
    name: 'lrem',
    arity: 4,
    flags: ['write'],
    keys: keyAt1('RW', 'delete'),
    since: '1.0.0',
    complexity: 'O(N+M) with N elements and M removed',
    summary: 'Removes elements that are equal to one given.',
    syntax: 'key count element',
    run: lrem,
  },
  {
    ...listFamily,
    name: 'ltrim',
    arity: 4,
    flags: ['write'],
    keys: keyAt1('RW', 'delete'),
    since: '1.0.0',
    complexity: 'O(N) with N elements removed',
    summary: 'Keeps a range of elements and removes the others.',
    syntax: 'key start stop',
    run: ltrim,
  },
];
