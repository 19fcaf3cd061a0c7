import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import type { ResponseSink } from '../../core/http/index.ts';
import { WebSocketTap } from './web-socket-tap.ts';

const CLOSE = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

function collector(): { readonly sink: ResponseSink; readonly got: () => Buffer } {
  const parts: Buffer[] = [];
  return {
    got: () => Buffer.concat(parts),
    sink: {
      interim: () => {},
      head: () => {},
      data: (bytes) => {
        parts.push(Buffer.from(bytes));
        return true;
      },
      end: () => {},
      flush: () => {},
      abort: () => {},
    },
  };
}

/** A frame as RFC 6455 section 5.2 has it, of a server. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, length])
      : length < 65_536
        ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 255])
        : Buffer.from([
            0x80 | opcode,
            127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255,
          ]);
  return Buffer.concat([head, payload]);
}

test('goodbye between two frames: said at once, what the server says later is not passed on', () => {
  const { sink, got } = collector();
  const tap = new WebSocketTap(sink);
  const hello = frame(1, Buffer.from('hello'));
  tap.data(hello, false);
  tap.goodbye();
  assert.deepEqual(got(), Buffer.concat([hello, CLOSE]));
  tap.data(frame(1, Buffer.from('more')), false);
  assert.deepEqual(got(), Buffer.concat([hello, CLOSE]));
});

test('goodbye after the server said Close: nothing is added', () => {
  const { sink, got } = collector();
  const tap = new WebSocketTap(sink);
  const close = frame(8, Buffer.from([0x03, 0xe8]));
  tap.data(close, false);
  tap.goodbye();
  assert.deepEqual(got(), close);
});

test('goodbye at any moment, however the frames are cut: whole frames and then Close, nothing twice', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(300), fc.constantFrom(0, 125, 126, 65_535, 65_536)), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 30 }),
      fc.nat(10),
      (sizes, cuts, goodbyeAt) => {
        const frames = sizes.map((size, i) => frame(2, Buffer.alloc(size, i + 1)));
        const all = Buffer.concat(frames);
        const { sink, got } = collector();
        const tap = new WebSocketTap(sink);
        let at = 0;
        for (let i = 0; at < all.length; i++) {
          if (i === goodbyeAt) tap.goodbye();
          const end = Math.min(all.length, at + cuts[i % cuts.length]!);
          tap.data(all.subarray(at, end), false);
          at = end;
        }
        tap.goodbye();
        const bounds = [0];
        for (const each of frames) bounds.push(bounds.at(-1)! + each.length);
        const body = got().subarray(0, -CLOSE.length);
        assert.deepEqual(got().subarray(-CLOSE.length), CLOSE);
        assert.ok(bounds.includes(body.length));
        assert.ok(body.equals(all.subarray(0, body.length)));
      },
    ),
  );
});

test('taps of WebSockets that were opened one by one: none holds a block of memory', () => {
  const { sink } = collector();
  const taps: WebSocketTap[] = [];
  const pinned = pinnedBytes(200, () => {
    taps.push(new WebSocketTap(sink));
  });
  assert.equal(taps.length, 200);
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
