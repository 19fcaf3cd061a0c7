import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EntryBuffer, type Frame } from './entry-buffer.ts';
import { entryHeaderBytes, frameHeaderBytes } from './format.ts';

type Step =
  | { readonly kind: 'append'; readonly bytes: number }
  | { readonly kind: 'take' | 'release' | 'put-back' | 'abandon' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      bytes: fc.constantFrom(0, 5, 1000, 200_000, 500_000, 1_000_000, 1_500_000),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'take' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'release' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'put-back' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'abandon' as const }) },
);

/** Every entry is filled with one byte that its index decides. */
const filler = (index: number): number => (index * 7) & 255;

function check(frame: Frame): void {
  const { buffer } = frame.chunk;
  let at = frame.start + frameHeaderBytes;
  for (let index = frame.firstIndex; index < frame.firstIndex + frame.count; index++) {
    const bytes = buffer.readUInt32LE(at);
    const payload = buffer.subarray(at + entryHeaderBytes, at + entryHeaderBytes + bytes);
    assert.ok(payload.equals(Buffer.alloc(bytes, filler(index))), `entry ${index} changed`);
    at += entryHeaderBytes + bytes;
  }
  assert.equal(at, frame.start + frameHeaderBytes + frame.bodyBytes);
}

test('a frame keeps its bytes until it is released, whatever is appended, taken and given back meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const entries = new EntryBuffer(0, 1);
      let taken: Frame[] = [];
      let expected = 0;
      for (const one of steps) {
        if (one.kind === 'append') {
          const { buffer, offset } = entries.reserve(one.bytes, 0);
          buffer.fill(filler(entries.lastIndex + 1), offset, offset + one.bytes);
          entries.commit(one.bytes, 0, false);
          expected += entryHeaderBytes + one.bytes;
        } else if (one.kind === 'abandon') {
          const { buffer, offset } = entries.reserve(3000, 0);
          buffer.fill(255, offset, offset + 3000);
        } else if (one.kind === 'take') {
          const frame = entries.take();
          assert.equal(frame === undefined, expected === 0);
          if (frame !== undefined) taken.push(frame);
          expected -= frame?.bodyBytes ?? 0;
        } else if (one.kind === 'put-back') {
          for (const frame of taken) expected += frame.bodyBytes;
          entries.putBack(taken);
          taken = [];
        } else {
          const frame = taken.shift();
          if (frame !== undefined) {
            check(frame);
            entries.release(frame);
          }
        }
        assert.equal(entries.waitingBytes, expected);
        for (const frame of taken) check(frame);
      }
      let next = taken.at(-1);
      for (let frame = entries.take(); frame !== undefined; frame = entries.take()) {
        check(frame);
        if (next !== undefined) assert.equal(frame.firstIndex, next.firstIndex + next.count);
        next = frame;
      }
      if (next !== undefined) assert.equal(next.firstIndex + next.count - 1, entries.lastIndex);
    }),
    { numRuns: 60 },
  );
});
