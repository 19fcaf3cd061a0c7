/** INCR and its kin: strings as numbers. */
import type { Call } from '../../command/call.ts';
import { parseBigInteger, parseInteger } from '../../command/numbers.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { NOT_AN_INTEGER, OVERFLOW, ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { overwriteString } from '../../values/string/index.ts';
import { assignBytes } from './shared.ts';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** Holds the digits of a new value until they are copied into the record. */
const digits = Buffer.alloc(32);

function addBy(call: Call, by: number): void {
  const { db } = call;
  const record = call.findTypedForWrite(1, Type.string);
  let old = 0;
  let oldLength = 0;
  if (record !== 0) {
    const offset = db.valueOffset(record);
    oldLength = db.valueLength(record);
    old = parseInteger(db.bytesOf(record), offset, offset + oldLength);
    if (Number.isNaN(old)) throw NOT_AN_INTEGER;
  }
  const sum = old + by;
  if (!Number.isSafeInteger(sum) || !Number.isSafeInteger(old)) {
    addBig(call, BigInt(by));
    return;
  }
  const length = writeInteger(sum);
  if (length === oldLength) overwriteString(db, record, digits, 0);
  else assignBytes(call, record, 1, { buf: digits, start: 0, length, keepExpiry: true });
  call.changed(1, Notify.string, 'incrby');
  call.reply.integer(sum);
}

/** Writes a safe integer's digits into `digits`; returns how many. */
function writeInteger(n: number): number {
  if (n < 0 || n > 0x7fffffff) return digits.write(String(n), 0, 'latin1');
  let length = 1;
  for (let limit = 10; limit <= n; limit *= 10) length++;
  let rest = n | 0;
  for (let at = length - 1; at >= 0; at--) {
    const quotient = (rest / 10) | 0;
    digits[at] = 48 + rest - quotient * 10;
    rest = quotient;
  }
  return length;
}

function addBig(call: Call, by: bigint): void {
  const { db } = call;
  const record = call.findTypedForWrite(1, Type.string);
  let old = 0n;
  if (record !== 0) {
    const offset = db.valueOffset(record);
    const parsed = parseBigInteger(db.bytesOf(record), offset, offset + db.valueLength(record));
    if (parsed === undefined) throw NOT_AN_INTEGER;
    old = parsed;
  }
  const sum = old + by;
  if (sum > INT64_MAX || sum < INT64_MIN) throw OVERFLOW;
  const length = digits.write(sum.toString(), 0, 'latin1');
  assignBytes(call, record, 1, { buf: digits, start: 0, length, keepExpiry: true });
  call.changed(1, Notify.string, 'incrby');
  call.reply.bigInteger(sum);
}

function byArgument(call: Call, sign: 1 | -1): void {
  const by = call.int(2);
  if (Number.isSafeInteger(by)) {
    addBy(call, sign * by);
    return;
  }
  const exact = call.bigInt(2);
  if (sign < 0 && exact === INT64_MIN) {
    throw new ReplyError('ERR decrement would overflow');
  }
  addBig(call, sign < 0 ? -exact : exact);
}

const metadata = {
  keys: keyAt1('RW', 'update', true),
  flags: ['write', 'denyoom', 'fast'],
  acl: ['string'],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
} as const;

export const incrementCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'incr',
    arity: 2,
    summary: 'Adds one to the integer of a key; a missing key counts as 0.',
    syntax: 'key',
    run: (call) => addBy(call, 1),
  },
  {
    ...metadata,
    name: 'decr',
    arity: 2,
    summary: 'Takes one from the integer of a key; a missing key counts as 0.',
    syntax: 'key',
    run: (call) => addBy(call, -1),
  },
  {
    ...metadata,
    name: 'incrby',
    arity: 3,
    summary: 'Adds an integer to the integer of a key; a missing key counts as 0.',
    syntax: 'key increment',
    run: (call) => byArgument(call, 1),
  },
  {
    ...metadata,
    name: 'decrby',
    arity: 3,
    summary: 'Takes an integer from the integer of a key; a missing key counts as 0.',
    syntax: 'key decrement',
    run: (call) => byArgument(call, -1),
  },
];
