import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Args } from '../../core/wire/index.ts';
import { ReplyError } from '../errors.ts';
import { createTestStore, type TestStore } from '../testing/harness.ts';
import { Executed } from './executor.ts';

/** Runs a command and says how it ended, without its reply. */
function execute(kv: TestStore, ...args: string[]): Executed {
  const { engine, session } = kv;
  engine.outlet.begin(session);
  engine.executor.beginBatch();
  const executed = engine.executor.execute(session, new Args().load(args));
  engine.outlet.end();
  return executed;
}

describe('checks', () => {
  test('come in their order: name, arity, login, permission, memory, disk, queue', () => {
    const kv = createTestStore();
    const refused = (...args: string[]): string => (kv.run(...args) as { error: string }).error;
    kv.run('CONFIG', 'SET', 'requirepass', 'secret');
    kv.run('ACL', 'SETUSER', 'bob', 'on', 'nopass', '~*', '+@all', '-append');
    kv.session.authenticated = false;
    kv.session.user = kv.engine.acl.defaultUser;
    kv.engine.settings.maxmemory = 1;
    kv.engine.writesRefused = new ReplyError('MISCONF no disk');
    assert.match(refused('NOSUCH', 'a'), /^ERR unknown command 'NOSUCH', with args beginning/);
    assert.match(refused('APPEND'), /^ERR wrong number of arguments for 'append' command/);
    assert.match(refused('APPEND', 'k', 'v'), /^NOAUTH /);
    kv.run('AUTH', 'bob', 'x');
    assert.match(refused('APPEND', 'k', 'v'), /^NOPERM /);
    assert.match(refused('SET', 'k', 'v'), /^OOM /);
    assert.match(refused('DEL', 'k'), /^MISCONF /);
    assert.equal(kv.run('GET', 'k'), null);
    kv.engine.settings.maxmemory = 0;
    kv.run('MULTI');
    assert.match(refused('SET', 'k', 'v'), /^MISCONF /);
    assert.equal(kv.run('GET', 'k'), 'QUEUED');
  });

  test('what needs memory is refused when addresses run out, limit or not', () => {
    const kv = createTestStore();
    Object.defineProperty(kv.engine.keyspace.arena, 'nearlyFull', { value: true });
    assert.match((kv.run('SET', 'k', 'v') as { error: string }).error, /^OOM /);
    assert.equal(kv.run('GET', 'k'), null);
    assert.equal(kv.run('DEL', 'k'), 0);
  });

  test('writes wait while the log is behind, reads do not', () => {
    const kv = createTestStore();
    const sink = kv.engine.effects.sink!;
    kv.engine.effects.sink = { ...sink, accepting: false };
    assert.equal(execute(kv, 'SET', 'k', 'v'), Executed.paused);
    assert.equal(execute(kv, 'EVAL', 'return 1', '0'), Executed.paused);
    assert.equal(execute(kv, 'GET', 'k'), Executed.done);
    execute(kv, 'MULTI');
    execute(kv, 'SET', 'k', 'v');
    assert.equal(execute(kv, 'EXEC'), Executed.paused);
    kv.engine.effects.sink = sink;
    assert.equal(execute(kv, 'EXEC'), Executed.done);
    assert.equal(kv.run('GET', 'k'), 'v');
  });

  test('what has expired is missing but not removed while nothing can be logged', () => {
    const kv = createTestStore();
    kv.run('SET', 'k', 'v', 'PX', 10);
    kv.run('HSET', 'h', 'f', 'v');
    kv.run('HPEXPIRE', 'h', 10, 'FIELDS', 1, 'f');
    kv.effects();
    kv.engine.writesRefused = new ReplyError('MISCONF no disk');
    kv.advance(20);
    assert.equal(kv.run('GET', 'k'), null);
    for (let tick = 0; tick < 3; tick++) kv.engine.background.tick();
    assert.deepEqual(kv.effects(), []);
    assert.equal(kv.engine.database(0)!.size, 2);
    kv.engine.writesRefused = undefined;
    assert.equal(kv.run('GET', 'k'), null);
    assert.deepEqual(kv.effects(), [['DEL', 'k']]);
  });
});

describe('slow commands', () => {
  test('are logged as clients sent them, also those of transactions and scripts, not EXEC', () => {
    const kv = createTestStore({ settings: { slowlogLogSlowerThan: 0 } });
    kv.run('MULTI');
    kv.run('GET', 'k');
    kv.run('EXEC');
    kv.run('EVAL', "return redis.call('ping')", 0);
    const names = kv.engine.slowlog.entries.map(({ args }) => String(args[0]).toLowerCase());
    assert.deepEqual(names, ['eval', 'ping', 'get', 'multi']);
  });
});

describe('time', () => {
  test('goes on within a batch', () => {
    const kv = createTestStore();
    const { engine, session, time } = kv;
    const run = (...args: string[]): void => {
      engine.executor.execute(session, new Args().load(args));
    };
    engine.outlet.begin(session);
    engine.executor.beginBatch();
    run('SET', 'k', 'v', 'PX', '1000');
    time.offsetMs += 2000;
    run('PING');
    run('GET', 'k');
    engine.outlet.end();
    assert.deepEqual(kv.take(session), ['OK', 'PONG', null]);
  });
});

describe('waiting clients', () => {
  test('are served in the order in which they came, one element each', () => {
    const kv = createTestStore();
    const clients = Array.from({ length: 5 }, () => kv.connect());
    for (const client of clients) assert.equal(client.run('BLPOP', 'a', 'b', 0), undefined);
    assert.equal(kv.run('RPUSH', 'b', '1', '2'), 2);
    assert.equal(kv.run('RPUSH', 'a', '3'), 1);
    assert.deepEqual(
      clients.map((client) => client.pushed()[0]),
      [['b', '1'], ['b', '2'], ['a', '3'], undefined, undefined],
    );
    assert.equal(kv.engine.blocking.count, 2);
  });

  test('keep their place when a change is not for them', () => {
    const kv = createTestStore();
    const [first, second] = [kv.connect(), kv.connect()];
    first.run('BLPOP', 'k', 0);
    second.run('BLPOP', 'k', 0);
    kv.run('MULTI');
    kv.run('RPUSH', 'k', 'x');
    kv.run('DEL', 'k');
    kv.run('EXEC');
    kv.run('SET', 'k', 'a string');
    assert.deepEqual([...first.pushed(), ...second.pushed()], []);
    kv.run('DEL', 'k');
    kv.run('RPUSH', 'k', '1');
    assert.deepEqual(first.pushed(), [['k', '1']]);
    assert.deepEqual(second.pushed(), []);
  });

  test('one that is served may wake the next, and each is a log entry behind what woke it', () => {
    const kv = createTestStore();
    const [first, second, third] = [kv.connect(), kv.connect(), kv.connect()];
    third.run('BLPOP', 'c', 0);
    second.run('BLMOVE', 'b', 'c', 'LEFT', 'RIGHT', 0);
    first.run('BLMOVE', 'a', 'b', 'LEFT', 'RIGHT', 0);
    kv.run('RPUSH', 'a', 'x');
    assert.deepEqual(
      [first.pushed(), second.pushed(), third.pushed()],
      [['x'], ['x'], [['c', 'x']]],
    );
    assert.deepEqual(
      kv.effects().map((words) => words[0]),
      ['RPUSH', 'LMOVE', 'LMOVE', 'LPOP'],
    );
    assert.equal(kv.engine.effects.lastIndex, 4);
  });

  test('count once in the statistics, when they have gone on', () => {
    const kv = createTestStore();
    const calls = (): number => kv.engine.commands.get('blpop')!.latency.count;
    const waiting = kv.connect();
    waiting.run('BLPOP', 'k', 0);
    kv.run('SET', 'k', 'x');
    assert.equal(calls(), 0);
    kv.run('DEL', 'k');
    kv.run('RPUSH', 'k', '1');
    assert.equal(calls(), 1);
    waiting.run('BLPOP', 'k', 1);
    kv.advance(2000);
    assert.deepEqual(waiting.pushed(), [['k', '1'], null]);
    assert.equal(calls(), 2);
  });

  test('time out at their deadline and not before', () => {
    const kv = createTestStore();
    const [short, long] = [kv.connect(), kv.connect()];
    long.run('BLPOP', 'k', 10);
    short.run('BLPOP', 'k', 1);
    kv.advance(900);
    assert.deepEqual(short.pushed(), []);
    kv.advance(200);
    assert.deepEqual(short.pushed(), [null]);
    assert.deepEqual(long.pushed(), []);
    kv.run('RPUSH', 'k', 'x');
    assert.deepEqual(long.pushed(), [['k', 'x']]);
  });

  test('CLIENT REPLY keeps back the reply of one that waited, and that of the one who woke it', () => {
    const kv = createTestStore();
    const waiting = kv.connect();
    waiting.session.replyMode = 'skip';
    waiting.run('BLPOP', 'k', 0);
    kv.session.replyMode = 'off';
    assert.equal(kv.run('RPUSH', 'k', '1'), undefined);
    assert.deepEqual(kv.take(kv.session), []);
    assert.deepEqual(waiting.pushed(), []);
    assert.equal(waiting.session.replyMode, 'on');
    waiting.session.replyMode = 'off';
    waiting.run('BLPOP', 'k', 1);
    kv.advance(2000);
    assert.deepEqual(waiting.pushed(), []);
  });

  test('one that is ended takes nothing', () => {
    const kv = createTestStore();
    const waiting = kv.connect();
    waiting.run('BLPOP', 'k', 0);
    kv.engine.closeSession(waiting.session);
    kv.run('RPUSH', 'k', '1');
    assert.equal(kv.run('LLEN', 'k'), 1);
    assert.equal(kv.engine.blocking.count, 0);
    assert.equal(kv.engine.blocking.keyCount, 0);
  });
});
