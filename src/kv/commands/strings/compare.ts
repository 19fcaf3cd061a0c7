/** DELEX and DIGEST: delete a key only if it holds what the client thinks. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, wrongArity } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { digestOf } from '../../values/string/index.ts';
import { comparisonHolds, isComparison } from './comparison.ts';

const NOT_A_STRING = new ReplyError('ERR Key should be of string type if conditions are specified');
const BAD_CONDITION = new ReplyError('ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE');

function delex(call: Call): void {
  const { args, db, reply } = call;
  if (call.count !== 2 && call.count !== 4) throw wrongArity('delex');
  const record = call.findForWrite(1);
  if (record === 0) {
    reply.integer(0);
    return;
  }
  if (call.count === 4) {
    if (db.typeOf(record) !== Type.string) throw NOT_A_STRING;
    const keyword = args.keyword(2);
    if (!isComparison(keyword)) throw BAD_CONDITION;
    if (!comparisonHolds(call, record, keyword, 3)) {
      reply.integer(0);
      return;
    }
  }
  db.remove(record);
  call.changed(1, Notify.generic, 'del');
  call.effect('DEL', args.copy(1));
  reply.integer(1);
}

function digest(call: Call): void {
  const record = call.findTyped(1, Type.string);
  if (record === 0) call.reply.null();
  else call.reply.bulkText(digestOf(call.db, record));
}

export const compareCommands: readonly CommandSpec[] = [
  {
    name: 'delex',
    arity: -2,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete'),
    acl: ['string'],
    group: 'string',
    since: '8.4.0',
    complexity: 'O(1); O(N) with a string of N bytes that is compared',
    summary: 'Deletes a key if its value, or the digest of it, compares as asked.',
    syntax: 'key [IFEQ value | IFNE value | IFDEQ digest | IFDNE digest]',
    run: delex,
  },
  {
    name: 'digest',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    acl: ['string'],
    group: 'string',
    since: '8.4.0',
    complexity: 'O(N) with a string of N bytes',
    summary: 'Returns the digest of a string: 16 hexadecimal digits of XXH3.',
    syntax: 'key',
    run: digest,
  },
];
