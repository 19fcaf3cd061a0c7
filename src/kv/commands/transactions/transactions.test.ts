import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReplyError } from '../../errors.ts';
import { createTestStore } from '../../testing/harness.ts';

const EXECABORT = {
  error: 'EXECABORT Transaction discarded because of previous errors.',
};

describe('MULTI and EXEC', () => {
  test('commands are queued, run as one, and answered in order', () => {
    const kv = createTestStore();
    assert.equal(kv.run('MULTI'), 'OK');
    assert.equal(kv.run('SET', 'k', '1'), 'QUEUED');
    assert.equal(kv.run('INCR', 'k'), 'QUEUED');
    assert.equal(kv.run('LRANGE', 'none', 0, -1), 'QUEUED');
    assert.equal(kv.connect().run('GET', 'k'), null);
    assert.deepEqual(kv.run('EXEC'), ['OK', 2, []]);
    assert.equal(kv.run('GET', 'k'), '2');
  });

  test('an empty transaction answers an empty array', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    assert.deepEqual(kv.run('EXEC'), []);
  });

  test('an error of one command leaves the others as they are', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    kv.run('SET', 'k', 'text');
    kv.run('LPUSH', 'k', 'x');
    kv.run('INCR', 'k');
    kv.run('APPEND', 'k', '!');
    assert.deepEqual(kv.run('EXEC'), [
      'OK',
      { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
      { error: 'ERR value is not an integer or out of range' },
      5,
    ]);
  });

  test('what may not be queued makes EXEC do nothing', () => {
    const kv = createTestStore();
    for (const bad of [['NOSUCH'], ['GET'], ['SET', 'k'], ['SAVE'], ['CLIENT', 'NOSUCH']]) {
      kv.run('MULTI');
      assert.equal(kv.run('SET', 'k', '1'), 'QUEUED');
      const refused = kv.run(...bad) as { error: string };
      assert.match(refused.error, /^ERR /, bad.join(' '));
      assert.equal(kv.run('SET', 'k', '2'), 'QUEUED');
      assert.deepEqual(kv.run('EXEC'), EXECABORT);
      assert.equal(kv.run('GET', 'k'), null);
      assert.deepEqual(kv.run('EXEC'), { error: 'ERR EXEC without MULTI' });
    }
  });

  test('nesting and WATCH are refused and do no harm', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    assert.deepEqual(kv.run('MULTI'), { error: 'ERR MULTI calls can not be nested' });
    assert.deepEqual(kv.run('WATCH', 'k'), { error: 'ERR WATCH inside MULTI is not allowed' });
    kv.run('SET', 'k', '1');
    assert.deepEqual(kv.run('EXEC'), ['OK']);
  });

  test('EXEC and DISCARD without MULTI, and a wrong EXEC', () => {
    const kv = createTestStore();
    assert.deepEqual(kv.run('EXEC'), { error: 'ERR EXEC without MULTI' });
    assert.deepEqual(kv.run('DISCARD'), { error: 'ERR DISCARD without MULTI' });
    const wrong = {
      error:
        "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
    };
    assert.deepEqual(kv.run('EXEC', 'x'), wrong);
    kv.run('MULTI');
    assert.deepEqual(kv.run('EXEC', 'x'), wrong);
    assert.deepEqual(kv.run('EXEC'), { error: 'ERR EXEC without MULTI' });
  });

  test('DISCARD forgets the queue and the watched keys', () => {
    const kv = createTestStore();
    kv.run('WATCH', 'k');
    kv.run('MULTI');
    kv.run('SET', 'k', '1');
    assert.equal(kv.run('DISCARD'), 'OK');
    assert.equal(kv.run('GET', 'k'), null);
    kv.connect().run('SET', 'k', '2');
    kv.run('MULTI');
    assert.deepEqual(kv.run('EXEC'), []);
  });

  test('SELECT in a transaction holds for what follows, also behind it', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    kv.run('SET', 'k', 'zero');
    kv.run('SELECT', 3);
    kv.run('SET', 'k', 'three');
    kv.run('GET', 'k');
    assert.deepEqual(kv.run('EXEC'), ['OK', 'OK', 'OK', 'three']);
    assert.equal(kv.run('GET', 'k'), 'three');
    kv.run('SELECT', 0);
    assert.equal(kv.run('GET', 'k'), 'zero');
  });

  test('commands that would wait answer as if their time were over', () => {
    const kv = createTestStore();
    kv.run('RPUSH', 'list', 'a');
    kv.run('MULTI');
    kv.run('BLPOP', 'list', 0);
    kv.run('BLPOP', 'list', 0);
    kv.run('BLMOVE', 'list', 'other', 'LEFT', 'LEFT', 0);
    kv.run('XREAD', 'BLOCK', 0, 'STREAMS', 's', '$');
    assert.deepEqual(kv.run('EXEC'), [['list', 'a'], null, null, null]);
    assert.equal(kv.engine.blocking.count, 0);
  });

  test('clients who wait are served behind the whole transaction', () => {
    const kv = createTestStore();
    const waiting = kv.connect();
    assert.equal(waiting.run('BLPOP', 'list', 0), undefined);
    kv.run('MULTI');
    kv.run('RPUSH', 'list', 'a', 'b');
    kv.run('DEL', 'list');
    assert.deepEqual(kv.run('EXEC'), [2, 1]);
    assert.deepEqual(waiting.pushed(), []);
    kv.run('MULTI');
    kv.run('RPUSH', 'list', 'c');
    kv.run('LPUSH', 'list', 'd');
    assert.deepEqual(kv.run('EXEC'), [1, 2]);
    assert.deepEqual(waiting.pushed(), [['list', 'd']]);
  });

  test('RESET ends a transaction', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    kv.run('SET', 'k', '1');
    assert.equal(kv.run('RESET'), 'RESET');
    assert.equal(kv.run('GET', 'k'), null);
  });
});

describe('effects', () => {
  test('a transaction is one log entry, with what its commands stand for', () => {
    const kv = createTestStore();
    const before = kv.engine.effects.lastIndex;
    kv.run('MULTI');
    kv.run('SET', 'k', '1');
    kv.run('GET', 'k');
    kv.run('SELECT', 1);
    kv.run('INCR', 'n');
    kv.run('DEL', 'none');
    assert.deepEqual(kv.effects(), []);
    kv.run('EXEC');
    assert.deepEqual(kv.effects(), [
      ['SET', 'k', '1'],
      ['db1', 'INCR', 'n'],
    ]);
    assert.equal(kv.engine.effects.lastIndex, before + 1);
  });

  test('a transaction that changes nothing is no entry', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    kv.run('GET', 'k');
    kv.run('DEL', 'k');
    kv.run('EXEC');
    assert.equal(kv.engine.effects.lastIndex, 0);
  });
});

describe('WATCH', () => {
  test('a change by anybody before EXEC makes it answer null, once', () => {
    const changes: [string, ...(string | number)[]][] = [
      ['SET', 'k', '2'],
      ['APPEND', 'k', 'x'],
      ['DEL', 'k'],
      ['EXPIRE', 'k', 100],
      ['RENAME', 'k', 'other'],
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['SWAPDB', 0, 1],
      ['MOVE', 'k', 1],
    ];
    for (const change of changes) {
      for (const own of [true, false]) {
        const kv = createTestStore();
        kv.run('SET', 'k', '1');
        kv.run('WATCH', 'k');
        if (own) kv.run(...change);
        else kv.connect().run(...change);
        kv.run('MULTI');
        kv.run('SET', 'done', '1');
        assert.equal(kv.run('EXEC'), null, change.join(' '));
        assert.equal(kv.run('EXISTS', 'done'), 0);
        kv.run('MULTI');
        kv.run('PING');
        assert.deepEqual(kv.run('EXEC'), ['PONG']);
      }
    }
  });

  test('a change between MULTI and EXEC counts, one of another key or another database does not', () => {
    const kv = createTestStore();
    kv.run('WATCH', 'k');
    kv.run('MULTI');
    const other = kv.connect();
    other.run('SET', 'other', '1');
    other.run('SELECT', 1);
    other.run('SET', 'k', '1');
    kv.run('PING');
    assert.deepEqual(kv.run('EXEC'), ['PONG']);
    kv.run('WATCH', 'k');
    kv.run('MULTI');
    other.run('SELECT', 0);
    other.run('SET', 'k', '1');
    assert.equal(kv.run('EXEC'), null);
  });

  test('commands that change nothing leave watched keys alone', () => {
    const kv = createTestStore();
    kv.run('SET', 'k', '1');
    kv.run('WATCH', 'k', 'none');
    const other = kv.connect();
    for (const idle of [
      ['SETNX', 'k', '2'],
      ['GET', 'k'],
      ['DEL', 'none'],
      ['PERSIST', 'k'],
      ['SREM', 'none', 'x'],
    ])
      other.run(...idle);
    kv.run('MULTI');
    assert.deepEqual(kv.run('EXEC'), []);
  });

  test('a watched key that expires counts as changed, met or not; one expired before does not', () => {
    const kv = createTestStore();
    kv.run('SET', 'k', '1', 'PX', 10);
    kv.run('WATCH', 'k');
    kv.advance(20);
    kv.run('MULTI');
    assert.equal(kv.run('EXEC'), null);
    kv.run('SET', 'k', '1', 'PX', 10);
    kv.advance(20);
    kv.run('WATCH', 'k');
    kv.run('MULTI');
    assert.deepEqual(kv.run('EXEC'), []);
  });

  test('UNWATCH before MULTI forgets; inside it comes too late', () => {
    const kv = createTestStore();
    const other = kv.connect();
    kv.run('WATCH', 'k');
    other.run('SET', 'k', '1');
    assert.equal(kv.run('UNWATCH'), 'OK');
    kv.run('MULTI');
    assert.deepEqual(kv.run('EXEC'), []);
    kv.run('WATCH', 'k');
    other.run('SET', 'k', '2');
    kv.run('MULTI');
    kv.run('UNWATCH');
    assert.equal(kv.run('EXEC'), null);
  });

  test('RESP3 gets its own null; nobody watches any more when a client has gone', () => {
    const kv = createTestStore();
    kv.resp3 = true;
    kv.run('WATCH', 'k');
    kv.run('SET', 'k', '1');
    kv.run('MULTI');
    assert.equal(kv.run('EXEC'), null);
    const other = kv.connect();
    other.run('WATCH', 'a', 'b');
    assert.equal(kv.engine.watchers.count, 2);
    kv.engine.closeSession(other.session);
    assert.equal(kv.engine.watchers.count, 0);
  });
});

describe('limits and refusals', () => {
  test('a transaction above its limit fails; small commands count with what they really take', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    kv.run('PING');
    const { transaction } = kv.session;
    assert.ok(transaction.queuedBytes > 100);
    transaction.queuedBytes = 512 * 1024 * 1024;
    assert.deepEqual(kv.run('PING'), { error: 'ERR transaction is too large' });
    assert.equal(kv.run('PING'), 'QUEUED');
    assert.deepEqual(kv.run('EXEC'), EXECABORT);
    assert.equal(transaction.queuedBytes, 0);
  });

  test('what will not run is not kept', () => {
    const kv = createTestStore();
    kv.run('WATCH', 'k');
    kv.run('SET', 'k', '1');
    kv.run('MULTI');
    assert.equal(kv.run('SET', 'k', '2'), 'QUEUED');
    assert.equal(kv.session.transaction.queue.length, 0);
    assert.equal(kv.run('EXEC'), null);
  });

  test('without memory nothing is queued, and EXEC of what needs some is refused', () => {
    const kv = createTestStore();
    const oom = "OOM command not allowed when used memory > 'maxmemory'.";
    kv.run('MULTI');
    kv.run('SET', 'k', '1');
    kv.engine.settings.maxmemory = 1;
    assert.deepEqual(kv.run('EXEC'), {
      error: `EXECABORT Transaction discarded because of: ${oom}`,
    });
    kv.run('MULTI');
    assert.deepEqual(kv.run('GET', 'k'), { error: oom });
    assert.deepEqual(kv.run('EXEC'), EXECABORT);
  });

  test('while writes are refused, EXEC with a write is, one without is not', () => {
    const kv = createTestStore();
    kv.run('MULTI');
    kv.run('SET', 'k', '1');
    kv.engine.writesRefused = new ReplyError('MISCONF the disk is full');
    assert.deepEqual(kv.run('EXEC'), {
      error: 'EXECABORT Transaction discarded because of: MISCONF the disk is full',
    });
    kv.run('MULTI');
    assert.deepEqual(kv.run('SET', 'k', '1'), { error: 'MISCONF the disk is full' });
    assert.deepEqual(kv.run('EXEC'), EXECABORT);
    kv.run('MULTI');
    kv.run('GET', 'k');
    assert.deepEqual(kv.run('EXEC'), [null]);
  });

  test('a user who lost a permission since queueing is told so in its place', () => {
    const kv = createTestStore();
    kv.run('ACL', 'SETUSER', 'bob', 'on', 'nopass', '~*', '&*', '+@all');
    const bob = kv.connect();
    bob.run('AUTH', 'bob', 'x');
    bob.run('MULTI');
    bob.run('GET', 'k');
    bob.run('SET', 'k', '1');
    kv.run('ACL', 'SETUSER', 'bob', '-set');
    const [first, second] = bob.run('EXEC') as [unknown, { error: string }];
    assert.equal(first, null);
    assert.match(second.error, /^NOPERM ACLs rules changed between/);
    assert.equal(kv.run('GET', 'k'), null);
  });
});
