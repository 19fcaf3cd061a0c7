import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import type { BodySink } from '../http/index.ts';
import { KeptBody } from './kept-body.ts';

function collector(): { sink: BodySink; given: string[] } {
  const given: string[] = [];
  const sink: BodySink = {
    data: (bytes) => given.push(bytes.toString()) > 0,
    end: () => void given.push('end'),
    flush() {},
    abort() {},
  };
  return { sink, given };
}

test('a body that is small: sent again as it was, whatever becomes of the memory it came in', () => {
  const body = new KeptBody();
  body.begin(10, -1);
  const bytes = Buffer.from('abcd');
  body.note(bytes);
  bytes.fill('x');
  body.note(Buffer.from('ef'));
  body.noteEnd(null);
  const { sink, given } = collector();
  body.replay(sink);
  assert.equal(given.join(''), 'abcdefend');
});

test('what was sent again: still the same when the next body is kept', () => {
  const body = new KeptBody();
  const held: Buffer[] = [];
  const sink: BodySink = { ...collector().sink, data: (bytes) => held.push(bytes) > 0 };
  body.begin(10, -1);
  body.note(Buffer.from('first'));
  body.noteEnd(null);
  body.replay(sink);
  body.reset();
  body.begin(10, -1);
  body.note(Buffer.from('other'));
  assert.equal(Buffer.concat(held).toString(), 'first');
  body.replay(sink);
  assert.equal(Buffer.concat(held).toString(), 'firstother');
});

test('pieces of any size, sent again before and behind their end: all of them, in order', () => {
  const size = fc.oneof(fc.nat(20), fc.integer({ min: 1000, max: 3000 }));
  const step = fc.record({ size, replay: fc.boolean() });
  const body = new KeptBody();
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      body.reset();
      body.begin(1_000_000, -1);
      let whole = Buffer.alloc(0);
      const check = (): void => {
        const given: Buffer[] = [];
        body.replay({ ...collector().sink, data: (bytes) => given.push(Buffer.from(bytes)) > 0 });
        assert.ok(Buffer.concat(given).equals(whole));
      };
      for (const { size: bytes, replay } of steps) {
        const piece = Buffer.alloc(bytes, whole.length);
        body.note(piece);
        whole = Buffer.concat([whole, piece]);
        piece.fill(0);
        if (replay) check();
      }
      check();
    }),
  );
});

test('a body beyond its limit: nothing of it is kept', () => {
  const body = new KeptBody();
  body.begin(5, -1);
  body.note(Buffer.from('abcd'));
  body.note(Buffer.from('ef'));
  assert.equal(body.isWhole, false);
  const { sink, given } = collector();
  body.replay(sink);
  assert.deepEqual(given, []);
});

test('bodies of which little has come: they hold that, not the blocks it was copied into', () => {
  const bodies: KeptBody[] = [];
  const pinned = pinnedBytes(200, (i) => {
    const body = new KeptBody();
    body.begin(65_536, 1000);
    body.note(Buffer.alloc(i + 1));
    bodies.push(body);
  });
  assert.ok(bodies.every((body) => body.isWhole));
  assert.ok(pinned < 200 * 3072, `${pinned} bytes are held`);
});
