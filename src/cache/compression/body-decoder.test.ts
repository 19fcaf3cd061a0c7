import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { BodySink } from '../../core/http/index.ts';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { BodyDecoder } from './body-decoder.ts';
import type { MadeCoding } from './settings.ts';

const text = Buffer.from('A body on its way, and another line of it. '.repeat(20_000));
const coders = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync };

/** Sends a coded body through a decoder, to a sink that says no to every piece and is ready a turn later. */
async function through(
  coding: MadeCoding,
  coded: Buffer,
  { bytesMax = 0, cutOff = false } = {},
): Promise<{ body: Buffer; ended: boolean; reason: string; held: number }> {
  const pieces: Buffer[] = [];
  const over = Promise.withResolvers<boolean>();
  let [reason, waiting, held] = ['', false, 0];
  const sink: BodySink = {
    data(bytes) {
      if (waiting) held++;
      pieces.push(Buffer.from(bytes));
      waiting = true;
      setImmediate(() => {
        waiting = false;
        decoder.resume();
      });
      return false;
    },
    end: (trailers) => {
      assert.equal(trailers, null);
      over.resolve(true);
    },
    flush() {},
    abort: () => over.resolve(false),
  };
  let drained = Promise.withResolvers<void>();
  const decoder = new BodyDecoder(coding, bytesMax, sink, {
    onDrain: () => drained.resolve(),
    onFailure: (why) => {
      reason = why;
      drained.resolve();
    },
  });
  const shared = Buffer.alloc(1000);
  for (let at = 0; at < coded.length && reason === ''; at += shared.length) {
    // The memory is the source's again behind the call.
    const bytes = shared.subarray(0, coded.copy(shared, 0, at));
    drained = Promise.withResolvers();
    const more = decoder.data(bytes);
    shared.fill(0);
    if (!more) await drained.promise;
  }
  if (cutOff) decoder.abort();
  else decoder.end(null);
  const ended = await over.promise;
  return { body: Buffer.concat(pieces), ended, reason, held };
}

for (const coding of ['gzip', 'br', 'zstd'] as const) {
  const coded = coders[coding](text);

  test(`${coding}: a body is decoded as it comes, no faster than it is taken`, async () => {
    const { body, ended, held } = await through(coding, coded);
    assert.deepEqual(body, text);
    assert.ok(ended);
    assert.equal(held, 0);
    assert.ok((await through(coding, coded, { bytesMax: text.length })).ended);
  });

  test(`${coding}: one that is broken, cut off or too long is aborted`, async () => {
    const noise = createSimRandom(4).bytes(5000);
    for (const broken of [noise, coded.subarray(0, coded.length - 3)]) {
      const { ended, reason } = await through(coding, broken);
      assert.deepEqual([ended, reason], [false, 'broken']);
    }
    const bounded = await through(coding, coded, { bytesMax: text.length - 1 });
    assert.deepEqual([bounded.ended, bounded.reason], [false, 'too-long']);
    assert.ok(bounded.body.length < text.length);
    const dropped = await through(coding, coded, { cutOff: true });
    assert.deepEqual([dropped.ended, dropped.reason], [false, '']);
  });
}
