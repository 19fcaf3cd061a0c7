/** Libraries of functions: loading, calling, listing, dumping. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

const LIB = '#!lua name=lib\n';
const library = (name: string, body: string): string =>
  `#!lua name=${name}\nredis.register_function('${body}', function(keys, args) return {keys, args} end)`;

function load(kv: TestStore, code: string): Reply {
  return kv.run('FUNCTION', 'LOAD', code);
}

describe('FUNCTION LOAD', () => {
  const faults: [code: string, text: string][] = [
    ['x', 'Missing library metadata'],
    ['#!lua name=lib', 'Invalid library metadata'],
    ['#!lua name=lib foo\n', 'Invalid metadata value given: foo'],
    ['#!lua name=a name=b\n', 'Invalid metadata value, name argument was given multiple times'],
    ['#!lua\n', 'Library name was not given'],
    ['#!foo name=a\nx', "Engine 'foo' not found"],
    [
      '#!lua name=a.b\nx',
      'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long',
    ],
    [`${LIB}x`, "Error compiling function: user_function:2: '=' expected near '<eof>'"],
    [`${LIB}return 1`, 'No functions registered'],
    [`${LIB}error("x")`, 'Error registering functions: ERR user_function:2: x'],
    [
      `${LIB}redis.call("get", "a")`,
      "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
    ],
    [
      `${LIB}x = 1`,
      'Error registering functions: ERR user_function:2: Attempt to modify a readonly table',
    ],
    [
      `${LIB}redis.register_function()`,
      'Error registering functions: ERR wrong number of arguments to redis.register_function',
    ],
    [
      `${LIB}redis.register_function("a", 2)`,
      'Error registering functions: ERR second argument to redis.register_function must be a function',
    ],
    [
      `${LIB}redis.register_function{}`,
      'Error registering functions: ERR redis.register_function must get a function name argument',
    ],
    [
      `${LIB}redis.register_function{function_name="x", callback=function() end, flags={"a"}}`,
      'Error registering functions: ERR unknown flag given',
    ],
    [
      `${LIB}redis.register_function{function_name="x", callback=function() end, foo=1}`,
      'Error registering functions: ERR unknown argument given to redis.register_function',
    ],
    [
      `${LIB}local f = function() end redis.register_function("a", f) redis.register_function("a", f)`,
      'Error registering functions: ERR Function already exists in the library',
    ],
  ];
  for (const [code, text] of faults) {
    it(`refuses ${JSON.stringify(code)}`, () => {
      const kv = createTestStore();
      assert.deepEqual(load(kv, code), { error: `ERR ${text}` });
      assert.deepEqual(kv.effects(), []);
    });
  }

  it('ends a library that loads for ever', () => {
    const reply = load(createTestStore({ realTime: true }), `${LIB}while true do end`);
    assert.deepEqual(reply, {
      error: 'ERR Error registering functions: ERR FUNCTION LOAD timeout',
    });
  });

  it('replaces only where it is told to, and only whole libraries', () => {
    const kv = createTestStore();
    assert.equal(load(kv, library('one', 'f')), 'one');
    assert.deepEqual(load(kv, library('one', 'g')), { error: "ERR Library 'one' already exists" });
    assert.deepEqual(load(kv, library('two', 'F')), { error: 'ERR Function F already exists' });
    assert.equal(kv.run('FUNCTION', 'LOAD', 'REPLACE', library('one', 'g')), 'one');
    assert.equal(load(kv, library('two', 'f')), 'two');
    assert.deepEqual(kv.run('FUNCTION', 'LOAD', 'REPLACE', library('two', 'g')), {
      error: 'ERR Function g already exists',
    });
    assert.deepEqual(kv.run('FCALL', 'f', 0), [[], []]);
    assert.deepEqual(kv.run('FUNCTION', 'LOAD', 'foo', library('x', 'x')), {
      error: 'ERR Unknown option given: foo',
    });
  });

  it('is logged, as are the other changes of libraries', () => {
    const kv = createTestStore();
    const code = library('one', 'f');
    load(kv, code);
    kv.run('FUNCTION', 'DELETE', 'one');
    kv.run('FUNCTION', 'DELETE', 'one');
    kv.run('FUNCTION', 'FLUSH');
    assert.deepEqual(kv.effects(), [
      ['FUNCTION', 'LOAD', code],
      ['FUNCTION', 'DELETE', 'one'],
      ['FUNCTION', 'FLUSH'],
    ]);
  });
});

describe('FCALL', () => {
  const code = `${LIB}
redis.register_function('echo', function(keys, args) return {keys, args} end)
redis.register_function{function_name='write', callback=function(keys) return redis.call('set', keys[1], 1) end}
redis.register_function{function_name='read', callback=function(keys) return redis.call('set', keys[1], 1) end, flags={'no-writes'}}
redis.register_function{function_name='late', callback=function() return redis.register_function('x', 1) end}
redis.register_function{function_name='globals', callback=function() return KEYS end}`;

  it('gives a function its keys and arguments', () => {
    const kv = createTestStore();
    load(kv, code);
    assert.deepEqual(kv.run('FCALL', 'echo', 1, 'a', 'b'), [['a'], ['b']]);
    assert.deepEqual(kv.run('FCALL', 'ECHO', 0), [[], []]);
    assert.equal(kv.run('FCALL', 'write', 1, 'k'), 'OK');
    assert.deepEqual(kv.effects().slice(1), [['set', 'k', '1']]);
  });

  it('says what is wrong', () => {
    const kv = createTestStore();
    load(kv, code);
    const cases: [string[], string][] = [
      [['FCALL', 'nope', '0'], 'Function not found'],
      [['FCALL', 'echo', 'x'], 'Bad number of keys provided'],
      [['FCALL', 'echo', '1'], "Number of keys can't be greater than number of args"],
      [['FCALL', 'echo', '-1'], "Number of keys can't be negative"],
      [['FCALL_RO', 'echo', '0'], 'Can not execute a script with write flag using *_ro command.'],
      [
        ['FCALL_RO', 'read', '1', 'k'],
        'Write commands are not allowed from read-only scripts. script: read, on @user_function:5.',
      ],
      [
        ['FCALL', 'late', '0'],
        "user_function:6: attempt to call field 'register_function' (a nil value) script: late, on @user_function:6.",
      ],
      [
        ['FCALL', 'globals', '0'],
        "user_function:7: Script attempted to access nonexistent global variable 'KEYS' script: globals, on @user_function:7.",
      ],
    ];
    for (const [words, text] of cases) assert.deepEqual(kv.run(...words), { error: `ERR ${text}` });
  });
});

describe('FUNCTION LIST and STATS', () => {
  const code = `#!lua name=one
redis.register_function{function_name='f', callback=function() end, description='d', flags={'no-writes'}}`;

  it('tell of libraries', () => {
    const kv = createTestStore();
    load(kv, code);
    const listed = [
      'library_name',
      'one',
      'engine',
      'LUA',
      'functions',
      [['name', 'f', 'description', 'd', 'flags', ['no-writes']]],
    ];
    assert.deepEqual(kv.run('FUNCTION', 'LIST'), [listed]);
    assert.deepEqual(kv.run('FUNCTION', 'LIST', 'WITHCODE', 'LIBRARYNAME', 'O*'), [
      [...listed, 'library_code', code],
    ]);
    assert.deepEqual(kv.run('FUNCTION', 'LIST', 'LIBRARYNAME', 'x*'), []);
    assert.deepEqual(kv.run('FUNCTION', 'LIST', 'LIBRARYNAME'), {
      error: 'ERR library name argument was not given',
    });
    assert.deepEqual(kv.run('FUNCTION', 'LIST', 'x'), { error: 'ERR Unknown argument x' });
    kv.resp3 = true;
    assert.deepEqual(kv.run('FUNCTION', 'STATS'), {
      map: [
        ['running_script', null],
        [
          'engines',
          {
            map: [
              [
                'LUA',
                {
                  map: [
                    ['libraries_count', 1],
                    ['functions_count', 1],
                  ],
                },
              ],
            ],
          },
        ],
      ],
    });
  });
});

describe('FUNCTION DUMP and RESTORE', () => {
  const dumpOf = (kv: TestStore): Buffer => kv.engine.scripting.libraries.dump();

  it('carry libraries to another store', () => {
    const kv = createTestStore();
    load(kv, library('one', 'f'));
    load(kv, library('two', 'g'));
    assert.equal(kv.run('FUNCTION', 'DUMP'), dumpOf(kv).toString('latin1'));
    const other = createTestStore();
    assert.equal(other.run('FUNCTION', 'RESTORE', dumpOf(kv)), 'OK');
    assert.deepEqual(other.run('FCALL', 'g', 1, 'a'), [['a'], []]);
    assert.deepEqual(other.run('FUNCTION', 'RESTORE', dumpOf(kv)), {
      error: "ERR Library 'one' already exists",
    });
    assert.equal(other.run('FUNCTION', 'RESTORE', dumpOf(kv), 'REPLACE'), 'OK');
    load(other, library('three', 'h'));
    assert.equal(other.run('FUNCTION', 'RESTORE', dumpOf(kv), 'FLUSH'), 'OK');
    assert.equal(other.engine.scripting.libraries.count, 2);
  });

  it('take all or nothing', () => {
    const kv = createTestStore();
    load(kv, library('one', 'f'));
    load(kv, library('two', 'g'));
    const other = createTestStore();
    load(other, library('mine', 'g'));
    assert.deepEqual(other.run('FUNCTION', 'RESTORE', dumpOf(kv)), {
      error: 'ERR Function g already exists',
    });
    assert.equal(other.engine.scripting.libraries.count, 1);
    assert.deepEqual(other.run('FCALL', 'f', 0), { error: 'ERR Function not found' });
    assert.deepEqual(other.run('FCALL', 'g', 0), [[], []]);
  });

  it('refuse other bytes', () => {
    const kv = createTestStore();
    const wrong = { error: 'ERR DUMP payload version or checksum are wrong' };
    assert.deepEqual(kv.run('FUNCTION', 'RESTORE', 'x'), wrong);
    const broken = dumpOf(kv);
    broken[broken.length - 1]! ^= 1;
    assert.deepEqual(kv.run('FUNCTION', 'RESTORE', broken), wrong);
    assert.deepEqual(kv.run('FUNCTION', 'RESTORE', dumpOf(kv), 'x'), {
      error: 'ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
    });
  });

  it('are what checkpoints carry', () => {
    const kv = createTestStore();
    load(kv, library('one', 'f'));
    const other = createTestStore();
    for (const [name, bytes] of kv.engine.savedExtras()) other.engine.loadExtra(name, bytes);
    assert.deepEqual(other.run('FCALL', 'f', 0), [[], []]);
  });
});
