// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The `math` table (manual §5.6). `random` and `randomseed` are Redis' deterministic ones.
 */
import { argError, checkInteger, checkNumber, toInteger } from './check.ts';
import { runtimeError } from './operations.ts';
import type { Prng } from './prng.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaReturn, LuaValue } from './value.ts';

/** REDIS_LRAND48_MAX. */
const RANDOM_MAX = 0x7fffffff;

const ONE_ARGUMENT: Record<string, (x: number) => number> = {
  abs: Math.abs,
  acos: Math.acos,
  asin: Math.asin,
  atan: Math.atan,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (x) => x / (Math.PI / 180),
  exp: Math.exp,
  floor: Math.floor,
  log: Math.log,
  log10: Math.log10,
  rad: (x) => x * (Math.PI / 180),
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};

const TWO_ARGUMENTS: Record<string, (x: number, y: number) => number> = {
  atan2: Math.atan2,
  // C's fmod, whose sign is the dividend's, is JavaScript's %.
  fmod: (x, y) => x % y,
  mod: (x, y) => x % y,
  pow: (x, y) => x ** y,
};

function frexp(value: LuaValue): LuaReturn {
  const x = checkNumber(value, 1, arguments.length);
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(x))) + 1);
  let mantissa = x * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent--;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent++;
  }
  return [mantissa, exponent];
}

function ldexp(value: LuaValue, by: LuaValue): LuaReturn {
  const x = checkNumber(value, 1, arguments.length);
  const exponent = Math.max(-2200, Math.min(2200, checkInteger(by, 2, arguments.length)));
  // In two halves, because 2^exponent alone may overflow.
  const half = Math.trunc(exponent / 2);
  return x * 2 ** half * 2 ** (exponent - half);
}

function modf(value: LuaValue): LuaReturn {
  const x = checkNumber(value, 1, arguments.length);
  const whole = Math.trunc(x);
  return [whole, Number.isFinite(x) ? x - whole : Number.isNaN(x) ? x : 0];
}

function extreme(args: LuaValue[], pick: (a: number, b: number) => boolean): LuaReturn {
  let best = checkNumber(args[0], 1, args.length);
  for (let i = 1; i < args.length; i++) {
    const x = checkNumber(args[i], i + 1, args.length);
    if (pick(x, best)) best = x;
  }
  return best;
}

function randomFunctions(random: Prng): Record<string, LuaFunction> {
  return {
    random(low, high) {
      const r = (random.next() % RANDOM_MAX) / RANDOM_MAX;
      if (arguments.length === 0) return r;
      if (arguments.length > 2) throw runtimeError('wrong number of arguments');
      const first = checkInteger(low, 1, arguments.length);
      if (arguments.length === 1) {
        if (first < 1) throw argError(1, 'interval is empty');
        return Math.floor(r * first) + 1;
      }
      const last = checkInteger(high, 2, arguments.length);
      if (first > last) throw argError(2, 'interval is empty');
      return Math.floor(r * (last - first + 1)) + first;
    },
    randomseed(seed) {
      random.seed(toInteger(checkNumber(seed, 1, arguments.length)));
      return [];
    },
  };
}

/** Makes the `math` table over a generator. */
export function mathLibrary(random: Prng): LuaTable {
  const functions: Record<string, LuaFunction> = {
    frexp,
    ldexp,
    modf,
    max: (...args) => extreme(args, (a, b) => a > b),
    min: (...args) => extreme(args, (a, b) => a < b),
    ...randomFunctions(random),
  };
  for (const [name, f] of Object.entries(ONE_ARGUMENT)) {
    functions[name] = function one(x) {
      return f(checkNumber(x, 1, arguments.length));
    };
  }
  for (const [name, f] of Object.entries(TWO_ARGUMENTS)) {
    functions[name] = function two(x, y) {
      return f(checkNumber(x, 1, arguments.length), checkNumber(y, 2, arguments.length));
    };
  }
  const library = LuaTable.fromEntries(Object.entries(functions));
  library.set('pi', Math.PI);
  library.set('huge', Infinity);
  return library;
}
