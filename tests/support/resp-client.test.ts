import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requirePeer } from './peers.ts';
import { startRedis } from './redis-server.ts';
import { RespClient } from './resp-client.ts';
import { type Reply, ReplyReader, show } from './resp-reply.ts';

describe('ReplyReader', () => {
  const wire =
    '+OK\r\n-ERR no\r\n:-5\r\n$5\r\na\r\n\0b\r\n$-1\r\n*-1\r\n_\r\n*0\r\n' +
    '*2\r\n*1\r\n:1\r\n$0\r\n\r\n%1\r\n+k\r\n~1\r\n#t\r\n,1.5\r\n(123\r\n=5\r\ntxt:a\r\n!2\r\nno\r\n' +
    '*1\r\n|1\r\n+ttl\r\n:9\r\n$1\r\nx\r\n';
  const shown = [
    '+OK',
    '-ERR no',
    ':-5',
    '$"a\\r\\n\\u0000b"',
    '$nil',
    '*nil',
    '_',
    '*[]',
    '*[*[:1] $""]',
    '%[+k ~[#t]]',
    ',1.5',
    '(123',
    '="txt:a"',
    '!"no"',
    '*[$"x"]',
  ];

  for (const size of [1, 2, 3, 7, wire.length]) {
    test(`gives the same replies from chunks of ${size} bytes`, () => {
      const reader = new ReplyReader();
      const replies: Reply[] = [];
      for (let at = 0; at < wire.length; at += size) {
        const chunk = Buffer.from(wire.slice(at, at + size), 'latin1');
        reader.push(chunk, (reply) => replies.push(reply));
      }
      assert.deepEqual(replies.map(show), shown);
    });
  }

  test('throws on bytes that are no reply', () => {
    assert.throws(() => new ReplyReader().push(Buffer.from('hello\r\n'), () => {}), /no RESP/);
  });
});

describe('RespClient', requirePeer('redis-server'), () => {
  test('matches replies to requests and sets pushes aside', async () => {
    const server = await startRedis();
    try {
      const client = await RespClient.connect(server, { resp: 3 });
      const replies = await client.pipeline([
        ['PUBLISH', 'c', 'hello'],
        ['HSET', 'h', 'f', Buffer.from([0, 255])],
        ['HGETALL', 'h'],
        ['NO-SUCH'],
      ]);
      assert.equal(show(replies[0] as Reply), ':0');
      assert.equal(show(replies[2] as Reply), '%[$"f" $"\\u0000ÿ"]');
      assert.match(show(replies[3] as Reply), /^-ERR unknown command/);
      client.raw('*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n');
      await client.waitPushes(1);
      await client.must('PUBLISH', 'c', 'hello');
      const pushes = await client.waitPushes(2);
      assert.deepEqual(pushes.map(show), [
        '>[$"subscribe" $"c" :1]',
        '>[$"message" $"c" $"hello"]',
      ]);
      client.close();
    } finally {
      await server.stop();
    }
  });
});
