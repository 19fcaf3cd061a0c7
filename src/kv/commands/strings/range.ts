/** APPEND, STRLEN, GETRANGE, SUBSTR, SETRANGE: parts of strings. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { copyBytes } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { fillZeros, growString, markRaw } from '../../values/string/index.ts';
import { assign, checkLength } from './shared.ts';

const BAD_OFFSET = new ReplyError('ERR offset is out of range');

function append(call: Call): void {
  const { args, db } = call;
  const record = call.findTypedForWrite(1, Type.string);
  const added = args.length(2);
  const old = record === 0 ? 0 : db.valueLength(record);
  checkLength(call, old + added);
  if (record === 0) assign(call, 0, 1, 2);
  else {
    const target = db.resizeValue(record, old + added, true);
    const offset = db.valueOffset(target) + old;
    copyBytes(args.buf, args.start(2), db.bytesOf(target), offset, added);
    markRaw(db, target);
  }
  call.changed(1, Notify.string, 'append');
  call.reply.integer(old + added);
}

function strlen(call: Call): void {
  const record = call.findTyped(1, Type.string);
  call.reply.integer(record === 0 ? 0 : call.db.valueLength(record));
}

function getrange(call: Call): void {
  const { db, reply } = call;
  let start = call.int(2);
  let end = call.int(3);
  const record = call.findTyped(1, Type.string);
  const length = record === 0 ? 0 : db.valueLength(record);
  // Two ends before the string begins are not the same as the first byte.
  const backwards = start < 0 && end < 0 && start > end;
  if (start < 0) start = Math.max(0, length + start);
  if (end < 0) end = Math.max(0, length + end);
  end = Math.min(end, length - 1);
  if (backwards || start > end) {
    reply.bulkText('');
    return;
  }
  const offset = db.valueOffset(record);
  reply.bulk(db.bytesOf(record), offset + start, offset + end + 1);
}

function setrange(call: Call): void {
  const { args, db, reply } = call;
  const at = call.int(2);
  if (at < 0) throw BAD_OFFSET;
  const record = call.findTypedForWrite(1, Type.string);
  const added = args.length(3);
  const old = record === 0 ? 0 : db.valueLength(record);
  if (added === 0) {
    reply.integer(old);
    return;
  }
  checkLength(call, at + added);
  const length = Math.max(old, at + added);
  // Made as long as it is to be: a key that can not be lengthened must not stay behind.
  const target =
    record === 0 ? call.create(1, Type.string, length) : growString(db, record, length);
  if (record === 0) fillZeros(db, target, 0);
  copyBytes(args.buf, args.start(3), db.bytesOf(target), db.valueOffset(target) + at, added);
  markRaw(db, target);
  call.changed(1, Notify.string, 'setrange');
  reply.integer(length);
}

const getrangeRow = {
  arity: 4,
  flags: ['readonly'],
  keys: keyAt1('RO', 'access'),
  acl: ['string'],
  group: 'string',
  complexity: 'O(N) with N bytes returned',
  summary: 'Returns a part of a string.',
  syntax: 'key start end',
  run: getrange,
} as const;

export const rangeCommands: readonly CommandSpec[] = [
  {
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'insert'),
    acl: ['string'],
    group: 'string',
    since: '2.0.0',
    complexity: 'O(1) amortized',
    summary: 'Adds bytes at the end of a string, made when missing.',
    syntax: 'key value',
    run: append,
  },
  {
    name: 'strlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO'),
    acl: ['string'],
    group: 'string',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Returns the length of a string in bytes.',
    syntax: 'key',
    run: strlen,
  },
  { ...getrangeRow, name: 'getrange', since: '2.4.0' },
  { ...getrangeRow, name: 'substr', since: '1.0.0' },
  {
    name: 'setrange',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt1('RW', 'update'),
    acl: ['string'],
    group: 'string',
    since: '2.2.0',
    complexity: 'O(N) with N bytes written; the value is moved when it grows',
    summary: 'Overwrites a part of a string, with zero bytes before it when it was shorter.',
    syntax: 'key offset value',
    run: setrange,
  },
];
