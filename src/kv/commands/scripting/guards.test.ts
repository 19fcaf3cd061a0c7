/** What scripts leave in the log, and what keeps them from doing harm. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ReplyError } from '../../errors.ts';
import {
  createTestStore,
  type Reply,
  type TestClient,
  type TestStore,
} from '../../testing/harness.ts';

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
  const busy = (kind: string): Reply => ({
    error: `BUSY Redis is busy running a script. You can only call ${kind} KILL or SHUTDOWN NOSAVE.`,
  });

  function impatient(): TestStore {
    return createTestStore({ settings: { busyReplyThreshold: 1 }, realTime: true });
  }

  /** Lets the script go on until its client has a reply. */
  async function replyOf(client: TestClient): Promise<Reply> {
    for (;;) {
      const [reply] = client.pushed();
      if (reply !== undefined) return reply;
      await nextTurn();
    }
  }

  for (const script of [endless, `while true do pcall(function() ${endless} end) end`]) {
    it(`lets others end it: ${script}`, async () => {
      const kv = impatient();
      const caller = kv.connect();
      assert.equal(caller.run('EVAL', script, 1, 'k', 'v'), undefined);
      assert.deepEqual(kv.run('GET', 'k'), busy('SCRIPT'));
      await nextTurn();
      assert.deepEqual(kv.run('SET', 'k', 'v'), busy('SCRIPT'));
      assert.deepEqual(kv.run('FUNCTION', 'KILL'), busy('SCRIPT'));
      const stats = kv.run('FUNCTION', 'STATS') as Reply[];
      assert.deepEqual((stats[1] as Reply[])[3], ['EVAL', script, '1', 'k', 'v']);
      assert.equal(kv.run('SCRIPT', 'KILL'), 'OK');
      assert.equal(textOf(await replyOf(caller)), 'ERR Script killed by user with SCRIPT KILL.');
      assert.equal(kv.run('EVAL', 'return 1', 0), 1);
      assert.deepEqual(kv.run('SCRIPT', 'KILL'), {
        error: 'NOTBUSY No scripts in execution right now.',
      });
    });
  }

  it('gives its result, writes as one, and wakes who waits for that', async () => {
    const kv = impatient();
    const [caller, waiting] = [kv.connect(), kv.connect()];
    assert.equal(waiting.run('BLPOP', 'l', 0), undefined);
    const script = `local n = 0 for i = 1, 3e6 do n = n + 1 end
      redis.call('rpush', KEYS[1], n, ARGV[1]) return {redis.call('llen', KEYS[1]), n}`;
    assert.equal(caller.run('EVAL', script, 1, 'l', 'x'), undefined);
    assert.deepEqual(kv.run('GET', 'k'), busy('SCRIPT'));
    assert.deepEqual(await replyOf(caller), [2, 3e6]);
    assert.deepEqual(waiting.pushed(), [['l', '3000000']]);
    assert.deepEqual(kv.effects(), [
      ['rpush', 'l', '3000000', 'x'],
      ['LPOP', 'l'],
    ]);
    assert.equal(kv.run('LLEN', 'l'), 1);
  });

  it('sees neither time nor expiry', async () => {
    const kv = impatient();
    const caller = kv.connect();
    kv.run('SET', 'k', 'v', 'PX', 1000);
    const script = `local before = redis.call('time') for i = 1, 3e6 do end
      local after = redis.call('time')
      return {redis.call('get', 'k'), before[1] == after[1] and before[2] == after[2]}`;
    assert.equal(caller.run('EVAL', script, 0), undefined);
    kv.advance(5000);
    kv.engine.background.tick();
    assert.deepEqual(await replyOf(caller), ['v', 1]);
    assert.equal(kv.run('GET', 'k'), null);
  });

  it('goes on to its end without its client', async () => {
    const kv = impatient();
    const caller = kv.connect();
    caller.run('EVAL', 'for i = 1, 2e6 do end redis.call("set", "k", 1)', 0);
    kv.engine.closeSession(caller.session);
    while (kv.engine.scripting.busy) await nextTurn();
    assert.equal(kv.run('GET', 'k'), '1');
    assert.deepEqual(kv.effects(), [['set', 'k', '1']]);
  });

  it('is let alone once it has written or published', () => {
    const kv = impatient();
    const loop = 'for i = 1, 2e6 do end return "done"';
    assert.equal(kv.run('EVAL', `redis.call("set", "k", 1) ${loop}`, 0), 'done');
    assert.equal(kv.run('EVAL', `redis.call("publish", "c", "m") ${loop}`, 0), 'done');
    kv.run('MULTI');
    kv.run('EVAL', loop, 0);
    assert.deepEqual(kv.run('EXEC'), ['done']);
  });

  it('ends by FUNCTION KILL when it is a function', async () => {
    const kv = impatient();
    const code = `#!lua name=l\nredis.register_function('f', function() ${endless} end)`;
    kv.run('FUNCTION', 'LOAD', code);
    const caller = kv.connect();
    assert.equal(caller.run('FCALL', 'f', 0), undefined);
    assert.deepEqual(kv.run('SCRIPT', 'KILL'), busy('FUNCTION'));
    assert.equal(kv.run('FUNCTION', 'KILL'), 'OK');
    assert.equal(textOf(await replyOf(caller)), 'ERR Script killed by user with FUNCTION KILL.');
  });

  it('does not keep code going that can not pause', async () => {
    const kv = impatient();
    const caller = kv.connect();
    const script = 'local t = {1, 2} table.sort(t, function(a, b) while true do end end)';
    assert.equal(caller.run('EVAL', script, 0), undefined);
    assert.match(textOf(await replyOf(caller)), /left no room for other clients/);
  });

  it('fails transactions of others', async () => {
    const kv = impatient();
    const caller = kv.connect();
    caller.run('EVAL', endless, 0);
    assert.equal(kv.run('MULTI'), 'OK');
    assert.deepEqual(kv.run('GET', 'k'), busy('SCRIPT'));
    assert.match((kv.run('EXEC') as { error: string }).error, /^EXECABORT /);
    kv.run('SCRIPT', 'KILL');
    await replyOf(caller);
  });
});
