/** What ends a script that will not end, or that wants too much. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { printed, stateWith } from './cases.ts';
import { charge, createLuaState, LuaAbort, LuaError, PAUSE } from './index.ts';

const ENDLESS = {
  while: 'while true do end',
  repeat: 'repeat until false',
  numeric: 'for i = 1, math.huge do end',
  generic: 'for k in function() return 1 end do end',
  'tail call': 'local function f() return f() end f()',
  pcall: 'while true do pcall(function() while true do end end) end',
  pattern: `local s = ("a"):rep(40) return s:match(("a*"):rep(20) .. "b")`,
  coroutine: 'coroutine.wrap(function() while true do end end)()',
  'sort order': 'local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t) end',
  concat: 'local t = {} for i = 1, 1000 do t[i] = i end while true do table.concat(t) end',
  metamethod:
    'local t = setmetatable({}, {__index = function(t, k) while true do end end}) return t.x',
  'self reader': 'load(function() return " " end)',
};

describe('hook', () => {
  for (const [name, script] of Object.entries(ENDLESS)) {
    it(`can end an endless script: ${name}`, () => {
      let calls = 0;
      const hook = (): void => {
        calls++;
        if (calls === 50) throw new LuaAbort('killed');
      };
      const state = stateWith({}, { hook, hookEvery: 100, memoryBytesMax: 1 << 30 });
      assert.throws(() => state.compile(script, 's').run(), LuaAbort);
      assert.equal(calls, 50);
    });
  }

  it('is called once in so many steps, and counts start anew with every run', () => {
    const counts: number[] = [];
    const state = stateWith({}, { hook: (n) => counts.push(n), hookEvery: 10 });
    const chunk = state.compile('for i = 1, 95 do end', 's');
    chunk.run();
    assert.equal(counts.length, 8);
    chunk.run();
    assert.equal(counts.length, 16);
    assert.ok(counts.every((n) => n === 10));
  });

  it('may raise an error that the script can catch', () => {
    const state = stateWith(
      {},
      {
        hookEvery: 10,
        hook: () => {
          throw new LuaError('slow', 'slow');
        },
      },
    );
    assert.deepEqual(state.compile('return pcall(function() while true do end end)', 's').run(), [
      false,
      'slow',
    ]);
  });
});

describe('host errors', () => {
  it('pass through pcall, xpcall and coroutines unless they are Lua errors', () => {
    const bug = new TypeError('host bug');
    const state = stateWith({
      bug: () => {
        throw bug;
      },
      lua: () => {
        throw new LuaError('fine', 'fine');
      },
    });
    for (const script of [
      'pcall(bug)',
      'xpcall(bug, print)',
      'pcall(pcall, bug)',
      'coroutine.resume(coroutine.create(bug))',
      'pcall(coroutine.wrap(function() bug() end))',
    ]) {
      assert.throws(() => state.compile(script, 's').run(), bug);
    }
    assert.deepEqual(state.compile('return pcall(lua)', 's').run(), [false, 'fine']);
    assert.equal(state.compile('return 7', 's').run(), 7);
  });
});

describe('call depth', () => {
  const DEEP = {
    recursion: 'local function f() return 1 + f() end return pcall(f)',
    mutual:
      'local g local function f() return 1 + g() end function g() return 1 + f() end return pcall(f)',
    'pcall in pcall': 'local function f() local ok, e = pcall(f) error(e, 0) end return pcall(f)',
    metamethod:
      'local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return pcall(function() return t.x end)',
    gsub: 'local function f() return (("x"):gsub("x", f)) end return pcall(f)',
    sort: 'local function f() table.sort({1, 2, 3}, f) end return pcall(f)',
    tostring:
      'local t = setmetatable({}, {}) getmetatable(t).__tostring = function(t) return tostring(t) end return pcall(tostring, t)',
    coroutines: 'local function f() return coroutine.wrap(f)() end return pcall(f)',
    'wide frames': `local function f(${Array.from({ length: 150 }, (_, i) => `a${i}`).join(',')}) return 1 + f(1) end return pcall(f)`,
  };
  for (const [name, script] of Object.entries(DEEP)) {
    it(`is a Lua error: ${name}`, () => {
      const state = stateWith({});
      const result = state.compile(script, 's').run() as unknown[];
      assert.equal(result[0], false);
      assert.match(String(result[1]), /stack overflow/);
      assert.equal(state.compile('return 7', 's').run(), 7);
    });
  }

  it('allows a recursion of two thousand calls', () => {
    const script =
      'local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end print(f(2000))';
    assert.equal(printed(script, 's'), '2000\n');
  });

  it('refuses source that is nested too deep instead of running out of stack', () => {
    const state = stateWith({});
    for (const source of [
      `return ${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
      `return ${'{'.repeat(10_000)}${'}'.repeat(10_000)}`,
      'do '.repeat(10_000),
      `return ${'not '.repeat(10_000)}1`,
      `return 1${' + 1'.repeat(200_000)}`,
      `return a${'.b'.repeat(200_000)}`,
    ]) {
      assert.throws(() => state.compile(source, 's'), {
        name: 'LuaSyntaxError',
        message: /levels/,
      });
    }
  });
});

describe('memory', () => {
  /** A heap that grows by what is charged would; the engine asks for it now and then. */
  const growing = (perCheck: number): (() => number) => {
    let bytes = 100;
    return () => {
      bytes += perCheck;
      return bytes;
    };
  };

  it('refuses a huge string before it is built', () => {
    const state = stateWith({});
    for (const script of [
      'return pcall(string.rep, "x", 1e10)',
      'return pcall(string.rep, "abc", 2^40)',
      'return pcall(function() local s = ("x"):rep(2^25) return s .. s .. s end)',
      'return pcall(function() local s = ("x"):rep(2^25) return (("x"):rep(100):gsub("x", s)) end)',
      'return pcall(function() local s = ("x"):rep(2^25) return table.concat({s, s, s}) end)',
      'return pcall(function() local s = ("x"):rep(2^25) return ("%s%s%s"):format(s, s, s) end)',
      'return pcall(function() local s = ("x"):rep(2^25) return cjson.encode({s, s, s}) end)',
      'return pcall(function() local s = ("x"):rep(2^25) return cmsgpack.pack({s, s, s}) end)',
      'return pcall(function() local s = ("x"):rep(2^25) return cmsgpack.pack(s, s, s) end)',
      'return pcall(function() local s = ("x"):rep(2^25) return struct.pack("sss", s, s, s) end)',
    ]) {
      assert.deepEqual(state.compile(script, 's').run(), [false, 'not enough memory'], script);
    }
  });

  it('is a Lua error when the heap grows beyond the limit', () => {
    for (const script of [
      'local t = {} for i = 1, 1e9 do t[i] = i end',
      'local t = {} for i = 1, 1e9 do t["k" .. i] = i end',
      'local t for i = 1, 1e9 do t = {t} end',
      'local s = "" for i = 1, 1e9 do s = s .. "0123456789" end',
      'local t for i = 1, 1e9 do local u = t t = function() return u end end',
      'local t = {} for i = 1, 1e9 do t[i % 9] = coroutine.create(function() end) end',
      'local t for i = 1, 1e9 do t = host() end',
    ]) {
      const host = (): string => {
        charge(1000);
        return 'x'.repeat(1000);
      };
      const limits = { memoryBytesMax: 1 << 20, heapBytes: growing(1 << 19) };
      const state = stateWith({ host }, limits);
      const source = `return pcall(function() ${script} end)`;
      assert.deepEqual(state.compile(source, 's').run(), [false, 'not enough memory'], script);
    }
  });

  it('asks for a collection before it gives up', () => {
    const asked: boolean[] = [];
    const heapBytes = (collect: boolean): number => {
      asked.push(collect);
      return collect ? 1000 : 1000 + asked.length * (1 << 20);
    };
    const state = stateWith({}, { memoryBytesMax: 1 << 20, heapBytes });
    const script = 'local n = 0 for i = 1, 1e4 do n = n + #(("x"):rep(1000)) end return n';
    assert.equal(state.compile(script, 's').run(), 1e7);
    assert.ok(asked.includes(true));
  });

  it('does not count garbage', () => {
    const state = stateWith({}, { memoryBytesMax: 1 << 20, heapBytes: () => 5000 });
    const script =
      'local n = 0 for i = 1, 1e5 do local t = {i, i, i} n = n + #(i .. "text") end return n';
    assert.equal(typeof state.compile(script, 's').run(), 'number');
  });
});

describe('a pausable run', () => {
  /** Steps through a script with a pause at every hook; its results and how often it paused. */
  function stepped(script: string, pausable = true): { results: unknown; pauses: number } {
    const state = createLuaState({
      memoryBytesMax: 64 << 20,
      randomSeed: 0,
      hookEvery: 50,
      hook: () => true,
    });
    const run = state.start(state.compile(script, 's', pausable).main);
    for (let pauses = 0; ; pauses++) {
      const results = run.step();
      if (results !== PAUSE) return { results, pauses };
      // Others may run meanwhile.
      assert.equal(
        createLuaState({ memoryBytesMax: 1e6, randomSeed: 0 }).compile('return 1', 's').run(),
        1,
      );
    }
  }

  const scripts: [name: string, script: string, results: unknown][] = [
    ['a loop', 'local n = 0 for i = 1, 1000 do n = n + i end return n', 500500],
    [
      'nested calls',
      'local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(500)',
      500,
    ],
    ['pcall', 'return pcall(function() for i = 1, 1000 do end error("x", 0) end)', [false, 'x']],
    ['xpcall', 'return xpcall(function() for i = 1, 1000 do end return 7 end, print)', [true, 7]],
    [
      'repeat and while',
      'local i = 0 repeat i = i + 1 until i == 500 while i > 0 do i = i - 1 end return i',
      0,
    ],
  ];
  for (const [name, script, results] of scripts) {
    it(`pauses in ${name}`, () => {
      const outcome = stepped(script);
      assert.deepEqual(outcome.results, results);
      assert.ok(outcome.pauses >= 5, String(outcome.pauses));
    });
  }

  it('goes on where it can not pause', () => {
    const inSort =
      'local t = {} for i = 1, 200 do t[i] = -i end table.sort(t, function(a, b) return a < b end) return t[1]';
    assert.equal(stepped(inSort).results, -200);
    const inCoroutine =
      'local f = coroutine.wrap(function() for i = 1, 1000 do end coroutine.yield(5) end) return f()';
    assert.deepEqual(stepped(inCoroutine).results, [5]);
    assert.deepEqual(stepped('for i = 1, 1000 do end return 1', false), { results: 1, pauses: 0 });
  });

  it('keeps its limits over pauses', () => {
    const state = createLuaState({
      memoryBytesMax: 8 << 20,
      randomSeed: 0,
      hookEvery: 1000,
      hook: () => true,
    });
    const run = state.start(
      state.compile('local t = {} while true do t[#t + 1] = {} end', 's', true).main,
    );
    assert.throws(() => {
      for (;;) run.step();
    }, /not enough memory/);
  });
});
