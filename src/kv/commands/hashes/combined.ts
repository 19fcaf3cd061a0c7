/** HGETEX, HSETEX and HGETDEL: reading or writing fields together with their expiry or removal. */
import type { Call, EffectArg } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import {
  deleteField,
  lengthOf,
  setField,
  setFieldExpiry,
  toLarge,
  wasLive,
} from '../../values/hash/index.ts';
import { FieldExpiry, persistFields } from './expire.ts';
import { COUNT_NOT_POSITIVE, fieldList } from './field-list.ts';
import { type CombinedOptions, combinedOptions } from './options.ts';
import { createHash, fieldAt, fieldsRemoved, fieldTime, replyField } from './shared.ts';

const WRONG_COUNT = new ReplyError('ERR wrong number of arguments');

function replyFields(call: Call, record: Address, first: number): void {
  call.reply.array(call.count - first);
  for (let i = first; i < call.count; i++) replyField(call, fieldAt(call, record, i));
}

function hgetex(call: Call): void {
  const record = call.findTypedForWrite(1, Type.hash);
  const options = combinedOptions(call, 'hgetex');
  const first = fieldList(call, options.fieldsAt);
  replyFields(call, record, first);
  if (options.persist) persistFields(call, record, first, () => {});
  else if (options.expireAt !== 0) {
    const expiry = new FieldExpiry(call, record, options.expireAt);
    for (let i = first; i < call.count; i++) expiry.set(i, '');
    expiry.finish();
  }
}

function hgetdel(call: Call): void {
  const { args, db } = call;
  let record = call.findTypedForWrite(1, Type.hash);
  const first = fieldList(call, 2);
  replyFields(call, record, first);
  let removed = 0;
  const effect: EffectArg[] = ['HDEL', args.copy(1)];
  for (let i = first; record !== 0 && i < call.count; i++) {
    const now = fieldTime(call);
    const left = deleteField(db, record, now, args.buf, args.start(i), args.length(i));
    if (left === 0) continue;
    record = left;
    removed++;
    effect.push(args.copy(i));
    if (lengthOf(db, record) === 0) break;
  }
  if (removed === 0) return;
  call.effect(...effect);
  fieldsRemoved(call, db, record, 'hdel');
}

function hsetex(call: Call): void {
  const found = call.findTypedForWrite(1, Type.hash);
  const options = combinedOptions(call, 'hsetex');
  const first = options.fieldsAt + 2;
  if (first > call.count) throw WRONG_COUNT;
  const count = call.intBetween(first - 1, 1, Number.POSITIVE_INFINITY, COUNT_NOT_POSITIVE);
  if (count * 2 !== call.count - first) throw WRONG_COUNT;
  if (options.condition !== '' && !conditionHolds(call, found, options, first)) {
    call.reply.integer(0);
    return;
  }
  if (options.expireAt !== 0 && options.expireAt <= fieldTime(call)) {
    removePairs(call, found, first);
  } else setPairs(call, found, options, first);
  call.reply.integer(1);
}

/** FNX: none of the fields is there; FXX: all are. */
function conditionHolds(
  call: Call,
  record: Address,
  options: CombinedOptions,
  first: number,
): boolean {
  for (let i = first; i < call.count; i += 2) {
    const there = fieldAt(call, record, i) !== undefined;
    if (there !== (options.condition === 'FXX')) return false;
  }
  return true;
}

/** The fields would be gone at once. */
function removePairs(call: Call, found: Address, first: number): void {
  const { args, db } = call;
  const effect: EffectArg[] = ['HDEL', args.copy(1)];
  let record = found;
  for (let i = first; record !== 0 && i < call.count; i += 2) {
    const now = fieldTime(call);
    const left = deleteField(db, record, now, args.buf, args.start(i), args.length(i));
    if (left === 0) continue;
    record = left;
    effect.push(args.copy(i));
    if (lengthOf(db, record) === 0) break;
  }
  if (effect.length === 2) return;
  call.effect(...effect);
  fieldsRemoved(call, db, record, 'hdel');
}

function setPairs(call: Call, found: Address, options: CombinedOptions, first: number): void {
  const { args, db } = call;
  const { buf } = args;
  const limits = call.engine.settings;
  const now = fieldTime(call);
  const pairs = (call.count - first) >>> 1;
  const gone: Buffer[] = [];
  let record = found === 0 ? createHash(call) : found;
  if (pairs > limits.hashMaxListpackEntries && !db.isLarge(record)) {
    record = toLarge(db, record, pairs);
  }
  for (let i = first; i < call.count; i += 2) {
    const start = args.start(i);
    const length = args.length(i);
    const before = lengthOf(db, record);
    record = setField(
      db,
      record,
      limits,
      now,
      buf,
      start,
      length,
      buf,
      args.start(i + 1),
      args.length(i + 1),
      options.keepTtl,
    );
    if (!wasLive && lengthOf(db, record) === before) gone.push(args.copy(i), args.copy(i + 1));
    if (options.expireAt !== 0) {
      record = setFieldExpiry(db, record, buf, start, length, options.expireAt);
    }
  }
  // Expired fields whose place was taken: a replay would still find them and keep their expiry.
  if (options.keepTtl && gone.length > 0) {
    call.effect('HSETEX', args.copy(1), 'FIELDS', gone.length / 2, ...gone);
  }
  const effect: EffectArg[] = ['HSETEX', args.copy(1)];
  if (options.keepTtl) effect.push('KEEPTTL');
  if (options.expireAt !== 0) effect.push('PXAT', options.expireAt);
  call.effect(...effect, 'FIELDS', pairs, ...args.copies(first));
  call.changed(1, Notify.hash, 'hset');
  if (options.expireAt !== 0) call.notify(1, Notify.hash, 'hexpire');
}

const metadata = {
  arity: -5,
  flags: ['write', 'fast'],
  acl: ['hash'],
  group: 'hash',
  since: '8.0.0',
  complexity: 'O(N) with N fields given',
} as const;

const EXPIRY_SYNTAX =
  'EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds';

export const combinedCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'hgetex',
    keys: keyAt1('RW', 'update', true),
    summary: 'Returns the values of fields and sets or takes away their expiry.',
    syntax: `key [${EXPIRY_SYNTAX} | PERSIST] FIELDS numfields field [field ...]`,
    run: hgetex,
  },
  {
    ...metadata,
    name: 'hsetex',
    arity: -6,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update'),
    summary: 'Sets fields with one expiry, if none or all of them exist when that is asked for.',
    syntax: `key [FNX | FXX] [${EXPIRY_SYNTAX} | KEEPTTL] FIELDS numfields field value [field value ...]`,
    run: hsetex,
  },
  {
    ...metadata,
    name: 'hgetdel',
    keys: keyAt1('RW', 'delete', true),
    summary: 'Returns the values of fields and removes them; the key goes with the last.',
    syntax: 'key FIELDS numfields field [field ...]',
    run: hgetdel,
  },
];
