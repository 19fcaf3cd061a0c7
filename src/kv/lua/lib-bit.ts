// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The `bit` table of LuaJIT's BitOp: 32-bit signed results (bitop.luajit.org/api.html).
 */
import { checkNumber } from './check.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaReturn, LuaValue } from './value.ts';

/** The low 32 bits of a number rounded to the nearest integer (ties to even), as BitOp does it. */
function toBit(value: LuaValue, n: number, argc: number): number {
  const x = checkNumber(value, n, argc);
  if ((x | 0) === x) return x | 0;
  if (!Number.isFinite(x)) return 0;
  if (Number.isInteger(x)) return wrap(x);
  const floor = Math.floor(x);
  const rest = x - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return wrap(up ? floor + 1 : floor);
}

/** JavaScript's ToInt32 takes the integer modulo 2^32, exactly. */
const wrap = (x: number): number => x | 0;

type Binary = (a: number, b: number) => number;

const fold =
  (combine: Binary): LuaFunction =>
  (...args) => {
    let result = toBit(args[0], 1, args.length);
    for (let i = 1; i < args.length; i++)
      result = combine(result, toBit(args[i], i + 1, args.length));
    return result;
  };

function shift(move: Binary): LuaFunction {
  return function shifted(value, by) {
    const a = toBit(value, 1, arguments.length);
    return move(a, toBit(by, 2, arguments.length) & 31);
  };
}

function tohex(value: LuaValue, width: LuaValue): LuaReturn {
  const bits = toBit(value, 1, arguments.length) >>> 0;
  const wanted = arguments.length < 2 ? 8 : toBit(width, 2, arguments.length);
  const digits = Math.min(Math.abs(wanted), 8);
  const text = bits
    .toString(16)
    .padStart(8, '0')
    .slice(8 - digits);
  return wanted < 0 ? text.toUpperCase() : text;
}

function swapBytes(x: number): number {
  return (x >>> 24) | ((x >>> 8) & 0xff00) | ((x & 0xff00) << 8) | (x << 24);
}

/** Makes the `bit` table. */
export function bitLibrary(): LuaTable {
  const functions: Record<string, LuaFunction> = {
    tobit(x) {
      return toBit(x, 1, arguments.length);
    },
    bnot(x) {
      return ~toBit(x, 1, arguments.length);
    },
    bswap(x) {
      return swapBytes(toBit(x, 1, arguments.length));
    },
    band: fold((a, b) => a & b),
    bor: fold((a, b) => a | b),
    bxor: fold((a, b) => a ^ b),
    lshift: shift((a, n) => a << n),
    rshift: shift((a, n) => (a >>> n) | 0),
    arshift: shift((a, n) => a >> n),
    rol: shift((a, n) => (a << n) | (a >>> (32 - n))),
    ror: shift((a, n) => (a >>> n) | (a << (32 - n))),
    tohex,
  };
  return LuaTable.fromEntries(Object.entries(functions));
}
