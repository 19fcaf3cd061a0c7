/** BITCOUNT and BITPOS: counting and finding bits. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { countBitRange, findBit } from '../../values/string/index.ts';
import { bitmapFamily } from './shared.ts';

const BAD_BIT = new ReplyError('ERR The bit argument must be 1 or 0.');

/** Whether the unit at an argument is the bit. */
function unitIsBit(call: Call, index: number): boolean {
  const unit = call.args.keyword(index);
  if (unit !== 'BIT' && unit !== 'BYTE') throw SYNTAX_ERROR;
  return unit === 'BIT';
}

/** The bits from unit `start` to unit `end`, inclusive, of a string of `bytes` bytes, cut to it. */
function bitRange(bytes: number, start: number, end: number, isBit: boolean) {
  const total = isBit ? bytes * 8 : bytes;
  const width = isBit ? 1 : 8;
  const first = start < 0 ? Math.max(0, total + start) : start;
  const last = Math.min(end < 0 ? Math.max(0, total + end) : end, total - 1);
  return { from: first * width, to: (last + 1) * width };
}

function bitcount(call: Call): void {
  const { db, reply } = call;
  let start = 0;
  let end = -1;
  let isBit = false;
  if (call.count === 4 || call.count === 5) {
    start = call.int(2);
    end = call.int(3);
    if (call.count === 5) isBit = unitIsBit(call, 4);
  } else if (call.count !== 2) throw SYNTAX_ERROR;
  const record = call.findTyped(1, Type.string);
  // Two ends before the string begins are not the same as the first unit.
  if (record === 0 || (start < 0 && end < 0 && start > end)) {
    reply.integer(0);
    return;
  }
  const { from, to } = bitRange(db.valueLength(record), start, end, isBit);
  reply.integer(countBitRange(db.bytesOf(record), db.valueOffset(record), from, to));
}

function bitpos(call: Call): void {
  const { db, reply } = call;
  const bit = call.int(2);
  if (bit !== 0 && bit !== 1) throw BAD_BIT;
  if (call.count > 6) throw SYNTAX_ERROR;
  const start = call.count > 3 ? call.int(3) : 0;
  const isBit = call.count === 6 && unitIsBit(call, 5);
  const end = call.count > 4 ? call.int(4) : -1;
  const record = call.findTyped(1, Type.string);
  if (record === 0) {
    // A missing key is zeros without end.
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  const { from, to } = bitRange(db.valueLength(record), start, end, isBit);
  const found = findBit(db.bytesOf(record), db.valueOffset(record), from, to, bit);
  // Behind a string without a given end zeros go on; a range that is empty has none.
  const endless = bit === 0 && call.count < 5 && from < to;
  reply.integer(found < 0 && endless ? to : found);
}

export const countCommands: readonly CommandSpec[] = [
  {
    ...bitmapFamily,
    name: 'bitcount',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '2.6.0',
    complexity: 'O(N) with N bytes looked at',
    summary: 'Counts the one bits of a string or a part of it.',
    syntax: 'key [start end [BYTE | BIT]]',
    run: bitcount,
  },
  {
    ...bitmapFamily,
    name: 'bitpos',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '2.8.7',
    complexity: 'O(N) with N bytes looked at',
    summary: 'Finds the first one or zero bit of a string or a part of it.',
    syntax: 'key bit [start [end [BYTE | BIT]]]',
    run: bitpos,
  },
];
