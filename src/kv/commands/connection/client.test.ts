import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestStore, type Reply } from '../../testing/harness.ts';

const error = (reply: Reply): string => (reply as { error: string }).error;

describe('CLIENT', () => {
  test('INFO has the fields of Redis 7.2 in their order', () => {
    const store = createTestStore();
    const client = store.connect();
    client.run('HELLO', '3', 'SETNAME', 'me');
    client.run('CLIENT', 'SETINFO', 'lib-name', 'lib');
    client.run('CLIENT', 'SETINFO', 'LIB-VER', '1.2');
    client.run('SELECT', '3');
    client.run('CLIENT', 'TRACKING', 'ON', 'BCAST');
    const { verbatim } = client.run('CLIENT', 'INFO') as { verbatim: string };
    assert.match(
      verbatim,
      /^id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:6379 fd=\d+ name=me age=0 idle=0 flags=tB db=3 sub=0 psub=0 ssub=0 multi=-1 qbuf=\d+ qbuf-free=\d+ argv-mem=\d+ multi-mem=0 rbs=\d+ rbp=\d+ obl=0 oll=0 omem=0 tot-mem=\d+ events=r cmd=client\|info user=default redir=0 resp=3 lib-name=lib lib-ver=1\.2\n$/,
    );
  });

  test('LIST shows states, and can be asked for classes and ids', () => {
    const store = createTestStore();
    const [subscriber, blocked, queueing] = [store.connect(), store.connect(), store.connect()];
    subscriber.run('SUBSCRIBE', 'a', 'b');
    blocked.run('BLPOP', 'k', '0');
    queueing.run('WATCH', 'w');
    queueing.run('MULTI');
    queueing.run('GET', 'w');
    store.run('SET', 'w', '1');
    const line = (id: number): string => String(store.run('CLIENT', 'LIST', 'ID', id));
    assert.match(line(subscriber.session.id), /flags=P .* sub=2 .* cmd=subscribe /);
    assert.match(line(blocked.session.id), /flags=b .* cmd=blpop /);
    assert.match(line(queueing.session.id), /flags=xd .* multi=1 /);
    const pubsub = String(store.run('CLIENT', 'LIST', 'TYPE', 'pubsub'));
    assert.deepEqual(pubsub.match(/id=\d+/g), [`id=${subscriber.session.id}`]);
    assert.equal(String(store.run('CLIENT', 'LIST')).match(/id=/g)?.length, 4);
    assert.equal(store.run('CLIENT', 'LIST', 'TYPE', 'replica'), '');
    assert.equal(error(store.run('CLIENT', 'LIST', 'TYPE', 'x')), "ERR Unknown client type 'x'");
    assert.equal(error(store.run('CLIENT', 'LIST', 'ID', 'x')), 'ERR Invalid client ID');
  });

  test('KILL by address ends a connection, a waiting one as well', () => {
    const store = createTestStore();
    const client = store.connect();
    client.run('BLPOP', 'k', '0');
    const address = `127.0.0.1:${client.connection.remotePort}`;
    assert.equal(store.run('CLIENT', 'KILL', address), 'OK');
    assert.equal(client.connection.ended, 'killed');
    assert.equal(store.engine.blocking.count, 0);
    assert.equal(error(store.run('CLIENT', 'KILL', address)), 'ERR No such client');
    assert.equal(store.run('LPUSH', 'k', '1'), 1);
    assert.equal(store.run('LLEN', 'k'), 1);
  });

  test('KILL by filters ends those that fit all of them, and not the caller', () => {
    const store = createTestStore();
    store.run('ACL', 'SETUSER', 'al', 'on', 'nopass', '+@all', '&*');
    const [a, b, c] = [store.connect(), store.connect(), store.connect()];
    for (const client of [a, b]) client.run('AUTH', 'al', '');
    for (const client of [b, c]) client.run('SUBSCRIBE', 'x');
    assert.equal(store.run('CLIENT', 'KILL', 'USER', 'al', 'TYPE', 'pubsub'), 1);
    assert.equal(b.connection.ended, 'killed');
    assert.equal(store.run('CLIENT', 'KILL', 'ID', a.session.id, 'SKIPME', 'yes'), 1);
    assert.equal(store.run('CLIENT', 'KILL', 'ID', a.session.id), 0);
    assert.equal(store.run('CLIENT', 'KILL', 'MAXAGE', '100'), 0);
    store.advance(100_000);
    assert.equal(store.run('CLIENT', 'KILL', 'MAXAGE', '100'), 1);
    assert.equal(c.connection.ended, 'killed');
    assert.equal(store.engine.sessions.count, 1);
    assert.match(error(store.run('CLIENT', 'KILL', 'USER', 'no')), /No such user 'no'/);
    assert.match(
      error(store.run('CLIENT', 'KILL', 'ID', '0')),
      /client-id should be greater than 0/,
    );
  });

  test('a client that ends itself gets its reply first', () => {
    const store = createTestStore();
    const client = store.connect();
    assert.equal(client.run('CLIENT', 'KILL', 'ID', client.session.id, 'SKIPME', 'no'), 1);
    assert.equal(client.connection.ended, 'killed');
  });

  test('UNBLOCK ends a wait as its time or an error would', () => {
    const store = createTestStore();
    const [a, b] = [store.connect(), store.connect()];
    a.run('BLPOP', 'k', '0');
    b.run('BLPOP', 'k', '0');
    assert.equal(store.run('CLIENT', 'UNBLOCK', a.session.id), 1);
    assert.equal(store.run('CLIENT', 'UNBLOCK', b.session.id, 'ERROR'), 1);
    assert.equal(store.run('CLIENT', 'UNBLOCK', b.session.id), 0);
    assert.deepEqual(a.pushed(), [null]);
    assert.deepEqual(b.pushed(), [{ error: 'UNBLOCKED client unblocked via CLIENT UNBLOCK' }]);
  });

  test('names are printable words', () => {
    const store = createTestStore();
    const names = 'ERR Client names cannot contain spaces, newlines or special characters.';
    assert.equal(error(store.run('CLIENT', 'SETNAME', 'a b')), names);
    assert.equal(error(store.run('HELLO', '2', 'SETNAME', 'a\n')), names);
    assert.equal(store.run('CLIENT', 'SETNAME', 'a'), 'OK');
    assert.equal(store.run('CLIENT', 'SETNAME', ''), 'OK');
    assert.equal(store.run('CLIENT', 'GETNAME'), null);
    assert.equal(
      error(store.run('CLIENT', 'SETINFO', 'lib-name', 'a b')),
      'ERR lib-name cannot contain spaces, newlines or special characters.',
    );
    assert.equal(error(store.run('CLIENT', 'SETINFO', 'x', 'a')), "ERR Unrecognized option 'x'");
  });

  test('with NO-TOUCH commands are no use of their keys, TOUCH is', () => {
    const store = createTestStore();
    store.run('SET', 'k', '1');
    store.advance(10_000);
    const client = store.connect();
    assert.equal(client.run('CLIENT', 'NO-TOUCH', 'ON'), 'OK');
    client.run('GET', 'k');
    assert.equal(store.run('OBJECT', 'IDLETIME', 'k'), 10);
    client.run('TOUCH', 'k');
    assert.equal(store.run('OBJECT', 'IDLETIME', 'k'), 0);
    store.advance(10_000);
    client.run('CLIENT', 'NO-TOUCH', 'OFF');
    client.run('GET', 'k');
    assert.equal(store.run('OBJECT', 'IDLETIME', 'k'), 0);
  });

  test('RESET makes the connection as new', () => {
    const store = createTestStore();
    const client = store.connect();
    client.run('HELLO', '3', 'SETNAME', 'me');
    client.run('SELECT', '2');
    client.run('CLIENT', 'TRACKING', 'ON');
    client.run('MONITOR');
    client.run('WATCH', 'k');
    client.run('MULTI');
    assert.equal(client.run('RESET'), 'RESET');
    const info = String(client.run('CLIENT', 'INFO'));
    assert.match(info, / name= .* flags=N db=0 .* multi=-1 .* redir=-1 resp=2 /);
    assert.equal(store.engine.watchers.count, 0);
    assert.equal(store.engine.monitors.count, 0);
  });

  test('every subcommand is in the help', () => {
    const store = createTestStore();
    const text = (store.run('CLIENT', 'HELP') as string[]).join('\n');
    for (const name of store.engine.commands.get('client')!.subcommands.keys()) {
      assert.ok(text.includes(name.toUpperCase()), name);
    }
  });
});
