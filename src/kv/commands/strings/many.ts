/** MSET, MSETNX and MSETEX: several keys at once, all or none. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR, wrongArity } from '../../errors.ts';
import { Notify } from '../../notify.ts';
import { assign, checkLength, expiryOf, noExpiryOption, readExpiryOption } from './shared.ts';

const BAD_KEY_COUNT = new ReplyError('ERR invalid numkeys value');
const BAD_PAIRS = new ReplyError('ERR wrong number of key-value pairs');
const INT32_MAX = 2 ** 31 - 1;

/** @throws ReplyError when a value in the pairs from argument `from` to `end` is too long. */
function checkValues(call: Call, from: number, end: number): void {
  for (let i = from; i < end; i += 2) checkLength(call, call.args.length(i + 1));
}

function existing(call: Call, from: number, end: number): number {
  let count = 0;
  for (let i = from; i < end; i += 2) if (call.findForWrite(i) !== 0) count++;
  return count;
}

function assignAll(call: Call): void {
  for (let i = 1; i < call.count; i += 2) {
    // The same key may be named twice: then it is there by now.
    assign(call, call.findForWrite(i), i, i + 1);
    call.changed(i, Notify.string, 'set');
  }
}

function mset(call: Call): void {
  if (call.count % 2 === 0) throw wrongArity('mset');
  checkValues(call, 1, call.count);
  assignAll(call);
  call.reply.ok();
}

function msetnx(call: Call): void {
  if (call.count % 2 === 0) throw wrongArity('msetnx');
  checkValues(call, 1, call.count);
  const free = existing(call, 1, call.count) === 0;
  if (free) assignAll(call);
  call.reply.integer(free ? 1 : 0);
}

/** Options of MSETEX from argument `from` to the end. */
function readOptions(call: Call, from: number) {
  const expiry = noExpiryOption();
  let condition = '';
  for (let i = from; i < call.count; i++) {
    const keyword = call.args.keyword(i);
    if (keyword === 'NX' || keyword === 'XX') {
      if (condition !== '' && condition !== keyword) throw SYNTAX_ERROR;
      condition = keyword;
    } else {
      i = readExpiryOption(call, expiry, keyword, i, 'KEEPTTL');
      if (i === 0) throw SYNTAX_ERROR;
    }
  }
  return { condition, expiry };
}

function msetex(call: Call): void {
  const { args, db } = call;
  const keyCount = call.intBetween(1, 1, INT32_MAX, BAD_KEY_COUNT);
  const end = 2 + keyCount * 2;
  if (end > call.count) throw BAD_PAIRS;
  const { condition, expiry } = readOptions(call, end);
  const expireAt = expiryOf(call, expiry);
  checkValues(call, 2, end);
  const found = condition === '' ? 0 : existing(call, 2, end);
  if ((condition === 'NX' && found > 0) || (condition === 'XX' && found < keyCount)) {
    call.reply.integer(0);
    return;
  }
  const { expiresOnLookup } = call.engine.keyspace;
  const gone = expireAt !== 0 && expireAt <= call.nowMs && expiresOnLookup;
  for (let i = 2; i < end; i += 2) {
    const record = call.findForWrite(i);
    if (gone) {
      // The value would be gone at once.
      if (record === 0) continue;
      db.remove(record);
      call.changed(i, Notify.generic, 'del');
      call.effect('DEL', args.copy(i));
      continue;
    }
    const target = assign(call, record, i, i + 1, expiry.instead);
    if (expireAt !== 0) db.setExpiry(target, expireAt);
    call.changed(i, Notify.string, 'set');
    const effect = ['SET', args.copy(i), args.copy(i + 1)];
    if (expireAt !== 0) {
      call.notify(i, Notify.generic, 'expire');
      call.effect(...effect, 'PXAT', expireAt);
    } else if (expiry.instead) call.effect(...effect, 'KEEPTTL');
    else call.effect(...effect);
  }
  call.reply.integer(1);
}

const row = {
  flags: ['write', 'denyoom'],
  acl: ['string'],
  group: 'string',
  complexity: 'O(N) with N keys',
} as const;

export const manyCommands: readonly CommandSpec[] = [
  {
    ...row,
    name: 'mset',
    arity: -3,
    keys: [keyRange({ access: 'OW', purpose: 'update', begin: 1, last: -1, step: 2 })],
    since: '1.0.1',
    summary: 'Sets several keys at once.',
    syntax: 'key value [key value ...]',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    run: mset,
  },
  {
    ...row,
    name: 'msetnx',
    arity: -3,
    keys: [keyRange({ access: 'OW', purpose: 'insert', begin: 1, last: -1, step: 2 })],
    since: '1.0.1',
    summary: 'Sets several keys, all or none, only if none of them exists.',
    syntax: 'key value [key value ...]',
    run: msetnx,
  },
  {
    ...row,
    name: 'msetex',
    arity: -4,
    keys: [{ access: 'OW', purpose: 'update', begin: 1, find: { keynum: 0, first: 1, step: 2 } }],
    since: '8.4.0',
    summary: 'Sets several keys, all or none, and when they expire.',
    syntax:
      'numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    run: msetex,
  },
];
