/** SETBIT and GETBIT: one bit of a string. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { bitmapFamily, bitOffset, bitsForWrite } from './shared.ts';

const BAD_BIT = new ReplyError('ERR bit is not an integer or out of range');

function setbit(call: Call): void {
  const { db } = call;
  const offset = bitOffset(call, 2);
  const bit = call.intBetween(3, 0, 1, BAD_BIT);
  const found = call.findTypedForWrite(1, Type.string);
  const { record, grown } = bitsForWrite(call, found, offset);
  const bytes = db.bytesOf(record);
  const at = db.valueOffset(record) + Math.floor(offset / 8);
  const mask = 0x80 >>> (offset % 8);
  const byte = bytes[at]!;
  const old = (byte & mask) === 0 ? 0 : 1;
  if (grown || old !== bit) {
    bytes[at] = bit === 1 ? byte | mask : byte & ~mask;
    call.changed(1, Notify.string, 'setbit');
  }
  call.reply.integer(old);
}

function getbit(call: Call): void {
  const { db, reply } = call;
  const offset = bitOffset(call, 2);
  const record = call.findTyped(1, Type.string);
  const byteIndex = Math.floor(offset / 8);
  if (record === 0 || byteIndex >= db.valueLength(record)) {
    reply.integer(0);
    return;
  }
  const byte = db.bytesOf(record)[db.valueOffset(record) + byteIndex]!;
  reply.integer((byte >>> (7 - (offset % 8))) & 1);
}

export const bitCommands: readonly CommandSpec[] = [
  {
    ...bitmapFamily,
    name: 'setbit',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt1('RW', 'update', true),
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Sets or clears a bit of a string, made or lengthened with zeros when too short.',
    syntax: 'key offset value',
    run: setbit,
  },
  {
    ...bitmapFamily,
    name: 'getbit',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Returns a bit of a string.',
    syntax: 'key offset',
    run: getbit,
  },
];
