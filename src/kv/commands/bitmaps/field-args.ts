/** The subcommands of BITFIELD, read from the arguments. */
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { bitOffset } from './shared.ts';

export type Overflow = 'WRAP' | 'SAT' | 'FAIL';

export interface FieldOperation {
  readonly kind: 'GET' | 'SET' | 'INCRBY';
  readonly signed: boolean;
  /** Width: 1 to 64 for signed fields, to 63 for others. */
  readonly bits: number;
  /** Bit offset. */
  readonly offset: number;
  /** Argument of SET and INCRBY. */
  readonly value: bigint;
  readonly overflow: Overflow;
}

const BAD_TYPE = new ReplyError(
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
);
const BAD_OVERFLOW = new ReplyError('ERR Invalid OVERFLOW type specified');
const TYPE = /^([iu])([1-9][0-9]?)$/;

export function readOperations(call: Call): FieldOperation[] {
  const { args } = call;
  const operations: FieldOperation[] = [];
  let overflow: Overflow = 'WRAP';
  for (let i = 2; i < call.count; ) {
    const kind = args.keyword(i);
    const left = call.count - i - 1;
    if (kind === 'OVERFLOW' && left >= 1) {
      overflow = readOverflow(args.keyword(i + 1));
      i += 2;
      continue;
    }
    const isGet = kind === 'GET';
    if (!(isGet && left >= 2) && !((kind === 'SET' || kind === 'INCRBY') && left >= 3)) {
      throw SYNTAX_ERROR;
    }
    const { signed, bits } = readType(args.text(i + 1));
    const offset = bitOffset(call, i + 2, bits);
    const value = isGet ? 0n : call.bigInt(i + 3);
    operations.push({ kind, signed, bits, offset, value, overflow });
    i += isGet ? 3 : 4;
  }
  return operations;
}

function readOverflow(word: string): Overflow {
  if (word === 'WRAP' || word === 'SAT' || word === 'FAIL') return word;
  throw BAD_OVERFLOW;
}

function readType(text: string): { signed: boolean; bits: number } {
  const match = TYPE.exec(text);
  if (match === null) throw BAD_TYPE;
  const signed = match[1] === 'i';
  const bits = Number(match[2]);
  if (bits > (signed ? 64 : 63)) throw BAD_TYPE;
  return { signed, bits };
}
