/** HRANDFIELD: fields by chance. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import {
  distinctFields,
  eachField,
  type FieldVisitor,
  lengthOf,
  randomField,
} from '../../values/hash/index.ts';
import { signedCount } from '../shared/signed-count.ts';
import { fieldTime } from './shared.ts';

/** With values the reply has twice as many elements, and their number must be one of 64 bits. */
const COUNT_WITH_VALUES_MAX = 2 ** 62;
const OUT_OF_RANGE = new ReplyError('ERR value is out of range');

function hrandfield(call: Call): void {
  if (call.count === 2) {
    one(call);
    return;
  }
  const count = signedCount(call, 2);
  const withValues = call.count >= 4;
  if (call.count > 4 || (withValues && call.args.keyword(3) !== 'WITHVALUES')) throw SYNTAX_ERROR;
  if (withValues && Math.abs(count) >= COUNT_WITH_VALUES_MAX) throw OUT_OF_RANGE;
  several(call, count, withValues);
}

function one(call: Call): void {
  const { db, reply } = call;
  const record = call.findTyped(1, Type.hash);
  const now = fieldTime(call);
  if (record === 0 || lengthOf(db, record, now) === 0) {
    reply.null();
    return;
  }
  randomField(db, record, now, call.engine.random, replyEach(call, false, false));
}

function several(call: Call, count: number, withValues: boolean): void {
  const { db, reply } = call;
  const { random } = call.engine;
  const record = call.findTyped(1, Type.hash);
  const now = fieldTime(call);
  const size = record === 0 ? 0 : lengthOf(db, record, now);
  const given = size === 0 ? 0 : count < 0 ? -count : Math.min(count, size);
  const pairs = withValues && reply.protocol === 3;
  reply.array(withValues && !pairs ? given * 2 : given);
  if (given === 0) return;
  const visit = replyEach(call, withValues, pairs);
  if (count < 0) for (let i = 0; i < given; i++) randomField(db, record, now, random, visit);
  else if (given === size) eachField(db, record, now, visit);
  else distinctFields(db, record, now, given, random, visit);
}

/** `pairs`: each field with its value is an array of its own, as RESP3 clients get it. */
function replyEach(call: Call, withValues: boolean, pairs: boolean): FieldVisitor {
  const { reply } = call;
  return (field) => {
    const { buf, fieldStart, start } = field;
    if (pairs) reply.array(2);
    reply.bulk(buf, fieldStart, fieldStart + field.fieldLength);
    if (withValues) reply.bulk(buf, start, start + field.length);
    return true;
  };
}

export const randomCommands: readonly CommandSpec[] = [
  {
    name: 'hrandfield',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    acl: ['hash'],
    group: 'hash',
    since: '6.2.0',
    complexity: 'O(N) with N fields returned',
    summary: 'Returns random fields of a hash.',
    syntax: 'key [count [WITHVALUES]]',
    tips: ['nondeterministic_output'],
    run: hrandfield,
  },
];
