import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import { LineWriter } from './line-writer.ts';

function written(write: (to: LineWriter) => void, bytes = 8192): string {
  const to = new LineWriter(bytes);
  write(to);
  return to.buf.toString('latin1', 0, to.at);
}

test('text of any bytes: ASCII that JSON reads back as the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (array, before) => {
      const bytes = Buffer.concat([Buffer.alloc(before), array]);
      const text = written((to) => to.text(bytes, before, array.length));
      assert.match(text, /^[\x20-\x7e]*$/);
      const read: unknown = JSON.parse(text);
      if (array.length === 0) assert.equal(read, null);
      else assert.deepEqual(Buffer.from(read as string, 'latin1'), Buffer.from(array));
    }),
  );
});

test('numbers and durations: what JSON reads back', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      assert.equal(
        written((to) => to.number(value)),
        String(value),
      );
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
      const read = JSON.parse(written((to) => to.duration(ms)));
      assert.ok(Math.abs(read - ms) <= 0.000_501);
    }),
  );
  assert.equal(
    written((to) => to.duration(Number.NaN)),
    'null',
  );
});

test('names: JSON strings, and room is made for them', () => {
  const names = ['web', 'a"b', '', 'größe'];
  const to = new LineWriter(1);
  for (const name of [...names, ...names]) {
    const start = to.at;
    to.name(name);
    assert.equal(JSON.parse(to.buf.toString('utf8', start, to.at)), name);
  }
});

test('names remembered: they hold their own bytes, not the block that each was made in', () => {
  const to = new LineWriter(8192);
  const pinned = pinnedBytes(200, (i) => {
    to.at = 0;
    to.name(`server ${i}`);
  });
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
