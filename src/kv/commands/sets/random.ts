/** SPOP and SRANDMEMBER: members by chance. */
import type { Call, EffectArg } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { NOT_POSITIVE, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import {
  distinctMembers,
  eachMember,
  lengthOf,
  type MemberVisitor,
  popMember,
  randomMember,
  randomMembers,
} from '../../values/set/index.ts';
import { signedCount } from '../shared/signed-count.ts';

/** Members named by one SREM in the log. */
const EFFECT_MEMBERS_MAX = 1024;

function spop(call: Call): void {
  if (call.count > 3) throw SYNTAX_ERROR;
  if (call.count === 3) spopCount(call);
  else spopOne(call);
}

function spopOne(call: Call): void {
  const { db, reply, args } = call;
  const record = call.findTypedForWrite(1, Type.set);
  if (record === 0) {
    reply.null();
    return;
  }
  let member: Buffer | undefined;
  const left = popMember(db, record, call.engine.random, (buf, start, length) => {
    reply.bulk(buf, start, start + length);
    member = Buffer.from(buf.subarray(start, start + length));
    return true;
  });
  if (member !== undefined) call.effect('SREM', args.copy(1), member);
  const emptied = lengthOf(db, left) === 0;
  if (emptied) db.remove(left);
  call.changed(1, Notify.set, 'spop');
  if (emptied) call.notify(1, Notify.generic, 'del');
}

function spopCount(call: Call): void {
  const { db, reply, args } = call;
  const count = call.intBetween(2, 0, Number.POSITIVE_INFINITY, NOT_POSITIVE);
  let record = call.findTypedForWrite(1, Type.set);
  if (record === 0 || count === 0) {
    reply.set(0);
    return;
  }
  const size = lengthOf(db, record);
  if (count >= size) {
    reply.set(size);
    eachMember(db, record, replyEach(call));
    db.remove(record);
    call.effect('DEL', args.copy(1));
    call.changed(1, Notify.set, 'spop');
    call.notify(1, Notify.generic, 'del');
    return;
  }
  reply.set(count);
  const key = args.copy(1);
  let effect: EffectArg[] = ['SREM', key];
  const take: MemberVisitor = (buf, start, length) => {
    reply.bulk(buf, start, start + length);
    effect.push(Buffer.from(buf.subarray(start, start + length)));
    return true;
  };
  for (let i = 0; i < count; i++) {
    record = popMember(db, record, call.engine.random, take);
    if (effect.length === EFFECT_MEMBERS_MAX + 2) {
      call.effect(...effect);
      effect = ['SREM', key];
    }
  }
  if (effect.length > 2) call.effect(...effect);
  call.changed(1, Notify.set, 'spop');
}

function srandmember(call: Call): void {
  if (call.count > 3) throw SYNTAX_ERROR;
  const { db, reply } = call;
  const { random } = call.engine;
  if (call.count === 2) {
    const record = call.findTyped(1, Type.set);
    if (record === 0) reply.null();
    else randomMember(db, record, random, replyEach(call));
    return;
  }
  const count = signedCount(call, 2);
  const record = call.findTyped(1, Type.set);
  if (record === 0 || count === 0) {
    reply.array(0);
    return;
  }
  const size = lengthOf(db, record);
  if (count < 0) {
    reply.array(-count);
    randomMembers(db, record, -count, random, replyEach(call));
  } else if (count >= size) {
    reply.array(size);
    eachMember(db, record, replyEach(call));
  } else {
    reply.array(count);
    distinctMembers(db, record, count, random, replyEach(call));
  }
}

function replyEach(call: Call): MemberVisitor {
  const { reply } = call;
  return (buf, start, length) => {
    reply.bulk(buf, start, start + length);
    return true;
  };
}

export const randomCommands: readonly CommandSpec[] = [
  {
    name: 'spop',
    arity: -2,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete', true),
    acl: ['set'],
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1) without a count, O(N) with N members taken',
    summary: 'Takes random members out of a set and returns them.',
    syntax: 'key [count]',
    tips: ['nondeterministic_output'],
    run: spop,
  },
  {
    name: 'srandmember',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    acl: ['set'],
    group: 'set',
    since: '1.0.0',
    complexity: 'O(1) without a count, O(N) with N members returned',
    summary: 'Returns random members of a set.',
    syntax: 'key [count]',
    tips: ['nondeterministic_output'],
    run: srandmember,
  },
];
