/** SET and its kin: whole values in. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { SYNTAX_ERROR, WRONG_TYPE, wrongArity } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { assign, checkLength, expiryAt, isExpiryOption, replyValue } from './shared.ts';

interface SetOptions {
  condition: '' | 'NX' | 'XX' | 'IFEQ' | 'IFNE';
  /** Argument index of the value compared with. */
  compareIndex: number;
  get: boolean;
  keepTtl: boolean;
  /** Unix ms; 0 for none. */
  expireAt: number;
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
  setWithOptions(call, readSetOptions(call, 3));
}

function readSetOptions(call: Call, from: number): SetOptions {
  const options: SetOptions = {
    condition: '',
    compareIndex: 0,
    get: false,
    keepTtl: false,
    expireAt: 0,
  };
  const { args } = call;
  for (let i = from; i < call.count; i++) {
    const keyword = args.keyword(i);
    if (keyword === 'NX' || keyword === 'XX') {
      if (options.condition !== '' && options.condition !== keyword) throw SYNTAX_ERROR;
      options.condition = keyword;
    } else if (keyword === 'IFEQ' || keyword === 'IFNE') {
      if (options.condition !== '' || i + 1 >= call.count) throw SYNTAX_ERROR;
      options.condition = keyword;
      options.compareIndex = ++i;
    } else if (keyword === 'GET') options.get = true;
    else if (keyword === 'KEEPTTL') {
      if (options.expireAt !== 0) throw SYNTAX_ERROR;
      options.keepTtl = true;
    } else if (isExpiryOption(keyword)) {
      if (options.expireAt !== 0 || options.keepTtl) throw SYNTAX_ERROR;
      options.expireAt = expiryAt(call, keyword, ++i);
    } else throw SYNTAX_ERROR;
  }
  return options;
}

function setWithOptions(call: Call, options: SetOptions): void {
  const { args, db, reply } = call;
  checkLength(call, args.length(2));
  const record = call.findForWrite(1);
  const compares = options.condition === 'IFEQ' || options.condition === 'IFNE';
  if (record !== 0 && (options.get || compares) && db.typeOf(record) !== Type.string) {
    throw WRONG_TYPE;
  }
  const allowed = conditionHolds(call, record, options);
  if (options.get) replyValue(call, record);
  if (!allowed) {
    if (!options.get) reply.null();
    return;
  }
  const { expireAt } = options;
  if (expireAt !== 0 && expireAt <= call.nowMs) {
    // The value would be gone at once.
    if (record !== 0) {
      db.remove(record);
      call.changed(1, Notify.generic, 'del');
      call.effect('DEL', args.copy(1));
    }
  } else {
    const target = assign(call, record, 1, 2, options.keepTtl);
    if (expireAt !== 0) db.setExpiry(target, expireAt);
    call.changed(1, Notify.string, 'set');
    if (expireAt !== 0) call.notify(1, Notify.generic, 'expire');
    const effect = ['SET', args.copy(1), args.copy(2)];
    if (expireAt !== 0) call.effect(...effect, 'PXAT', expireAt);
    else if (options.keepTtl) call.effect(...effect, 'KEEPTTL');
    else call.effect(...effect);
  }
  if (!options.get) reply.ok();
}

function conditionHolds(call: Call, record: Address, options: SetOptions): boolean {
  switch (options.condition) {
    case '':
      return true;
    case 'NX':
      return record === 0;
    case 'XX':
      return record !== 0;
    case 'IFEQ':
      return record !== 0 && sameValue(call, record, options.compareIndex);
    case 'IFNE':
      return record === 0 || !sameValue(call, record, options.compareIndex);
  }
}

function sameValue(call: Call, record: Address, index: number): boolean {
  return call.db.valueBytes(record).equals(call.args.bytes(index));
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

function mset(call: Call): void {
  if (call.count % 2 === 0) throw wrongArity('mset');
  for (let i = 1; i < call.count; i += 2) checkLength(call, call.args.length(i + 1));
  for (let i = 1; i < call.count; i += 2) {
    assign(call, call.findForWrite(i), i, i + 1);
    call.changed(i, Notify.string, 'set');
  }
  call.reply.ok();
}

function msetnx(call: Call): void {
  if (call.count % 2 === 0) throw wrongArity('msetnx');
  for (let i = 1; i < call.count; i += 2) {
    checkLength(call, call.args.length(i + 1));
    if (call.findForWrite(i) !== 0) {
      call.reply.integer(0);
      return;
    }
  }
  for (let i = 1; i < call.count; i += 2) {
    // The same key may be named twice: then it is there by now.
    assign(call, call.findForWrite(i), i, i + 1);
    call.changed(i, Notify.string, 'set');
  }
  call.reply.integer(1);
}

export const setCommands: readonly CommandSpec[] = [
  {
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: keyAt1('RW', 'update'),
    acl: ['string'],
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key to a string, whatever it held before.',
    syntax:
      'key value [NX | XX | IFEQ comparison | IFNE comparison] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]',
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
    keys: keyAt1('RW', 'update'),
    acl: ['string'],
    group: 'string',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Sets a key and returns what it held.',
    syntax: 'key value',
    run: getset,
  },
  {
    name: 'mset',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [keyRange({ access: 'OW', purpose: 'update', begin: 1, last: -1, step: 2 })],
    acl: ['string'],
    group: 'string',
    since: '1.0.1',
    complexity: 'O(N) with N keys',
    summary: 'Sets several keys at once.',
    syntax: 'key value [key value ...]',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    run: mset,
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [keyRange({ access: 'OW', purpose: 'insert', begin: 1, last: -1, step: 2 })],
    acl: ['string'],
    group: 'string',
    since: '1.0.1',
    complexity: 'O(N) with N keys',
    summary: 'Sets several keys, all or none, only if none of them exists.',
    syntax: 'key value [key value ...]',
    run: msetnx,
  },
];
