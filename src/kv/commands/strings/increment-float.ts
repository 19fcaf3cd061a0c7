/** INCRBYFLOAT: strings as floating point numbers, with the digits that Redis gives. */
import type { Call } from '../../command/call.ts';
import {
  addLongDoubles,
  formatLongDouble,
  type LongDouble,
  parseLongDouble,
} from '../../command/long-double.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { NOT_A_FLOAT, ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { assignBytes } from './shared.ts';

const NOT_FINITE = new ReplyError('ERR increment would produce NaN or Infinity');
const ZERO: LongDouble = { mantissa: 0n, exponent: 0 };

function incrbyfloat(call: Call): void {
  const { args, db } = call;
  const record = call.findTypedForWrite(1, Type.string);
  const old = record === 0 ? ZERO : parseLongDouble(db.valueBytes(record).toString('latin1'));
  const by = parseLongDouble(args.text(2));
  if (old === undefined || by === undefined) throw NOT_A_FLOAT;
  if (old === 'infinite' || by === 'infinite') throw NOT_FINITE;
  const sum = addLongDoubles(old, by);
  if (sum === undefined) throw NOT_FINITE;
  const text = formatLongDouble(sum);
  const buf = Buffer.from(text, 'latin1');
  assignBytes(call, record, 1, { buf, start: 0, length: buf.length, keepExpiry: true });
  call.changed(1, Notify.string, 'incrbyfloat');
  call.effect('SET', args.copy(1), text, 'KEEPTTL');
  call.reply.bulk(buf);
}

export const incrementFloatCommands: readonly CommandSpec[] = [
  {
    name: 'incrbyfloat',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update', true),
    acl: ['string'],
    group: 'string',
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Adds a float to the number of a key; a missing key counts as 0.',
    syntax: 'key increment',
    run: incrbyfloat,
  },
];
