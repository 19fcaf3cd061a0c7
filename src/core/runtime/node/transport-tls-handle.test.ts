import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { pinnedBytes } from '../../../../tests/support/pinned-bytes.ts';
import type { StreamEvents } from '../transport.ts';
import type { KernelHandle, StreamBinding } from './transport-handle.ts';
import { TlsHandleStream } from './transport-tls-handle.ts';

/** A stream over a wrap played by hand: `land` says what it has decrypted. */
function open(): { stream: TlsHandleStream; land(text: string): void; given: string[] } {
  let memory: Buffer = Buffer.alloc(0);
  const handle = {
    useUserBuffer: (bytes: Buffer) => {
      memory = bytes;
    },
    readStart: () => 0,
    readStop: () => 0,
  } as unknown as KernelHandle;
  const socket = Object.assign(new EventEmitter(), { read: () => null }) as unknown as TLSSocket;
  const native = { streamBaseState: new Int32Array(8) } as unknown as StreamBinding;
  const stream = new TlsHandleStream(socket, handle, native, 443);
  const given: string[] = [];
  stream.attach({ onData: (bytes) => void given.push(bytes.toString()) } as StreamEvents);
  return { stream, land: (text) => void stream.received(memory.write(text)), given };
}

test('what was decrypted while paused: given in order when resumed', async () => {
  const { stream, land, given } = open();
  land('before');
  stream.pause();
  land('first');
  land('second');
  assert.deepEqual(given, ['before']);
  stream.resume();
  await new Promise(setImmediate);
  assert.deepEqual(given, ['before', 'first', 'second']);
});

test('streams that are paused: they hold what was decrypted, not the blocks it was copied into', () => {
  const streams: TlsHandleStream[] = [];
  const pinned = pinnedBytes(200, (i) => {
    const { stream, land } = open();
    stream.pause();
    land(`text ${i}`);
    streams.push(stream);
  });
  assert.equal(streams.length, 200);
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
