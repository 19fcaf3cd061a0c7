/**
 * Bytes that are no commands: the error texts of Redis, then the end of the connection.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RespClient } from '../../support/resp-client.ts';
import { show } from '../../support/resp-reply.ts';
import { onEachTarget } from '../../support/targets.ts';

/** What is sent, and the error; every one of them ends the connection. */
const fatal: readonly (readonly [string, string, string])[] = [
  ['a multibulk length that is no number', '*x\r\n', 'invalid multibulk length'],
  ['a multibulk length above the limit', '*3000000000\r\n', 'invalid multibulk length'],
  ['a multibulk length of 4 GiB', '*4294967296\r\n', 'invalid multibulk length'],
  ['an item that is no bulk string', '*1\r\nfoo\r\n', "expected '$', got 'f'"],
  ['an integer among the arguments', '*2\r\n$3\r\nGET\r\n:1\r\n', "expected '$', got ':'"],
  ['an array within an array', '*1\r\n*1\r\n$4\r\nPING\r\n', "expected '$', got '*'"],
  ['100,000 arrays within each other', '*1\r\n'.repeat(100_000), "expected '$', got '*'"],
  ['a negative bulk length', '*1\r\n$-5\r\n', 'invalid bulk length'],
  ['a bulk length that is no number', '*1\r\n$x\r\n', 'invalid bulk length'],
  ['a bulk length of 4 GiB', '*1\r\n$4294967296\r\n', 'invalid bulk length'],
  ['a bulk length above 512 MiB', '*1\r\n$536870913\r\n', 'invalid bulk length'],
  ['a bulk length of 64 bits', '*1\r\n$9223372036854775807\r\n', 'invalid bulk length'],
  ['an endless inline command', 'x'.repeat(70_000), 'too big inline request'],
  ['an endless multibulk length', `*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
  ['an endless bulk length', `*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
  ['quotes that do not end', 'SET a "b\r\n', 'unbalanced quotes in request'],
  ['quotes with something behind', 'SET a "b"c\r\n', 'unbalanced quotes in request'],
];

onEachTarget('protocol errors', {}, (server) => {
  for (const [what, bytes, error] of fatal) {
    test(`${what} is told and ends the connection`, async () => {
      const client = await RespClient.connect(server());
      const before = client.expect();
      const reply = client.expect();
      client.raw(`PING\r\n${bytes}`);
      assert.equal(show(await before), '+PONG');
      assert.equal(show(await reply), `-ERR Protocol error: ${error}`);
      await client.waitClosed();
    });
  }

  test('commands before the broken one are executed, commands behind it are not', async () => {
    const client = await RespClient.connect(server());
    const [set, error] = [client.expect(), client.expect()];
    client.raw('SET before 1\r\n*1\r\n!\r\nSET behind 1\r\n');
    assert.equal(show(await set), '+OK');
    assert.match(show(await error), /expected '\$', got '!'/);
    await client.waitClosed();
    const other = await RespClient.connect(server());
    assert.equal(show(await other.send(['EXISTS', 'before', 'behind'])), ':1');
    other.close();
  });

  test('empty commands and blank lines are passed over', async () => {
    const client = await RespClient.connect(server());
    const reply = client.expect();
    client.raw('\r\n\r\n*0\r\n*-1\r\n\n  \r\nPING\r\n');
    assert.equal(show(await reply), '+PONG');
    client.close();
  });

  test('inline commands know quotes and escapes', async () => {
    const client = await RespClient.connect(server());
    const replies = [client.expect(), client.expect(), client.expect()];
    client.raw('set q "a\\x41\\n\\"b"\r\n  get   q  \nset r \'it\\\'s "x"\'\r\n');
    assert.equal(show(await (replies[0] as Promise<never>)), '+OK');
    assert.equal(show(await (replies[1] as Promise<never>)), '$"aA\\n\\"b"');
    assert.equal(show(await (replies[2] as Promise<never>)), '+OK');
    assert.equal(show(await client.send(['GET', 'r'])), '$"it\'s \\"x\\""');
    client.close();
  });

  test('a browser that was talked into posting is cut off', async () => {
    const client = await RespClient.connect(server());
    client.raw('POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET posted 1\r\n');
    await client.waitClosed();
    const other = await RespClient.connect(server());
    assert.equal(show(await other.send(['EXISTS', 'posted'])), ':0');
    other.close();
  });

  test('an empty argument and binary arguments are arguments', async () => {
    const client = await RespClient.connect(server());
    assert.equal(show(await client.send(['SET', '', ''])), '+OK');
    assert.equal(show(await client.send(['GET', ''])), '$""');
    assert.equal(
      show(await client.send([''])),
      "-ERR unknown command '', with args beginning with: ",
    );
    assert.equal(
      show(await client.send(['no\r\nsuch', 'a\r\nb'])),
      "-ERR unknown command 'no  such', with args beginning with: 'a  b' ",
    );
    assert.equal(
      show(await client.send(['no\0such', '\0', 'a\0b'])),
      "-ERR unknown command 'no', with args beginning with: '' 'a' ",
    );
    client.close();
  });

  test('replies do not depend on where the bytes are cut', async () => {
    const bytes =
      '*3\r\n$3\r\nSET\r\n$3\r\ncut\r\n$10\r\nab\r\ncd\r\nef\r\n*2\r\n$3\r\nGET\r\n$3\r\ncut\r\nPING\r\n';
    const client = await RespClient.connect(server());
    const replies = [client.expect(), client.expect(), client.expect()];
    for (const byte of bytes) {
      client.raw(byte);
      await new Promise(setImmediate);
    }
    assert.deepEqual((await Promise.all(replies)).map(show), [
      '+OK',
      '$"ab\\r\\ncd\\r\\nef"',
      '+PONG',
    ]);
    client.close();
  });
});

onEachTarget(
  'protocol errors before AUTH',
  { redis: ['--requirepass', 'secret'], plinth: { kv: { password: 'secret' } } },
  (server) => {
    const refusals: readonly (readonly [string, string])[] = [
      ['*11\r\n', 'unauthenticated multibulk length'],
      ['*1\r\n$16385\r\n', 'unauthenticated bulk length'],
    ];
    for (const [bytes, error] of refusals) {
      test(`${JSON.stringify(bytes)} is refused: ${error}`, async () => {
        const client = await RespClient.connect(server());
        const reply = client.expect();
        client.raw(bytes);
        assert.equal(show(await reply), `-ERR Protocol error: ${error}`);
        await client.waitClosed();
      });
    }

    test('commands are refused, and after AUTH they are not', async () => {
      const client = await RespClient.connect(server());
      assert.equal(show(await client.send(['GET', 'k'])), '-NOAUTH Authentication required.');
      assert.match(show(await client.send(['AUTH', 'wrong'])), /^-WRONGPASS /);
      assert.match(show(await client.send(['HELLO', '3'])), /^-NOAUTH HELLO must be called/);
      assert.equal(show(await client.send(['AUTH', 'secret'])), '+OK');
      const many = ['MGET', ...Array.from({ length: 2000 }, (_, index) => `k${index}`)];
      assert.equal((await client.send(many)).type, 'array');
      client.close();
    });
  },
);
