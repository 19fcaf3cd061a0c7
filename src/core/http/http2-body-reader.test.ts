import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import type { Http2Connection, Http2Stream } from '../wire/index.ts';
import { Http2BodyReader } from './http2-body-reader.ts';

function reader(): { reader: Http2BodyReader<object>; consumed: () => number } {
  let consumed = 0;
  const http2 = {
    consumed: (_stream: object, bytes: number) => {
      consumed += bytes;
    },
  } as unknown as Http2Connection<object>;
  const made = new Http2BodyReader<object>();
  made.begin(http2, {} as Http2Stream<object>, false);
  return { reader: made, consumed: () => consumed };
}

test('a body that nobody takes yet: kept, and given with its end when somebody does', () => {
  const { reader: body, consumed } = reader();
  const bytes = Buffer.from('-abcd-');
  body.data(bytes, 1, 4, false);
  bytes.fill('x');
  body.data(Buffer.from('ef'), 0, 2, true);
  assert.equal(consumed(), 0);
  const given: string[] = [];
  body.sink = {
    data: (piece) => given.push(piece.toString()) > 0,
    end: () => void given.push('end'),
    flush() {},
    abort() {},
  };
  body.resume();
  assert.deepEqual(given, ['abcd', 'ef', 'end']);
  assert.equal(consumed(), 6);
});

test('bodies that nobody takes: they hold their bytes, not the blocks those were copied into', () => {
  const readers: Http2BodyReader<object>[] = [];
  const pinned = pinnedBytes(200, (i) => {
    const { reader: body } = reader();
    body.data(Buffer.alloc(i + 1), 0, i + 1, false);
    readers.push(body);
  });
  assert.ok(readers.every((body) => !body.ended));
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
