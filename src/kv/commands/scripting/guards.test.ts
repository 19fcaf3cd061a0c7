/** What scripts leave in the log, and what keeps them from doing harm. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplyError } from '../../errors.ts';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

function textOf(reply: Reply): string {
  assert.ok(reply !== null && typeof reply === 'object' && 'error' in reply, JSON.stringify(reply));
  return reply.error.replace(/ script: [0-9A-Za-z_]+, on @[a-z_]+:[0-9]+\.$/, '');
}

describe('effects of a script', () => {
  it('are one entry, in place of the script', () => {
    const kv = createTestStore();
    const before = kv.engine.effects.lastIndex;
    kv.run(
      'EVAL',
      'redis.call("set", "a", 1) redis.call("incr", "a") return redis.call("spop", "none")',
      0,
    );
    assert.equal(kv.engine.effects.lastIndex, before + 1);
    assert.deepEqual(kv.effects(), [
      ['set', 'a', '1'],
      ['incr', 'a'],
    ]);
  });

  it('stay when the script fails later', () => {
    const kv = createTestStore();
    kv.run('EVAL', 'redis.call("set", "a", 1) error("x")', 0);
    assert.deepEqual(kv.effects(), [['set', 'a', '1']]);
    assert.equal(kv.run('GET', 'a'), '1');
  });

  it('wake those who wait for keys', () => {
    const kv = createTestStore();
    const waiting = kv.connect();
    assert.equal(waiting.run('BLPOP', 'l', 0), undefined);
    kv.run('EVAL', 'redis.call("rpush", "l", "x") return redis.call("llen", "l")', 0);
    assert.deepEqual(waiting.pushed(), [['l', 'x']]);
  });

  it('spoil the transactions of those who watch', () => {
    const kv = createTestStore();
    const other = kv.connect();
    other.run('WATCH', 'a');
    kv.run('EVAL', 'redis.call("set", "a", 1)', 0);
    other.run('MULTI');
    other.run('GET', 'a');
    assert.equal(other.run('EXEC'), null);
  });
});

describe('time in a script', () => {
  it('stands still', () => {
    const kv = createTestStore();
    kv.run('SET', 'k', 'v', 'PX', 1000);
    kv.engine.scripting.log = () => {
      kv.time.offsetMs += 5000;
    };
    const script = 'redis.log(2, "wait") return redis.call("get", "k")';
    assert.equal(kv.run('EVAL', script, 0), 'v');
    assert.equal(kv.run('GET', 'k'), null);
  });
});

describe('a script without memory', () => {
  const full = (): TestStore => createTestStore({ settings: { maxmemory: 1 } });
  const write = 'return redis.call("set", "k", 1)';

  it('is refused at its first write', () => {
    const text = "OOM command not allowed when used memory > 'maxmemory'.";
    assert.equal(textOf(full().run('EVAL', write, 0)), text);
    assert.equal(textOf(full().run('EVAL', `#!lua\n${write}`, 0)), text);
    assert.equal(full().run('EVAL', `redis.call("del", "x") ${write}`, 0), 'OK');
    assert.equal(full().run('EVAL', `#!lua flags=allow-oom\n${write}`, 0), 'OK');
    assert.equal(full().run('EVAL', '#!lua flags=no-writes\nreturn 1', 0), 1);
  });

  it('may not take all of the machine', () => {
    const kv = createTestStore({ settings: { scriptMemoryMax: 8 << 20 } });
    const script = 'local t = {} for i = 1, 1e9 do t[i] = {i} end';
    assert.match(textOf(kv.run('EVAL', script, 0)), /not enough memory/);
    assert.equal(kv.run('EVAL', 'return 1', 0), 1);
  });
});

describe('a script without a log', () => {
  const refused = new ReplyError('MISCONF the disk is full');
  const broken = (): TestStore => {
    const kv = createTestStore();
    kv.engine.writesRefused = refused;
    return kv;
  };

  it('may read but not write', () => {
    assert.equal(broken().run('EVAL', 'return redis.call("get", "k")', 0), null);
    const write = 'return redis.call("set", "k", 1)';
    assert.equal(textOf(broken().run('EVAL', write, 0)), refused.message);
    assert.equal(textOf(broken().run('EVAL', `#!lua\n${write}`, 0)), refused.message);
    assert.equal(broken().run('EVAL', '#!lua flags=no-writes\nreturn 1', 0), 1);
  });
});

describe('a script of a restricted user', () => {
  it('may do what its caller may', () => {
    const kv = createTestStore();
    kv.run('ACL', 'SETUSER', 'bob', 'on', 'nopass', '~a*', '+@all', '-incr');
    const bob = kv.connect();
    bob.run('AUTH', 'bob', 'x');
    assert.equal(bob.run('EVAL', 'return redis.call("set", "a", 1)', 0), 'OK');
    assert.match(
      textOf(bob.run('EVAL', 'return redis.call("incr", "a")', 0)),
      /ACL failure in script: .*'incr'/,
    );
    assert.match(
      textOf(bob.run('EVAL', 'return redis.call("set", "b", 1)', 0)),
      /ACL failure in script: /,
    );
    assert.equal(bob.run('EVAL', 'return redis.acl_check_cmd("get", "a")', 0), 1);
    assert.equal(bob.run('EVAL', 'return redis.acl_check_cmd("get", "b")', 0), null);
  });
});

describe('a slow script', () => {
  const endless = 'while true do end';

  /** Runs `command` while a script is slow; the reply of the script. */
  function during(kv: TestStore, script: string, act: () => void): Reply {
    kv.engine.settings.busyReplyThreshold = 1;
    let acted = false;
    kv.engine.scripting.onSlow = () => {
      if (!acted) act();
      acted = true;
    };
    const reply = kv.run(...(script.startsWith('FCALL') ? script.split(' ') : ['EVAL', script, 0]));
    assert.ok(acted);
    return reply;
  }

  it('ends by SCRIPT KILL', () => {
    const kv = createTestStore();
    const { scripting } = kv.engine;
    const reply = during(kv, endless, () => {
      assert.match(scripting.kill('function')?.message ?? '', /^BUSY .*SCRIPT KILL/);
      assert.equal(scripting.kill('eval'), undefined);
    });
    assert.equal(textOf(reply), 'ERR Script killed by user with SCRIPT KILL.');
    assert.equal(kv.run('EVAL', 'return 1', 0), 1);
  });

  it('does not catch its end', () => {
    const kv = createTestStore();
    const reply = during(kv, `while true do pcall(function() ${endless} end) end`, () => {
      kv.engine.scripting.kill('eval');
    });
    assert.equal(textOf(reply), 'ERR Script killed by user with SCRIPT KILL.');
  });

  it('can not be killed once it has written', () => {
    const kv = createTestStore();
    const script = 'redis.call("set", "k", 1) for i = 1, 3e7 do end return "done"';
    const reply = during(kv, script, () => {
      assert.match(kv.engine.scripting.kill('eval')?.message ?? '', /^UNKILLABLE /);
    });
    assert.equal(reply, 'done');
  });

  it('ends by FUNCTION KILL when it is a function', () => {
    const kv = createTestStore();
    kv.run(
      'FUNCTION',
      'LOAD',
      `#!lua name=l\nredis.register_function('f', function() ${endless} end)`,
    );
    const reply = during(kv, 'FCALL f 0', () => {
      assert.equal(kv.engine.scripting.run.name, 'f');
      assert.equal(kv.engine.scripting.kill('function'), undefined);
    });
    assert.equal(textOf(reply), 'ERR Script killed by user with FUNCTION KILL.');
  });
});
