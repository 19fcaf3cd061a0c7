/** SET and its kin: whole values in. */
import type { Args } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { type CommandSpec, type KeySpec, keyAt1 } from '../../command/spec.ts';
import { SYNTAX_ERROR, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { type Comparison, comparisonHolds, isComparison } from './comparison.ts';
import {
  assign,
  checkLength,
  type ExpiryOption,
  expiryAt,
  expiryOf,
  noExpiryOption,
  readExpiryOption,
  replyValue,
} from './shared.ts';

interface SetOptions {
  condition: '' | 'NX' | 'XX' | Comparison;
  /** Argument index of what is compared with. */
  operand: number;
  get: boolean;
  readonly expiry: ExpiryOption;
}

function set(call: Call): void {
  if (call.count === 3) {
    const record = call.findForWrite(1);
    checkLength(call, call.args.length(2));
    assign(call, record, 1, 2);
    call.changed(1, Notify.string, 'set');
    call.reply.ok();
    return;
  }
  setWithOptions(call, readSetOptions(call));
}

function readSetOptions(call: Call): SetOptions {
  const options: SetOptions = {
    condition: '',
    operand: 0,
    get: false,
    expiry: noExpiryOption(),
  };
  const { args } = call;
  for (let i = 3; i < call.count; i++) {
    const keyword = args.keyword(i);
    if (keyword === 'NX' || keyword === 'XX') {
      if (options.condition !== '' && options.condition !== keyword) throw SYNTAX_ERROR;
      options.condition = keyword;
    } else if (isComparison(keyword)) {
      if (options.condition !== '' || i + 1 >= call.count) throw SYNTAX_ERROR;
      options.condition = keyword;
      options.operand = ++i;
    } else if (keyword === 'GET') options.get = true;
    else {
      i = readExpiryOption(call, options.expiry, keyword, i, 'KEEPTTL');
      if (i === 0) throw SYNTAX_ERROR;
    }
  }
  return options;
}

function setWithOptions(call: Call, options: SetOptions): void {
  const { args, db, reply } = call;
  checkLength(call, args.length(2));
  const expireAt = expiryOf(call, options.expiry);
  const record = call.findForWrite(1);
  const { condition, get } = options;
  const compares = condition !== '' && condition !== 'NX' && condition !== 'XX';
  if (record !== 0 && (get || compares) && db.typeOf(record) !== Type.string) throw WRONG_TYPE;
  const allowed = conditionHolds(call, record, options);
  if (get) replyValue(call, record);
  if (!allowed) {
    if (!get) reply.null();
    return;
  }
  if (expireAt !== 0 && expireAt <= call.nowMs && call.engine.keyspace.expiresOnLookup) {
    // The value would be gone at once.
    if (record !== 0) {
      db.remove(record);
      call.changed(1, Notify.generic, 'del');
      call.effect('DEL', args.copy(1));
    }
  } else {
    const keepTtl = options.expiry.instead;
    const target = assign(call, record, 1, 2, keepTtl);
    if (expireAt !== 0) db.setExpiry(target, expireAt);
    call.changed(1, Notify.string, 'set');
    if (expireAt !== 0) call.notify(1, Notify.generic, 'expire');
    const effect = ['SET', args.copy(1), args.copy(2)];
    if (expireAt !== 0) call.effect(...effect, 'PXAT', expireAt);
    else if (keepTtl) call.effect(...effect, 'KEEPTTL');
    else call.effect(...effect);
  }
  if (!get) reply.ok();
}

function conditionHolds(call: Call, record: Address, options: SetOptions): boolean {
  switch (options.condition) {
    case '':
      return true;
    case 'NX':
      return record === 0;
    case 'XX':
      return record !== 0;
    default:
      return comparisonHolds(call, record, options.condition, options.operand);
  }
}

function setnx(call: Call): void {
  checkLength(call, call.args.length(2));
  if (call.findForWrite(1) !== 0) {
    call.reply.integer(0);
    return;
  }
  assign(call, 0, 1, 2);
  call.changed(1, Notify.string, 'set');
  call.reply.integer(1);
}

function setexWith(unit: 'EX' | 'PX') {
  return (call: Call): void => {
    const expireAt = expiryAt(call, unit, 2);
    checkLength(call, call.args.length(3));
    const record = assign(call, call.findForWrite(1), 1, 3);
    call.db.setExpiry(record, expireAt);
    call.changed(1, Notify.string, 'set');
    call.notify(1, Notify.generic, 'expire');
    call.effect('SET', call.args.copy(1), call.args.copy(3), 'PXAT', expireAt);
    call.reply.ok();
  };
}

function getset(call: Call): void {
  const record = call.findTypedForWrite(1, Type.string);
  checkLength(call, call.args.length(2));
  replyValue(call, record);
  assign(call, record, 1, 2);
  call.changed(1, Notify.string, 'set');
}

const [OVERWRITTEN] = keyAt1('OW', 'update');
const [READ_TOO] = keyAt1('RW', 'update', true);
const TELLS_OF_OLD = ['GET', 'IFEQ', 'IFNE', 'IFDEQ', 'IFDNE'];

/** SET reads the key only with an option that tells of its value. */
function setKey(args: Args): KeySpec {
  for (let i = 3; i < args.count; i++) {
    if (TELLS_OF_OLD.includes(args.keyword(i))) return READ_TOO!;
  }
  return OVERWRITTEN!;
}

export const setCommands: readonly CommandSpec[] = [
  {
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [{ ...keyAt1('RW', 'update', true)[0]!, varies: setKey }],
    acl: ['string'],
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key to a string, whatever it held before.',
    syntax:
      'key value [NX | XX | IFEQ value | IFNE value | IFDEQ digest | IFDNE digest] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]',
    run: set,
  },
  {
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('OW', 'insert'),
    acl: ['string'],
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key only if it does not exist.',
    syntax: 'key value',
    run: setnx,
  },
  {
    name: 'setex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt1('OW', 'update'),
    acl: ['string'],
    group: 'string',
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key that expires after some seconds.',
    syntax: 'key seconds value',
    run: setexWith('EX'),
  },
  {
    name: 'psetex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt1('OW', 'update'),
    acl: ['string'],
    group: 'string',
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Sets a key that expires after some milliseconds.',
    syntax: 'key milliseconds value',
    run: setexWith('PX'),
  },
  {
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update', true),
    acl: ['string'],
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key and returns what it held.',
    syntax: 'key value',
    run: getset,
  },
];
