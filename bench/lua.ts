/**
 * Speed of the Lua engine: `node bench/lua.ts [name]`.
 *
 * Each case runs for about a second after warming up and prints what it did in a second. The host
 * function of `evals` stands for `redis.call('incr', KEYS[1])` with the cheapest store there is.
 */
import { createLuaState, type LuaState, LuaTable } from '../src/kv/lua/index.ts';

interface Case {
  source: string;
  /** What one run counts as. */
  units: number;
  unit: string;
  keys?: string[];
}

const CASES: Record<string, Case> = {
  evals: {
    source: "return redis.call('incr', KEYS[1])",
    units: 1,
    unit: 'evals',
    keys: ['counter:1'],
  },
  limiter: {
    source: `
      local current = redis.call('incr', KEYS[1])
      local limit = tonumber(ARGV[1])
      if current == 1 then redis.call('pexpire', KEYS[1], ARGV[2]) end
      if current > limit then return {0, current - limit} end
      return {1, limit - current}`,
    units: 1,
    unit: 'evals',
    keys: ['counter:2'],
  },
  arithmetic: {
    source: 'local x = 0 for i = 1, 1000000 do x = x + i % 7 * 2 end return x',
    units: 1_000_000,
    unit: 'loop turns',
  },
  calls: {
    source: `
      local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
      return fib(24)`,
    units: 150_049,
    unit: 'calls',
  },
  strings: {
    source: `
      local s = ''
      for i = 1, 10000 do s = s .. 'item:' .. i .. ',' end
      return #s`,
    units: 10_000,
    unit: 'appends',
  },
  tables: {
    source: `
      local t = {}
      for i = 1, 10000 do t['k' .. i] = i end
      local sum = 0
      for k, v in pairs(t) do sum = sum + v end
      return sum`,
    units: 20_000,
    unit: 'entries',
  },
  fields: {
    source: `
      local p = {x = 1, y = 2}
      for i = 1, 100000 do p.x = p.x + p.y end
      return p.x`,
    units: 100_000,
    unit: 'updates',
  },
  sort: {
    source: `
      local t = {}
      local x = 42
      for i = 1, 10000 do x = (x * 16807) % 2147483647 t[i] = x end
      table.sort(t, function(a, b) return a > b end)
      return t[1]`,
    units: 10_000,
    unit: 'sorted items',
  },
  json: {
    source: `
      local text = '{"a":[1,2,3,{"b":null}],"name":"some text","n":12.5}'
      for i = 1, 100 do text = cjson.encode(cjson.decode(text)) end
      return text`,
    units: 100,
    unit: 'round trips',
  },
};

function newState(): LuaState {
  const state = createLuaState({ memoryBytesMax: 256 << 20, randomSeed: 0, hook: () => {} });
  const counters = new Map<string, number>();
  const call = (command: unknown, key: unknown): number => {
    if (command !== 'incr' || typeof key !== 'string') return 1;
    const value = (counters.get(key) ?? 0) + 1;
    counters.set(key, value);
    return value;
  };
  state.globals.set('redis', LuaTable.fromEntries([['call', call]]));
  return state;
}

function measure(state: LuaState, name: string, c: Case): void {
  const chunk = state.compile(c.source, 'user_script');
  const run = (): void => {
    state.globals.set('KEYS', LuaTable.fromArray(c.keys?.slice() ?? []));
    state.globals.set('ARGV', LuaTable.fromArray(['1000000000', '60000']));
    chunk.run();
  };
  const spin = (ms: number): { runs: number; elapsedMs: number } => {
    const start = performance.now();
    let runs = 0;
    let elapsedMs = 0;
    do {
      for (let i = 0; i < 16; i++) run();
      runs += 16;
      elapsedMs = performance.now() - start;
    } while (elapsedMs < ms);
    return { runs, elapsedMs };
  };
  spin(300);
  const { runs, elapsedMs } = spin(700);
  const rate = (runs * c.units * 1000) / elapsedMs;
  console.log(
    `${name.padEnd(12)}${Math.round(rate).toLocaleString('en').padStart(14)} ${c.unit}/s`,
  );
}

const wanted = process.argv[2];
const state = newState();
for (const [name, c] of Object.entries(CASES)) {
  if (wanted === undefined || wanted === name) measure(state, name, c);
}
