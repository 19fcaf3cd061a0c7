import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import type { Http2Connection, Http2Stream } from '../wire/index.ts';
import { Http2BodySender } from './http2-body-sender.ts';
import type { Http2Writer } from './http2-writer.ts';

/** A peer whose window is so large. */
function peer(): { sender: Http2BodySender<object>; sent: string[]; open(bytes: number): void } {
  const sent: string[] = [];
  let window = 0;
  const http2 = {
    output: { length: 0 },
    sendData(_stream: object, bytes: Buffer, start: number, end: number, last: boolean): number {
      const taken = Math.min(window, end - start);
      window -= taken;
      if (taken > 0) sent.push(bytes.toString('latin1', start, start + taken));
      if (last) sent.push('end');
      return taken;
    },
  } as unknown as Http2Connection<object>;
  const sender = new Http2BodySender<object>();
  sender.begin(http2, {} as Http2Writer<object>, {} as Http2Stream<object>, -1);
  return {
    sender,
    sent,
    open: (bytes) => {
      window += bytes;
    },
  };
}

test('bytes that wait for the window: copied unless they stay, and sent in order with the end behind', () => {
  const { sender, sent, open } = peer();
  open(2);
  const bytes = Buffer.from('abcd');
  assert.equal(sender.data(bytes, false), false);
  bytes.fill('x');
  const staying = Buffer.from('ef');
  assert.equal(sender.data(staying, true), false);
  sender.end(null);
  assert.deepEqual(sent, ['ab']);
  open(10);
  assert.equal(sender.onWritable(), false);
  assert.deepEqual(sent, ['ab', 'cd', 'ef', 'end']);
});

test('bodies that wait for the window: they hold their bytes, not the blocks those were copied into', () => {
  const senders: Http2BodySender<object>[] = [];
  const pinned = pinnedBytes(200, (i) => {
    const { sender } = peer();
    sender.data(Buffer.alloc(i + 1), false);
    sender.data(Buffer.alloc(i + 1), false);
    senders.push(sender);
  });
  assert.ok(senders.every((sender) => sender.isWaiting));
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
