/** BITOP: bitwise combinations of strings. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { type BitSource, combineBits, markRaw } from '../../values/string/index.ts';
import { assignBytes } from '../strings/shared.ts';
import { bitmapFamily } from './shared.ts';

const ONE_SOURCE = new ReplyError('ERR BITOP NOT must be called with a single source key.');
const NO_BYTES = Buffer.alloc(0);

/** Operations by name, with the number of sources that they need. */
const OPERATIONS = {
  AND: 1,
  OR: 1,
  XOR: 1,
  NOT: 1,
  DIFF: 2,
  DIFF1: 2,
  ANDOR: 2,
  ONE: 1,
} as const;

function isOperation(word: string): word is keyof typeof OPERATIONS {
  return Object.hasOwn(OPERATIONS, word);
}

function source(call: Call, index: number): BitSource {
  const { db } = call;
  const record = call.find(index);
  if (record === 0) return { bytes: NO_BYTES, start: 0, length: 0 };
  if (db.typeOf(record) !== Type.string) throw WRONG_TYPE;
  return {
    bytes: db.bytesOf(record),
    start: db.valueOffset(record),
    length: db.valueLength(record),
  };
}

function bitop(call: Call): void {
  const operation = call.args.keyword(1);
  if (!isOperation(operation)) throw SYNTAX_ERROR;
  if (operation === 'NOT' && call.count !== 4) throw ONE_SOURCE;
  if (call.count - 3 < OPERATIONS[operation]) {
    throw new ReplyError(`ERR BITOP ${operation} must be called with at least two source keys.`);
  }
  const sources: BitSource[] = [];
  for (let i = 3; i < call.count; i++) sources.push(source(call, i));
  const combined = combineBits(operation, sources);
  const { length } = combined;
  if (length > 0) {
    const value = { buf: combined, start: 0, length };
    markRaw(call.db, assignBytes(call, call.findForWrite(2), 2, value));
    call.changed(2, Notify.string, 'set');
  } else if (call.removeKey(2)) call.changed(2, Notify.generic, 'del');
  call.reply.integer(length);
}

export const combineCommands: readonly CommandSpec[] = [
  {
    ...bitmapFamily,
    name: 'bitop',
    arity: -4,
    flags: ['write', 'denyoom'],
    keys: [
      keyRange({ access: 'OW', purpose: 'update', begin: 2, last: 0 }),
      keyRange({ access: 'RO', purpose: 'access', begin: 3, last: -1 }),
    ],
    since: '2.6.0',
    complexity: 'O(N) with N bytes of all sources',
    summary: 'Combines strings bit by bit and stores the result.',
    syntax: '<AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]',
    run: bitop,
  },
];
