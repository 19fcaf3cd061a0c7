import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Reply, ReplyReader } from './reply-reader.ts';

function readAll(text: string, step: number): { replies: Reply[]; error: string } {
  const replies: Reply[] = [];
  const reader = new ReplyReader((reply) => replies.push(reply));
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(Buffer.from(bytes.subarray(at, at + step)));
  }
  return { replies, error: reader.error };
}

test('every kind of reply is read, however its bytes come', () => {
  const long = 'v'.repeat(5000);
  const text = `+OK\r\n-ERR no\r\n:-7\r\n$0\r\n\r\n$2\r\n\r\n\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n-ERR in\r\n$5000\r\n${long}\r\n`;
  const wanted: Reply[] = [
    'OK',
    { error: 'ERR no' },
    -7,
    Buffer.from(''),
    Buffer.from('\r\n'),
    null,
    null,
    [],
    [[1], { error: 'ERR in' }],
    Buffer.from(long),
  ];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6000 }), (step) => {
      assert.deepEqual(readAll(text, step), { replies: wanted, error: '' });
    }),
    { numRuns: 60, examples: [[1], [6000]] },
  );
});

test('what is no reply ends it with the reason', () => {
  assert.match(readAll('HTTP/1.1 200 OK\r\n', 3).error, /not a reply: "HTTP/);
  assert.match(readAll('$99999999999\r\n', 3).error, /too long/);
  assert.match(readAll('$x\r\n', 3).error, /too long/);
  assert.match(readAll('*x\r\n', 3).error, /too deep/);
  assert.match(readAll('*1\r\n'.repeat(40), 3).error, /too deep/);
  assert.match(readAll(`+${'x'.repeat(70_000)}`, 1000).error, /without an end/);
});
