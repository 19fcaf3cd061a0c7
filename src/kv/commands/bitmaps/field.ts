/** BITFIELD and BITFIELD_RO: strings as arrays of integers of any width. */
import type { Args } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { type CommandSpec, type KeySpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import {
  NUMBER_BITS_MAX,
  readField,
  readSmallField,
  writeField,
  writeSmallField,
} from '../../values/string/index.ts';
import { type FieldOperation, readOperations } from './field-args.ts';
import { newSmallValue, newValue } from './overflow.ts';
import { bitmapFamily, bitsForWrite } from './shared.ts';

const ONLY_GET = new ReplyError('ERR BITFIELD_RO only supports the GET subcommand');
/** SET and INCRBY with numbers beyond these go by bigints. */
const SMALL_MAX = 2n ** 40n;

function bitfield(call: Call): void {
  const operations = readOperations(call);
  let highest = -1;
  for (const operation of operations) {
    if (operation.kind === 'GET') continue;
    highest = Math.max(highest, operation.offset + operation.bits - 1);
  }
  if (highest < 0) {
    readAll(call, operations);
    return;
  }
  if (call.spec.name === 'bitfield_ro') throw ONLY_GET;
  const found = call.findTypedForWrite(1, Type.string);
  const { record, grown } = bitsForWrite(call, found, highest);
  call.reply.array(operations.length);
  let changed = grown;
  for (const operation of operations) {
    if (operation.kind === 'GET') replyField(call, record, operation);
    else if (writeOne(call, record, operation)) changed = true;
  }
  if (changed) call.changed(1, Notify.string, 'setbit');
}

function readAll(call: Call, operations: readonly FieldOperation[]): void {
  const record = call.findTyped(1, Type.string);
  call.reply.array(operations.length);
  for (const operation of operations) {
    if (record === 0) call.reply.integer(0);
    else replyField(call, record, operation);
  }
}

function replyField({ db, reply }: Call, record: Address, operation: FieldOperation): void {
  const { bits, offset, signed } = operation;
  const bytes = db.bytesOf(record);
  const base = db.valueOffset(record);
  const length = db.valueLength(record);
  if (bits <= NUMBER_BITS_MAX) {
    const value = readSmallField(bytes, base, length, offset, bits);
    reply.integer(signed ? signedOf(value, bits) : value);
  } else {
    const value = readField(bytes, base, length, offset, bits);
    reply.bigInteger(signed ? BigInt.asIntN(bits, value) : value);
  }
}

function signedOf(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}

/** SET or INCRBY, replied. Returns whether the field has another value now. */
function writeOne(call: Call, record: Address, operation: FieldOperation): boolean {
  const { bits, value } = operation;
  if (bits <= NUMBER_BITS_MAX && value < SMALL_MAX && value > -SMALL_MAX) {
    const done = writeSmall(call, record, operation, Number(value));
    if (done !== undefined) return done;
  }
  const { db, reply } = call;
  const { kind, offset, signed } = operation;
  const bytes = db.bytesOf(record);
  const base = db.valueOffset(record);
  const raw = readField(bytes, base, db.valueLength(record), offset, bits);
  const old = signed ? BigInt.asIntN(bits, raw) : raw;
  const next = newValue(operation, old);
  if (next === undefined) {
    reply.null();
    return false;
  }
  reply.bigInteger(kind === 'SET' ? old : next);
  writeField(bytes, base, offset, bits, next);
  return next !== old;
}

/** As `writeOne` in numbers; undefined, and nothing done, when the value overflows. */
function writeSmall(
  { db, reply }: Call,
  record: Address,
  operation: FieldOperation,
  by: number,
): boolean | undefined {
  const { kind, bits, offset, signed } = operation;
  const bytes = db.bytesOf(record);
  const base = db.valueOffset(record);
  const raw = readSmallField(bytes, base, db.valueLength(record), offset, bits);
  const old = signed ? signedOf(raw, bits) : raw;
  const next = newSmallValue(operation, old, by);
  if (next === undefined) return undefined;
  reply.integer(kind === 'SET' ? old : next);
  writeSmallField(bytes, base, offset, bits, next < 0 ? next + 2 ** bits : next);
  return next !== old;
}

const [READ_ONLY] = keyAt1('RO', 'access');
const [CHANGED] = keyAt1('RW', 'update', true);

/** BITFIELD only reads when all of its operations are GET. */
function fieldKey(args: Args): KeySpec {
  for (let i = 2; i < args.count; ) {
    const operation = args.keyword(i);
    if (operation === 'GET') i += 3;
    else if (operation === 'OVERFLOW') i += 2;
    else return CHANGED!;
  }
  return READ_ONLY!;
}

export const fieldCommands: readonly CommandSpec[] = [
  {
    ...bitmapFamily,
    name: 'bitfield',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: [{ ...keyAt1('RW', 'update', true)[0]!, varies: fieldKey }],
    since: '3.2.0',
    complexity: 'O(1) for each subcommand',
    summary: 'Reads and changes integers of any width inside a string.',
    syntax:
      'key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]]',
    run: bitfield,
  },
  {
    ...bitmapFamily,
    name: 'bitfield_ro',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    since: '6.0.0',
    complexity: 'O(1) for each subcommand',
    summary: 'Reads integers of any width inside a string.',
    syntax: 'key [GET encoding offset [GET encoding offset ...]]',
    run: bitfield,
  },
];
