/** Lua code reaches nothing but Lua values, and protected tables stay as they are. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { printed, stateWith } from './cases.ts';
import {
  all,
  CJSON_NULL,
  createLuaState,
  guardGlobals,
  LuaError,
  LuaTable,
  LuaThread,
  LuaUserdata,
  type LuaValue,
  typeName,
} from './index.ts';

const TEMPTING = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'length',
  'arr',
  'metatable',
  'call',
  'apply',
  'caller',
  'arguments',
  'globalThis',
  'process',
  'require',
  'resumable',
  'name',
];

function isLuaValue(value: unknown): boolean {
  if (value === null) return false;
  if (typeof value === 'object') {
    return value instanceof LuaTable || value instanceof LuaUserdata || value instanceof LuaThread;
  }
  return ['undefined', 'boolean', 'number', 'string', 'function'].includes(typeof value);
}

describe('sandbox', () => {
  it('shows no JavaScript property through any value', () => {
    const state = stateWith({ host: () => 1 });
    const values = ['{}', '{1}', '{a=1}', '_G', 'string', 'setmetatable({}, {})', '_VERSION', '""'];
    for (const value of values) {
      for (const key of TEMPTING) {
        const script = `local v, k = ${value}, "${key}" return v[k]`;
        assert.equal(state.compile(script, 's').run(), undefined, `${value}.${key}`);
      }
    }
    for (const value of ['print', 'host', 'function() end', '1', 'true', 'cjson.null', 'pcall']) {
      for (const key of TEMPTING) {
        const source = `local f = ${value} return pcall(function() return f["${key}"] end)`;
        const [ok] = all(state.compile(source, 's').run());
        assert.equal(ok, false, `${value}.${key}`);
      }
    }
  });

  it('keeps keys with JavaScript meaning as ordinary keys and names', () => {
    const script = TEMPTING.map(
      (key, i) => `do local ${key} = ${i} t.${key} = ${key} assert(t["${key}"] == ${i}) end`,
    ).join('\n');
    const state = stateWith({ t: new LuaTable() });
    state
      .compile(`local this, new, class, await, var, let = 1, 2, 3, 4, 5, 6\n${script}`, 's')
      .run();
    assert.equal(({} as Record<string, unknown>).arr, undefined);
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
  });

  it('lets no text of a script become JavaScript', () => {
    const text = fc.string({
      unit: fc.constantFrom(
        '"',
        "'",
        '`',
        '\\',
        '\n',
        '\r',
        '${',
        '}',
        '*/',
        '//',
        '\u0001',
        '\u0002',
        '\u0003',
        'a',
        '\0',
        '\u0085',
        '\xff',
      ),
      maxLength: 12,
    });
    const luaQuote = (s: string): string =>
      `"${[...s].map((c) => `\\${String(c.charCodeAt(0)).padStart(3, '0')}`).join('')}"`;
    const state = stateWith({});
    fc.assert(
      fc.property(text, text, (a, b) => {
        const script = `local t = {[${luaQuote(a)}] = ${luaQuote(b)}} return t[${luaQuote(a)}], ${luaQuote(a)} .. ${luaQuote(b)}`;
        assert.deepEqual(state.compile(script, 's').run(), [b, a + b]);
        const failing = state.compile(
          `return pcall(function() local t = {} return t[${luaQuote(a)}].x end)`,
          b,
        );
        assert.equal(all(failing.run())[0], false);
      }),
    );
  });

  it('gives only Lua values for programs of random library calls', () => {
    const names = printed(
      `for k, v in pairs(_G) do if type(v) == "table" and v ~= _G then for f, g in pairs(v) do
        if type(g) == "function" and f ~= "rep" then print(k .. "." .. f) end end
      elseif type(v) == "function" and k ~= "print" and k ~= "p" and k ~= "hex" then print(k) end end`,
      's',
    )
      .trim()
      .split('\n');
    const argument = fc.constantFrom(
      'nil',
      '1',
      '-1',
      '0',
      '2.5',
      '1e300',
      '0/0',
      '"x"',
      '"__proto__"',
      '"%d"',
      '""',
      '{}',
      '{1,2}',
      '_G',
      'print',
      'function() end',
      'cjson.null',
      'true',
      'string',
      'setmetatable({}, {__index = _G})',
      '"(a*"',
      '"\\0"',
    );
    const call = fc.tuple(fc.constantFrom(...names), fc.array(argument, { maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 6 }), (calls) => {
        const state = stateWith({ print: () => undefined });
        for (const [f, args] of calls) {
          let results: LuaValue[];
          try {
            results = all(state.compile(`return pcall(${[f, ...args].join(', ')})`, 's').run());
          } catch (error) {
            // A script may well have replaced or removed what the next one calls.
            if (!(error instanceof LuaError)) throw error;
            continue;
          }
          for (const value of results) assert.ok(isLuaValue(value), `${f}: ${String(value)}`);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('has none of the functions that reach outside', () => {
    const { globals } = createLuaState({ memoryBytesMax: 1 << 20, randomSeed: 0 });
    for (const name of [
      'print',
      'dofile',
      'loadfile',
      'require',
      'module',
      'io',
      'debug',
      'package',
      'newproxy',
    ]) {
      assert.equal(globals.get(name), undefined, name);
    }
    assert.deepEqual(
      [...(globals.get('os') as LuaTable).entries()].map(([k]) => k),
      ['clock'],
    );
  });

  it('refuses precompiled chunks and characters beyond bytes', () => {
    const state = stateWith({});
    assert.throws(() => state.compile('\x1bLua', 's'), { name: 'LuaSyntaxError' });
    assert.throws(() => state.compile('return "\u20ac"', 's'), { name: 'LuaSyntaxError' });
  });
});

describe('guarded globals', () => {
  const guarded = (): ReturnType<typeof stateWith> => {
    const state = stateWith({ KEYS: LuaTable.fromArray(['k']) });
    guardGlobals(state);
    return state;
  };
  const WRITES = [
    'x = 1',
    'KEYS = nil',
    '_G.x = 1',
    'rawset(_G, "x", 1)',
    'string.rep = nil',
    'rawset(string, "rep", 1)',
    'table.insert(KEYS, "x")',
    'table.remove(KEYS)',
    'table.sort(KEYS)',
    'setmetatable(_G, nil)',
    'setmetatable(_G, {})',
    'getmetatable(_G).__index = nil',
    'getmetatable("").__index = {}',
    'setmetatable(string, {})',
    'cjson.null = 1',
    'function string.new() end',
    'for i = 1, 1 do y = i end',
  ];
  for (const write of WRITES) {
    it(`refuse to be changed: ${write}`, () => {
      const state = guarded();
      assert.throws(() => state.compile(write, 'user_script').run(), {
        message: /^(?:user_script:1: )?Attempt to modify a readonly table$/,
      });
      assert.equal(
        all(state.compile('return KEYS[1], type(string.rep)', 's').run()).join(),
        'k,function',
      );
    });
  }

  it('raise an error when an unknown one is read, and know the others', () => {
    const state = guarded();
    assert.throws(() => state.compile('\nreturn nothing', 'user_script').run(), {
      message: "user_script:2: Script attempted to access nonexistent global variable 'nothing'",
    });
    assert.equal(state.compile('return KEYS[1]', 's').run(), 'k');
  });

  it('can still be set by the host', () => {
    const state = guarded();
    state.globals.set('KEYS', LuaTable.fromArray(['other']));
    assert.equal(state.compile('return KEYS[1]', 's').run(), 'other');
  });
});

describe('states', () => {
  it('share nothing that scripts can change', () => {
    const a = stateWith({});
    const b = stateWith({});
    a.compile(
      'x = 1 string.rep = nil cjson.encode_max_depth(1) getmetatable("").__index = nil',
      's',
    ).run();
    assert.equal(b.compile('return x', 's').run(), undefined);
    assert.equal(b.compile('return ("x"):rep(2)', 's').run(), 'xx');
    assert.equal(b.compile('return cjson.encode({{{}}})', 's').run(), '[[{}]]');
    assert.equal(typeName(CJSON_NULL), 'userdata');
  });

  it('can run inside each other, each with its own limits and strings', () => {
    const inner = stateWith({}, { hookEvery: 5, hook: () => {} });
    inner.compile('string.only = function() return "inner" end', 's').run();
    const chunk = inner.compile('for i = 1, 20 do end return ("x"):only()', 's');
    const outer = stateWith({ inner: () => chunk.run() });
    assert.deepEqual(outer.compile('return inner(), ("x").only, ("y"):rep(2)', 's').run(), [
      'inner',
      undefined,
      'yy',
    ]);
  });

  it('go on with their random numbers unless told to start every run anew', () => {
    const source = 'return math.random()';
    const on = stateWith({}, { randomSeed: 7 }).compile(source, 's');
    assert.notEqual(on.run(), on.run());
    const anew = stateWith({}, { randomSeed: 7, reseedEveryRun: true }).compile(source, 's');
    assert.equal(anew.run(), anew.run());
  });
});
