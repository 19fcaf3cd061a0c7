/** GET and its kin: whole values out. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { expiryOf, noExpiryOption, readExpiryOption, replyValue } from './shared.ts';

function get(call: Call): void {
  replyValue(call, call.findTyped(1, Type.string));
}

function mget(call: Call): void {
  call.reply.array(call.count - 1);
  for (let i = 1; i < call.count; i++) {
    const record = call.find(i);
    replyValue(call, record !== 0 && call.db.typeOf(record) === Type.string ? record : 0);
  }
}

function getdel(call: Call): void {
  const record = call.findTypedForWrite(1, Type.string);
  replyValue(call, record);
  if (record === 0) return;
  call.db.remove(record);
  call.changed(1, Notify.generic, 'del');
  call.effect('DEL', call.args.copy(1));
}

function getex(call: Call): void {
  const { args, db } = call;
  const option = noExpiryOption();
  for (let i = 2; i < call.count; i++) {
    i = readExpiryOption(call, option, args.keyword(i), i, 'PERSIST');
    if (i === 0) throw SYNTAX_ERROR;
  }
  const record = call.findTypedForWrite(1, Type.string);
  const expireAt = record === 0 ? 0 : expiryOf(call, option);
  replyValue(call, record);
  if (record === 0) return;
  if (expireAt !== 0) {
    if (expireAt <= call.nowMs && call.engine.keyspace.expiresOnLookup) {
      db.remove(record);
      call.changed(1, Notify.generic, 'del');
      call.effect('DEL', args.copy(1));
    } else {
      db.setExpiry(record, expireAt);
      call.changed(1, Notify.generic, 'expire');
      call.effect('PEXPIREAT', args.copy(1), expireAt);
    }
  } else if (option.instead && db.clearExpiry(record)) {
    call.changed(1, Notify.generic, 'persist');
    call.effect('PERSIST', args.copy(1));
  }
}

export const getCommands: readonly CommandSpec[] = [
  {
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    acl: ['string'],
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns the string of a key.',
    syntax: 'key',
    run: get,
  },
  {
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: [keyRange({ access: 'RO', purpose: 'access', begin: 1, last: -1 })],
    acl: ['string'],
    group: 'string',
    since: '1.0.0',
    complexity: 'O(N) with N keys',
    summary: 'Returns the strings of several keys.',
    syntax: 'key [key ...]',
    tips: ['request_policy:multi_shard'],
    run: mget,
  },
  {
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete', true),
    acl: ['string'],
    group: 'string',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Returns the string of a key and deletes the key.',
    syntax: 'key',
    run: getdel,
  },
  {
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'update', true),
    acl: ['string'],
    group: 'string',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Returns the string of a key and changes when it expires.',
    syntax:
      'key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]',
    run: getex,
  },
];
