/** EVAL and its kin: what scripts get, give and may not do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

const sha = (text: string): RegExp => new RegExp(` script: [0-9a-f]{40}, on ${text}\\.$`);

function evaluate(kv: TestStore, script: string, ...args: string[]): Reply {
  return kv.run('EVAL', script, 0, ...args);
}

/** The text of an error reply without the place that is added to it. */
function errorOf(reply: Reply): string {
  assert.ok(reply !== null && typeof reply === 'object' && 'error' in reply, JSON.stringify(reply));
  return reply.error.replace(/ script: [0-9a-f]{40}, on @user_script:[0-9]+\.$/, '');
}

describe('results of scripts', () => {
  const cases: [script: string, reply: Reply][] = [
    ['return 1', 1],
    ['return 2.9', 2],
    ['return -2.9', -2],
    ['return 0/0', -(2n ** 63n)],
    ['return 1e19', -(2n ** 63n)],
    ['return 1e18', 10n ** 18n],
    ['return "x\\255"', 'x\xff'],
    ['return true', 1],
    ['return false', null],
    ['return nil', null],
    ['return', null],
    ['return redis.call', null],
    ['return {1, 2, nil, 4}', [1, 2]],
    ['return {1, {2, {}}, "x"}', [1, [2, []], 'x']],
    ['return {a = 1}', []],
    ['return {ok = "fine\\r\\nthing"}', 'fine  thing'],
    ['return {ok = 1}', []],
    ['return {err = "MINE of it"}', { error: 'MINE of it' }],
    ['return {double = 1.5}', '1.5'],
    ['return {map = {a = 1}}', ['a', 1]],
    ['return {set = {x = true}}', ['x']],
    ['return {big_number = "12\\n3"}', '12 3'],
    ['return {verbatim_string = {string = "v", format = "txt"}}', 'v'],
    ['return redis.error_reply("one two")', { error: 'one two' }],
    ['return redis.error_reply("-one two")', { error: 'one two' }],
    ['return redis.error_reply("-one")', { error: 'ERR one' }],
    ['return redis.error_reply(1)', { error: 'ERR wrong number or type of arguments' }],
    ['return redis.status_reply("fine")', 'fine'],
    ['return redis.sha1hex("")', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['return redis.breakpoint()', null],
    ['return redis.replicate_commands()', 1],
    ['return server == redis', 1],
    ['return {redis.REPL_ALL, redis.REPL_SLAVE, redis.LOG_WARNING}', [3, 2, 3]],
    ['return {KEYS, ARGV}', [[], []]],
    [
      'return type(cjson.encode) .. type(cmsgpack.pack) .. type(bit.band) .. type(struct.pack)',
      'function'.repeat(4),
    ],
  ];
  const kv = createTestStore();
  for (const [script, reply] of cases) {
    it(script, () => assert.deepEqual(evaluate(kv, script), reply));
  }

  it('are maps, sets, doubles and booleans in RESP3', () => {
    const kv = createTestStore();
    kv.resp3 = true;
    assert.deepEqual(evaluate(kv, 'return {map = {a = 1}}'), { map: [['a', 1]] });
    assert.deepEqual(evaluate(kv, 'return {set = {x = true}}'), { set: ['x'] });
    assert.deepEqual(evaluate(kv, 'return {double = 1.5}'), { double: 1.5 });
    assert.deepEqual(evaluate(kv, 'return {big_number = "123"}'), 123n);
    const verbatim = 'return {verbatim_string = {string = "\\255", format = "txt"}}';
    assert.deepEqual(evaluate(kv, verbatim), { verbatim: '\xff' });
    assert.deepEqual(evaluate(kv, 'return true'), 1);
    assert.deepEqual(evaluate(kv, 'redis.setresp(3) return {true, false}'), [true, false]);
  });

  it('end in an error where tables nest without end', () => {
    let reply = evaluate(createTestStore(), 'local t = {} t[1] = t return t');
    while (Array.isArray(reply)) reply = reply[0];
    assert.deepEqual(reply, { error: 'ERR reached lua stack limit' });
  });
});

describe('redis.call', () => {
  it('runs commands with texts and numbers', () => {
    const kv = createTestStore();
    const script = 'return redis.call("set", KEYS[1], ARGV[1])';
    assert.equal(kv.run('EVAL', script, 1, 'k', 'v\xff'), 'OK');
    assert.equal(
      evaluate(kv, 'return redis.call("GET", "k")'),
      Buffer.from('v\xff').toString('latin1'),
    );
    const numbers = 'return redis.call("mset", "a", 3.3, "b", -0, "c", 1e100, "d", 2^53, 5, 6)';
    evaluate(kv, numbers);
    assert.deepEqual(kv.run('MGET', 'a', 'b', 'c', 'd', '5'), [
      '3.3',
      '0',
      '1e+100',
      '9007199254740992',
      '6',
    ]);
  });

  it('gives replies as Lua values', () => {
    const kv = createTestStore();
    kv.run('RPUSH', 'l', 'a', 'b');
    kv.run('HSET', 'h', 'f', 'v');
    kv.run('ZADD', 'z', 1.5, 'm');
    const cases: [string, Reply][] = [
      ['return redis.call("set", "x", 1).ok', 'OK'],
      ['return redis.call("get", "none") == false', 1],
      ['return redis.call("lrange", "l", 0, -1)', ['a', 'b']],
      ['return #redis.call("mget", "none", "x")', 2],
      ['return redis.call("incrby", "n", -12)', -12],
      ['return tostring(redis.call("incrby", "big", "9007199254740993"))', '9.007199254741e+15'],
      [
        'return redis.pcall("incr", "l").err',
        'WRONGTYPE Operation against a key holding the wrong kind of value',
      ],
      ['local ok, e = pcall(redis.call, "incr", "l") return type(e)', 'string'],
      ['redis.setresp(3) return redis.call("hgetall", "h").map.f', 'v'],
      ['redis.setresp(3) return tostring(redis.call("zscore", "z", "m").double)', '1.5'],
      ['redis.setresp(3) return redis.call("get", "none") == nil', 1],
      ['redis.setresp(3) redis.setresp(2) return redis.call("hgetall", "h")', ['f', 'v']],
    ];
    for (const [script, reply] of cases) assert.deepEqual(evaluate(kv, script), reply, script);
  });

  it('refuses what can not run', () => {
    const kv = createTestStore();
    const cases: [string, string][] = [
      ['redis.call()', 'ERR Please specify at least one argument for this redis lib call'],
      ['redis.call("nope")', 'ERR Unknown Redis command called from script'],
      ['redis.call("config|get", "x")', 'ERR Unknown Redis command called from script'],
      ['redis.call("script", "nope")', 'ERR Unknown Redis command called from script'],
      ['redis.call("get")', 'ERR Wrong number of args calling Redis command from script'],
      ['redis.call("get", {})', 'ERR Lua redis lib command arguments must be strings or integers'],
      ['redis.call("multi")', 'ERR This Redis command is not allowed from script'],
      ['redis.call("eval", "return 1", 0)', 'ERR This Redis command is not allowed from script'],
      ['redis.setresp(4)', 'ERR RESP version must be 2 or 3.'],
      [
        'redis.set_repl(9)',
        'ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.',
      ],
      ['redis.log(1)', 'ERR redis.log() requires two arguments or more.'],
      ['redis.log(4, "x")', 'ERR Invalid log level.'],
      ['redis.acl_check_cmd("nope")', 'ERR Invalid command passed to redis.acl_check_cmd()'],
    ];
    for (const [script, text] of cases) assert.equal(errorOf(evaluate(kv, script)), text, script);
  });

  it('selects databases for the script only', () => {
    const kv = createTestStore();
    assert.equal(evaluate(kv, 'redis.call("select", 3) return redis.call("set", "k", 1)'), 'OK');
    assert.equal(kv.run('EXISTS', 'k'), 0);
    assert.deepEqual(kv.effects(), [['db3', 'set', 'k', '1']]);
    assert.equal(evaluate(kv, 'return redis.call("exists", "k")'), 0);
  });

  it('does not wait', () => {
    assert.equal(evaluate(createTestStore(), 'return redis.call("blpop", "none", 0)'), null);
  });
});

describe('errors of scripts', () => {
  const kv = createTestStore();
  const cases: [script: string, text: string, place: string][] = [
    ['error("x")', 'ERR user_script:1: x', '@user_script:1'],
    ['\n\nerror("x", 0)', 'ERR x', '@user_script:3'],
    ['error({err = "MY own"})', 'MY own', '@user_script:1'],
    ['error(nil)', 'ERR nil', '@user_script:1'],
    [
      'local t = nil\nreturn t.x',
      "ERR user_script:2: attempt to index local 't' (a nil value)",
      '@user_script:2',
    ],
    ['x = 1', 'ERR user_script:1: Attempt to modify a readonly table', '@user_script:1'],
    [
      'return x',
      "ERR user_script:1: Script attempted to access nonexistent global variable 'x'",
      '@user_script:1',
    ],
    [
      'local function f() redis.call("get") end\n\nf()',
      'ERR Wrong number of args calling Redis command from script',
      '@user_script:1',
    ],
  ];
  for (const [script, text, place] of cases) {
    it(JSON.stringify(script), () => {
      const reply = evaluate(kv, script) as { error: string };
      assert.equal(errorOf(reply), text);
      assert.match(reply.error, sha(place));
    });
  }

  it('name no place when the script does not even compile', () => {
    assert.deepEqual(evaluate(kv, 'return ('), {
      error:
        "ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'",
    });
  });

  it('are counted once', () => {
    const kv = createTestStore();
    evaluate(kv, 'redis.call("nope")');
    assert.equal(kv.engine.stats.errorReplies, 1);
    evaluate(kv, 'return {err = "MY own"}');
    assert.equal(kv.engine.stats.errors.get('MY'), 1);
    evaluate(kv, 'return redis.pcall("nope")');
    assert.equal(kv.engine.stats.errorReplies, 3);
  });
});

describe('EVAL', () => {
  it('refuses wrong numbers of keys', () => {
    const kv = createTestStore();
    assert.deepEqual(kv.run('EVAL', 'return 1', 'a'), {
      error: 'ERR value is not an integer or out of range',
    });
    assert.deepEqual(kv.run('EVAL', 'return 1', 1), {
      error: "ERR Number of keys can't be greater than number of args",
    });
    assert.deepEqual(kv.run('EVAL', 'return 1', -1), {
      error: "ERR Number of keys can't be negative",
    });
  });

  it('reads the flags of the first line', () => {
    const kv = createTestStore();
    const cases: [string, Reply][] = [
      ['#!lua\nreturn 1', 1],
      ['#!lua flags=no-writes,allow-oom\nreturn 1', 1],
      ['#!lua "flags=no-writes"\nreturn 1', 1],
      ['#!lua', { error: 'ERR Invalid script shebang' }],
      ['#!lua "flags\nreturn 1', { error: 'ERR Invalid engine in script shebang' }],
      ['#!lub\nreturn 1', { error: 'ERR Unexpected engine in script shebang: #!lub' }],
      ['#!lua flags=x\nreturn 1', { error: 'ERR Unexpected flag in script shebang: x' }],
      ['#!lua x=y\nreturn 1', { error: 'ERR Unknown lua shebang option: x=y' }],
    ];
    for (const [script, reply] of cases) assert.deepEqual(evaluate(kv, script), reply, script);
    const reply = evaluate(kv, '#!lua\n\nerror("x")') as { error: string };
    assert.match(reply.error, sha('@user_script:3'));
  });

  it('lets read-only scripts read only', () => {
    const kv = createTestStore();
    const text = 'ERR Write commands are not allowed from read-only scripts.';
    const write = 'return redis.call("set", "k", 1)';
    assert.equal(errorOf(kv.run('EVAL_RO', write, 0)), text);
    assert.equal(errorOf(evaluate(kv, `#!lua flags=no-writes\n${write}`)), text);
    assert.deepEqual(kv.run('EVAL_RO', '#!lua\nreturn 1', 0), {
      error: 'ERR Can not execute a script with write flag using *_ro command.',
    });
    assert.equal(kv.run('EVAL_RO', 'return redis.call("get", "k")', 0), null);
  });

  it('runs inside a transaction', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    kv.run('EVAL', 'return redis.call("incr", "n")', 0);
    kv.run('EVALSHA', 'x', 0);
    assert.deepEqual(kv.run('EXEC'), [
      1,
      { error: 'NOSCRIPT No matching script. Please use EVAL.' },
    ]);
    assert.deepEqual(kv.effects(), [['incr', 'n']]);
  });
});

describe('the cache of scripts', () => {
  const DIGEST = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db';

  it('keeps what EVAL and SCRIPT LOAD bring', () => {
    const kv = createTestStore();
    assert.deepEqual(kv.run('EVALSHA', DIGEST, 0), {
      error: 'NOSCRIPT No matching script. Please use EVAL.',
    });
    assert.equal(kv.run('SCRIPT', 'LOAD', 'return 1'), DIGEST);
    assert.equal(kv.run('EVALSHA', DIGEST.toUpperCase(), 0), 1);
    assert.deepEqual(kv.run('SCRIPT', 'EXISTS', DIGEST, 'x'), [1, 0]);
    assert.equal(kv.run('SCRIPT', 'FLUSH', 'ASYNC'), 'OK');
    assert.deepEqual(kv.run('SCRIPT', 'EXISTS', DIGEST), [0]);
    kv.run('EVAL', 'return 1', 0);
    assert.equal(kv.run('EVALSHA_RO', DIGEST, 0), 1);
    assert.deepEqual(kv.run('SCRIPT', 'FLUSH', 'x'), {
      error: 'ERR SCRIPT FLUSH only support SYNC|ASYNC option',
    });
  });

  it('forgets the scripts of EVAL that were not used for longest, never loaded ones', () => {
    const kv = createTestStore();
    kv.run('SCRIPT', 'LOAD', 'return "loaded"');
    kv.run('EVAL', 'return 1', 0);
    kv.run('EVAL', 'return "other"', 0);
    for (let i = 2; i <= 500; i++) {
      assert.equal(kv.run('EVAL', `return ${i}`, 0), i);
      kv.run('EVALSHA', DIGEST, 0);
    }
    const { cache } = kv.engine.scripting;
    assert.equal(cache.count, 501);
    assert.equal(cache.evicted, 1);
    assert.deepEqual(kv.run('SCRIPT', 'EXISTS', DIGEST), [1]);
    assert.equal(kv.run('EVAL', 'return "other"', 0), 'other');
    assert.equal(kv.run('EVAL', 'return "loaded"', 0), 'loaded');
  });

  it('answers the other subcommands', () => {
    const kv = createTestStore();
    assert.equal(kv.run('SCRIPT', 'DEBUG', 'NO'), 'OK');
    assert.deepEqual(kv.run('SCRIPT', 'DEBUG', 'x'), { error: 'ERR Use SCRIPT DEBUG YES/SYNC/NO' });
    assert.deepEqual(kv.run('SCRIPT', 'KILL'), {
      error: 'NOTBUSY No scripts in execution right now.',
    });
    assert.equal((kv.run('SCRIPT', 'HELP') as Reply[]).length, 17);
  });
});
