/** SADD, SREM and the other commands on single members. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import {
  addMember,
  beginSet,
  EMPTY_SET_BYTES,
  eachMember,
  expectMembers,
  isMember,
  lengthOf,
  removeMember,
} from '../../values/set/index.ts';

function sadd(call: Call): void {
  const { args, db } = call;
  const { buf } = args;
  const limits = call.engine.settings;
  const count = call.count - 2;
  let record = call.findTypedForWrite(1, Type.set);
  if (record === 0) {
    record = call.create(1, Type.set, EMPTY_SET_BYTES);
    const first = { buf, start: args.start(2), length: args.length(2) };
    record = beginSet(db, record, first, count, limits);
  } else if (count > 1) record = expectMembers(db, record, count, limits);
  let added = 0;
  for (let i = 2; i < call.count; i++) {
    const changed = addMember(db, record, limits, buf, args.start(i), args.length(i));
    if (changed === 0) continue;
    record = changed;
    added++;
  }
  if (added > 0) call.changed(1, Notify.set, 'sadd');
  call.reply.integer(added);
}

function srem(call: Call): void {
  const { args, db } = call;
  let record = call.findTypedForWrite(1, Type.set);
  let removed = 0;
  let emptied = false;
  for (let i = 2; record !== 0 && !emptied && i < call.count; i++) {
    const changed = removeMember(db, record, args.buf, args.start(i), args.length(i));
    if (changed === 0) continue;
    record = changed;
    removed++;
    emptied = lengthOf(db, record) === 0;
  }
  if (emptied) db.remove(record);
  if (removed > 0) {
    call.changed(1, Notify.set, 'srem');
    if (emptied) call.notify(1, Notify.generic, 'del');
  }
  call.reply.integer(removed);
}

function smove(call: Call): void {
  const { args, db, reply } = call;
  const source = call.findForWrite(1);
  const target = call.findForWrite(2);
  if (source === 0) {
    reply.integer(0);
    return;
  }
  if (db.typeOf(source) !== Type.set) throw WRONG_TYPE;
  if (target !== 0 && db.typeOf(target) !== Type.set) throw WRONG_TYPE;
  const { buf } = args;
  const start = args.start(3);
  const length = args.length(3);
  if (source === target) {
    reply.integer(isMember(db, source, buf, start, length) ? 1 : 0);
    return;
  }
  const left = removeMember(db, source, buf, start, length);
  if (left === 0) {
    reply.integer(0);
    return;
  }
  const emptied = lengthOf(db, left) === 0;
  if (emptied) db.remove(left);
  call.changed(1, Notify.set, 'srem');
  if (emptied) call.notify(1, Notify.generic, 'del');
  const limits = call.engine.settings;
  let record = target;
  if (record === 0) {
    record = call.create(2, Type.set, EMPTY_SET_BYTES);
    record = beginSet(db, record, { buf, start, length }, 1, limits);
  }
  if (addMember(db, record, limits, buf, start, length) !== 0) {
    call.changed(2, Notify.set, 'sadd');
  }
  reply.integer(1);
}

function sismember(call: Call): void {
  const { args } = call;
  const record = call.findTyped(1, Type.set);
  const there = record !== 0 && isMember(call.db, record, args.buf, args.start(2), args.length(2));
  call.reply.integer(there ? 1 : 0);
}

function smismember(call: Call): void {
  const { args, db, reply } = call;
  const record = call.findTyped(1, Type.set);
  reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    const there = record !== 0 && isMember(db, record, args.buf, args.start(i), args.length(i));
    reply.integer(there ? 1 : 0);
  }
}

function scard(call: Call): void {
  const record = call.findTyped(1, Type.set);
  call.reply.integer(record === 0 ? 0 : lengthOf(call.db, record));
}

function smembers(call: Call): void {
  const { db, reply } = call;
  const record = call.findTyped(1, Type.set);
  if (record === 0) {
    reply.set(0);
    return;
  }
  reply.set(lengthOf(db, record));
  eachMember(db, record, (buf, start, length) => {
    reply.bulk(buf, start, start + length);
    return true;
  });
}

const set = { acl: ['set'], group: 'set' } as const;

export const memberCommands: readonly CommandSpec[] = [
  {
    ...set,
    name: 'sadd',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'insert'),
    since: '1.0.0',
    complexity: 'O(1) for each member',
    summary: 'Adds members to a set; creates it if it does not exist.',
    syntax: 'key member [member ...]',
    run: sadd,
  },
  {
    ...set,
    name: 'srem',
    arity: -3,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete'),
    since: '1.0.0',
    complexity: 'O(N) with N members given',
    summary: 'Removes members from a set; the key goes with the last.',
    syntax: 'key member [member ...]',
    run: srem,
  },
  {
    ...set,
    name: 'smove',
    arity: 4,
    flags: ['write', 'fast'],
    keys: [
      keyRange({ access: 'RW', purpose: 'delete', alsoRead: true, begin: 1, last: 0 }),
      keyRange({ access: 'RW', purpose: 'insert', begin: 2, last: 0 }),
    ],
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Moves a member from one set to another.',
    syntax: 'source destination member',
    run: smove,
  },
  {
    ...set,
    name: 'sismember',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Tells whether a member is in a set.',
    syntax: 'key member',
    run: sismember,
  },
  {
    ...set,
    name: 'smismember',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    since: '6.2.0',
    complexity: 'O(N) with N members given',
    summary: 'Tells for several members whether they are in a set.',
    syntax: 'key member [member ...]',
    run: smismember,
  },
  {
    ...set,
    name: 'scard',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns the number of members of a set.',
    syntax: 'key',
    run: scard,
  },
  {
    ...set,
    name: 'smembers',
    arity: 2,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '1.0.0',
    complexity: 'O(N) with N members',
    summary: 'Returns all members of a set.',
    syntax: 'key',
    tips: ['nondeterministic_output_order'],
    run: smembers,
  },
];
