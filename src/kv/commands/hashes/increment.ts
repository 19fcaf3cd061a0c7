/** HINCRBY and HINCRBYFLOAT: fields as numbers. */
import type { Call } from '../../command/call.ts';
import {
  addLongDoubles,
  formatLongDouble,
  type LongDouble,
  parseLongDouble,
} from '../../command/long-double.ts';
import { parseBigInteger, parseInteger } from '../../command/numbers.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { NOT_A_FLOAT, OVERFLOW, ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { lengthOf, setField, wasLive } from '../../values/hash/index.ts';
import { createHash, fieldAt, fieldTime } from './shared.ts';

const HASH_NOT_INTEGER = new ReplyError('ERR hash value is not an integer');
const HASH_NOT_FLOAT = new ReplyError('ERR hash value is not a float');
const NOT_FINITE = new ReplyError('ERR value is NaN or Infinity');
const SUM_NOT_FINITE = new ReplyError('ERR increment would produce NaN or Infinity');
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const ZERO: LongDouble = { mantissa: 0n, exponent: 0 };

/**
 * Makes a text the value of the field at argument 2, whose expiry stays. True when the field took the
 * place of an expired one, which a replay would still find.
 */
function store(call: Call, found: Address, text: string): boolean {
  const { args, db } = call;
  const before = found === 0 ? 0 : lengthOf(db, found);
  const value = Buffer.from(text, 'latin1');
  const record = setField(
    db,
    found === 0 ? createHash(call) : found,
    call.engine.settings,
    fieldTime(call),
    args.buf,
    args.start(2),
    args.length(2),
    value,
    0,
    value.length,
    true,
  );
  return !wasLive && lengthOf(db, record) === before;
}

function hincrby(call: Call): void {
  const { args, reply } = call;
  const by = call.int(3);
  const record = call.findTypedForWrite(1, Type.hash);
  const field = fieldAt(call, record, 2);
  let sum = by;
  let exact: bigint | undefined;
  if (field !== undefined) {
    const end = field.start + field.length;
    const old = parseInteger(field.buf, field.start, end);
    if (Number.isNaN(old)) throw HASH_NOT_INTEGER;
    sum += old;
    if (!Number.isSafeInteger(sum) || !Number.isSafeInteger(by) || !Number.isSafeInteger(old)) {
      exact = (parseBigInteger(field.buf, field.start, end) ?? 0n) + call.bigInt(3);
    }
  } else if (!Number.isSafeInteger(by)) exact = call.bigInt(3);
  if (exact !== undefined && (exact > INT64_MAX || exact < INT64_MIN)) throw OVERFLOW;
  const text = String(exact ?? sum);
  if (store(call, record, text)) call.effect('HSET', args.copy(1), args.copy(2), text);
  call.changed(1, Notify.hash, 'hincrby');
  if (exact === undefined) reply.integer(sum);
  else reply.bigInteger(exact);
}

function hincrbyfloat(call: Call): void {
  const { args, reply } = call;
  const by = parseLongDouble(args.text(3));
  if (by === undefined) throw NOT_A_FLOAT;
  if (by === 'infinite') throw NOT_FINITE;
  const record = call.findTypedForWrite(1, Type.hash);
  const field = fieldAt(call, record, 2);
  let old = ZERO;
  if (field !== undefined) {
    const { buf, start, length } = field;
    const parsed = parseLongDouble(buf.toString('latin1', start, start + length));
    if (parsed === undefined) throw HASH_NOT_FLOAT;
    if (parsed === 'infinite') throw SUM_NOT_FINITE;
    old = parsed;
  }
  const expires = field !== undefined && field.expireAt !== 0;
  const sum = addLongDoubles(old, by);
  if (sum === undefined) throw SUM_NOT_FINITE;
  const text = formatLongDouble(sum);
  store(call, record, text);
  // HSET would take the expiry away.
  if (expires) {
    call.effect('HSETEX', args.copy(1), 'KEEPTTL', 'FIELDS', 1, args.copy(2), text);
  } else call.effect('HSET', args.copy(1), args.copy(2), text);
  call.changed(1, Notify.hash, 'hincrbyfloat');
  reply.bulkText(text);
}

const metadata = {
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: keyAt1('RW', 'update', true),
  acl: ['hash'],
  group: 'hash',
  complexity: 'O(1)',
} as const;

export const incrementCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'hincrby',
    since: '2.0.0',
    summary: 'Adds an integer to the integer of a field; a missing field counts as 0.',
    syntax: 'key field increment',
    run: hincrby,
  },
  {
    ...metadata,
    name: 'hincrbyfloat',
    since: '2.6.0',
    summary: 'Adds a float to the number of a field; a missing field counts as 0.',
    syntax: 'key field increment',
    run: hincrbyfloat,
  },
];
