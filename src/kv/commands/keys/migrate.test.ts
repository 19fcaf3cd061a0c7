import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { createTestStore } from '../../testing/harness.ts';
import { startTestServer, type TestServer, type TestSocket } from '../../testing/server.ts';

const stops: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const stop of stops) await stop();
});

async function start(): Promise<[TestServer, TestSocket]> {
  const server = await startTestServer();
  stops.push(() => server.stop());
  return [server, await server.connect()];
}

/** A store to move from and one to move to, and the address of the latter. */
async function pair(): Promise<{ from: TestSocket; to: TestSocket; at: [string, number] }> {
  const [, from] = await start();
  const [server, to] = await start();
  return { from, to, at: ['127.0.0.1', server.port] };
}

/** A target that is no store: what it does with each connection. */
async function fake(onConnection: (socket: Socket) => void): Promise<[string, number]> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    stops.push(() => {
      socket.destroy();
    });
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.close();
  });
  return ['127.0.0.1', (server.address() as { port: number }).port];
}

describe('MIGRATE', () => {
  test('moves keys of every type with their time to live to a database there', async () => {
    const { from, to, at } = await pair();
    await from.ask('SET', 's', 'v', 'PX', 100_000);
    await from.ask('RPUSH', 'l', 'a', 'b');
    await from.ask('HSET', 'h', 'f', 'v');
    await from.ask('SADD', 'set', 'x');
    await from.ask('ZADD', 'z', 1.5, 'x');
    await from.ask('XADD', 'x', '1-1', 'f', 'v');
    const keys = ['s', 'l', 'h', 'set', 'z', 'x'];
    assert.equal(await from.ask('MIGRATE', ...at, '', 3, 0, 'KEYS', ...keys), 'OK');
    assert.equal(await from.ask('DBSIZE'), 0);
    await to.ask('SELECT', 3);
    assert.equal(await to.ask('DBSIZE'), 6);
    assert.equal(await to.ask('GET', 's'), 'v');
    const ttl = (await to.ask('PTTL', 's')) as number;
    assert.ok(ttl > 0 && ttl <= 100_000);
    assert.deepEqual(await to.ask('LRANGE', 'l', 0, -1), ['a', 'b']);
    assert.equal(await to.ask('ZSCORE', 'z', 'x'), '1.5');
    assert.equal(await to.ask('PTTL', 'l'), -1);
  });

  test('COPY leaves the key, REPLACE overwrites, else a key that is there is an error', async () => {
    const { from, to, at } = await pair();
    await from.ask('MSET', 'a', '1', 'b', '2');
    await to.ask('SET', 'a', 'old');
    const busy = await from.ask('MIGRATE', ...at, '', 0, 1000, 'KEYS', 'a', 'b');
    assert.deepEqual(busy, {
      error: 'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    });
    assert.equal(await from.ask('EXISTS', 'a', 'b'), 1);
    assert.equal(await from.ask('MIGRATE', ...at, 'a', 0, 1000, 'COPY', 'REPLACE'), 'OK');
    assert.equal(await from.ask('GET', 'a'), '1');
    assert.equal(await to.ask('GET', 'a'), '1');
    assert.equal(await from.ask('MIGRATE', ...at, 'a', 0, 1000, 'REPLACE'), 'OK');
    assert.equal(await from.ask('DBSIZE'), 0);
    assert.equal(await from.ask('MIGRATE', ...at, 'a', 0, 1000), 'NOKEY');
  });

  test('AUTH and AUTH2 log in; a target that refuses gets nothing', async () => {
    const { from, to, at } = await pair();
    await from.ask('SET', 'k', 'v');
    await to.ask('ACL', 'SETUSER', 'al', 'on', '>pw', '+@all', '~*');
    await to.ask('CONFIG', 'SET', 'requirepass', 'secret');
    const move = (...auth: string[]) => from.ask('MIGRATE', ...at, 'k', 0, 1000, ...auth);
    const refused = (text: string) => ({
      error: `ERR Target instance replied with error: ${text}`,
    });
    assert.deepEqual(await move(), refused('NOAUTH Authentication required.'));
    const wrong = 'WRONGPASS invalid username-password pair or user is disabled.';
    assert.deepEqual(await move('AUTH', 'no'), refused(wrong));
    assert.equal(await move('COPY', 'AUTH', 'secret'), 'OK');
    assert.equal(await move('REPLACE', 'AUTH2', 'al', 'pw'), 'OK');
    assert.equal(await to.ask('GET', 'k'), 'v');
    await from.ask('SET', 'k', 'v');
    const range = await from.ask('MIGRATE', ...at, 'k', 99, 1000, 'AUTH', 'secret');
    assert.deepEqual(range, refused('ERR DB index is out of range'));
    assert.equal(await from.ask('EXISTS', 'k'), 1);
  });

  test('a target that is not there, is silent or ends is an IOERR, and the key stays', async () => {
    const { from } = await pair();
    await from.ask('SET', 'k', 'v');
    const io = (text: string) => ({ error: `IOERR error or timeout ${text}` });
    const nobody = await from.ask('MIGRATE', '127.0.0.1', 1, 'k', 0, 1000);
    assert.deepEqual(nobody, io('connecting to the client'));
    const silent = await fake(() => {});
    assert.deepEqual(
      await from.ask('MIGRATE', ...silent, 'k', 0, 30),
      io('reading to target instance'),
    );
    const ends = await fake((socket) => socket.once('data', () => socket.end('+OK\r\n')));
    assert.deepEqual(
      await from.ask('MIGRATE', ...ends, 'k', 0, 5000),
      io('reading to target instance'),
    );
    assert.equal(await from.ask('GET', 'k'), 'v');
  });

  test('a target that answers as no store does is an IOERR, and the key stays', async () => {
    const { from } = await pair();
    await from.ask('SET', 'k', 'v');
    const broken = { error: 'IOERR error or timeout reading to target instance' };
    for (const bytes of [
      'HTTP/1.1 200 OK\r\n\r\n',
      // A second answer, to what was not asked yet.
      '+OK\r\n+OK\r\n',
      '$2\r\nOK\r\n',
      '$-1\r\n',
      '*1\r\n+OK\r\n',
      '*0\r\n',
      '+OK\n',
      `+${'x'.repeat(70_000)}`,
      '$99999999999\r\n',
    ]) {
      const at = await fake((socket) => socket.on('data', () => socket.write(bytes, 'latin1')));
      const reply = await from.ask('MIGRATE', ...at, 'k', 0, 5000);
      assert.deepEqual(reply, broken, bytes.slice(0, 20));
      assert.equal(await from.ask('GET', 'k'), 'v');
    }
  });

  test('answers are understood byte by byte', async () => {
    const { from } = await pair();
    await from.ask('SET', 'k', 'v');
    const at = await fake((socket) => {
      socket.setNoDelay(true);
      socket.on('data', async () => {
        for (const byte of '+OK\r\n') {
          socket.write(byte);
          await new Promise(setImmediate);
        }
      });
    });
    assert.equal(await from.ask('MIGRATE', ...at, 'k', 0, 5000), 'OK');
    assert.equal(await from.ask('EXISTS', 'k'), 0);
  });

  test('others are served meanwhile; what they change is sent again or removed there', async () => {
    const [source, from] = await start();
    const other = await source.connect();
    const seen: string[] = [];
    let answer = (): void => {};
    const requests = (text: string): string[] =>
      [...text.matchAll(/\$\d+\r\n(SELECT|RESTORE|DEL)\r\n\$\d+\r\n(\w+)/g)].map(
        ([, command, key]) => `${command} ${key}`,
      );
    const at = await fake((socket) => {
      socket.on('data', (chunk: Buffer) => {
        const here = requests(chunk.toString('latin1'));
        seen.push(...here);
        const replies = here.map((request) => (request.startsWith('DEL') ? ':1\r\n' : '+OK\r\n'));
        if (here[0]?.startsWith('RESTORE') && seen.length === 4) {
          answer = () => socket.write(replies.join(''));
          void change();
        } else socket.write(replies.join(''));
      });
    });
    await from.ask('MSET', 'a', '1', 'b', '2', 'c', '3');
    const change = async (): Promise<void> => {
      assert.equal(await other.ask('SET', 'b', 'new'), 'OK');
      assert.equal(await other.ask('DEL', 'c'), 1);
      answer();
    };
    assert.equal(await from.ask('MIGRATE', ...at, '', 0, 5000, 'KEYS', 'a', 'b', 'c'), 'OK');
    assert.deepEqual(seen, [
      'SELECT 0',
      'RESTORE a',
      'RESTORE b',
      'RESTORE c',
      'RESTORE b',
      'DEL c',
    ]);
    assert.equal(await from.ask('DBSIZE'), 0);
  });

  test('a client that goes before the end leaves the key here', async () => {
    const [server, from] = await start();
    await from.ask('SET', 'k', 'v');
    let asked = (): void => {};
    const called = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const sockets: Socket[] = [];
    const at = await fake((socket) => {
      sockets.push(socket);
      socket.once('data', asked);
    });
    const client = await server.connect();
    client.send('MIGRATE', ...at, 'k', 0, 5000);
    await called;
    client.socket.destroy();
    while (server.engine.sessions.count > 1) await new Promise(setImmediate);
    for (const socket of sockets) socket.end('+OK\r\n+OK\r\n');
    assert.equal(await from.ask('GET', 'k'), 'v');
  });

  test('arguments are refused as Redis refuses them', () => {
    const store = createTestStore();
    store.run('SET', 'k', 'v');
    const error = (line: string): unknown =>
      (
        store.run(...line.split(' ').map((word) => (word === '""' ? '' : word))) as {
          error: string;
        }
      ).error;
    const notInteger = 'ERR value is not an integer or out of range';
    assert.equal(error('MIGRATE h 1 k 0 x'), notInteger);
    assert.equal(error('MIGRATE h 1 k x 0'), notInteger);
    assert.equal(error('MIGRATE h 1 k 0 0 NOPE'), 'ERR syntax error');
    assert.equal(error('MIGRATE h 1 k 0 0 AUTH'), 'ERR syntax error');
    assert.equal(error('MIGRATE h 1 k 0 0 AUTH2 u'), 'ERR syntax error');
    assert.match(String(error('MIGRATE h 1 k 0 0 KEYS a')), /must be set to the empty string/);
    store.run('MULTI');
    store.run('MIGRATE', 'h', 1, 'k', 0, 0);
    const [reply] = store.run('EXEC') as { error: string }[];
    assert.match(String(reply?.error), /not in a transaction/);
    assert.deepEqual(store.run('COMMAND', 'GETKEYS', ...'MIGRATE h 1 k 0 9 COPY'.split(' ')), [
      'k',
    ]);
    assert.deepEqual(
      store.run(
        'COMMAND',
        'GETKEYS',
        'MIGRATE',
        'h',
        '1',
        '',
        '0',
        '9',
        'AUTH',
        'KEYS',
        'KEYS',
        'a',
        'b',
      ),
      ['a', 'b'],
    );
  });
});
