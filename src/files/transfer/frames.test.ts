import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  DATA_BYTES_MAX,
  type Frame,
  FrameDecoder,
  FrameProblem,
  FrameType,
  type FrameTypeNumber,
  frameHead,
} from './frames.ts';

const types = Object.values(FrameType);

function decode(bytes: Buffer, cuts: readonly number[] = []): Frame[] {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  let from = 0;
  for (const cut of [...cuts.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b)]) {
    decoder.push(bytes.subarray(from, cut), (frame) => frames.push(frame));
    from = cut;
  }
  decoder.push(bytes.subarray(from), (frame) => frames.push(frame));
  return frames;
}

function encode(type: FrameTypeNumber, request: number, payload: Buffer): Buffer {
  return Buffer.concat([frameHead(type, request, payload.length), payload]);
}

/** A payload in the range of its type, for each of them. */
const frameOf = fc
  .record({ nth: fc.nat(types.length - 1), request: fc.nat(0xffffffff), fill: fc.nat(255) })
  .map(({ nth, request, fill }) => {
    const type = types[nth]!;
    for (let length = 0; length < 128; length++) {
      const payload = Buffer.alloc(length, fill);
      try {
        decode(encode(type, request, payload));
        return { type, request, payload };
      } catch {
        // Longer.
      }
    }
    throw new Error(`type ${type} takes nothing short`);
  });

test('frames come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(frameOf, { maxLength: 12 }), fc.array(fc.nat(3000)), (sent, cuts) => {
      const bytes = Buffer.concat(
        sent.map(({ type, request, payload }) => encode(type, request, payload)),
      );
      const met = decode(bytes, cuts);
      assert.deepEqual(
        met.map(({ type, request, payload }) => [type, request, payload.toString('hex')]),
        sent.map(({ type, request, payload }) => [type, request, payload.toString('hex')]),
      );
    }),
    { numRuns: 200 },
  );
});

test('whatever comes is a frame in its bounds or ends it, before memory is taken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        for (const { type, payload } of decode(Buffer.from(bytes))) {
          assert.ok((types as number[]).includes(type) && payload.length <= 64);
        }
      } catch (error) {
        assert.ok(error instanceof FrameProblem);
      }
    }),
    { numRuns: 2000 },
  );
});

test('large payloads are whole whether their bytes were brought to their place or not', () => {
  const payloads = [DATA_BYTES_MAX, 300_000, 9, DATA_BYTES_MAX + 44].map((length, nth) => {
    return Buffer.alloc(length, `${nth} is here, `);
  });
  const bytes = Buffer.concat(payloads.map((each) => encode(FrameType.data, 7, each)));
  const run = fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 400_000 }), own: fc.boolean() }),
  );
  fc.assert(
    fc.property(run, (reads) => {
      const decoder = new FrameDecoder();
      const frames: Frame[] = [];
      for (let at = 0, nth = 0; at < bytes.length; nth++) {
        const { count, own } = reads[nth] ?? { count: bytes.length, own: true };
        const { room } = decoder;
        const from = bytes.subarray(at, at + count);
        let chunk: Buffer = from;
        if (own && room !== undefined) {
          const brought = from.copy(room, 0, 0, Math.min(count, room.length));
          chunk = room.subarray(0, brought);
        }
        at += chunk.length;
        decoder.push(chunk, (frame) => frames.push(frame));
      }
      assert.equal(decoder.room, undefined);
      assert.deepEqual(
        frames.map(({ payload }) => payload.length),
        payloads.map(({ length }) => length),
      );
      for (const [nth, { payload }] of frames.entries()) assert.ok(payload.equals(payloads[nth]!));
    }),
    { numRuns: 100 },
  );
});

test('a length out of the range of its type, and an unknown type, are refused by their heads', () => {
  assert.throws(() => decode(frameHead(FrameType.data, 1, 0xffffffff)), FrameProblem);
  assert.throws(() => decode(frameHead(FrameType.data, 1, DATA_BYTES_MAX * 2)), FrameProblem);
  assert.throws(() => decode(frameHead(FrameType.proof, 1, 31)), FrameProblem);
  assert.throws(() => decode(frameHead(99 as FrameTypeNumber, 1, 0)), FrameProblem);
});

test('before it is known who is there a frame has few bytes at most', () => {
  const decoder = new FrameDecoder();
  decoder.payloadMax = 100;
  assert.throws(() => decoder.push(frameHead(FrameType.put, 1, 101), () => {}), FrameProblem);
});
