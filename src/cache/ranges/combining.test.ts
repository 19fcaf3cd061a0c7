import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldId, ResponseHead } from '../../core/wire/index.ts';
import { fieldsOf } from '../policy/policy-fixture.ts';
import {
  becomeWhole,
  belongsTo,
  type PartialResponse,
  readPartial,
  strongValidator,
} from './combining.ts';
import { contentRangeOf, parseContentRange, unsatisfiedRange } from './content-range.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();
const times = { lastModifiedMs: NOW - 60_000, dateMs: NOW };

test('RFC 9110 section 14.4: Content-Range', () => {
  assert.deepEqual(parseContentRange('bytes 42-1233/1234'), {
    part: { start: 42, end: 1234 },
    lengthBytes: 1234,
  });
  assert.deepEqual(parseContentRange('BYTES 0-0/*'), {
    part: { start: 0, end: 1 },
    lengthBytes: undefined,
  });
  assert.deepEqual(parseContentRange('bytes */47'), { part: null, lengthBytes: 47 });
  for (const value of [
    ...['', 'bytes', 'bytes 0-9', 'bytes 9-8/10', 'bytes 0-10/10', 'bytes */*', 'items 0-9/10'],
    ...['bytes=0-9/10', 'bytes 0-9/10, bytes 10-19/20', 'bytes -9/10', 'bytes 0-9/-1'],
    ...['bytes 0-99999999999999999999/*', 'bytes 0-1/99999999999999999999', 'bytes 0-9/10 '],
  ]) {
    assert.equal(parseContentRange(value), null, value);
  }
  const written = contentRangeOf({ start: 3, end: 7 }, 9);
  assert.deepEqual(parseContentRange(written), { part: { start: 3, end: 7 }, lengthBytes: 9 });
  assert.deepEqual(parseContentRange(unsatisfiedRange(9)), { part: null, lengthBytes: 9 });
});

test('RFC 9110 section 8.8: what is strong', () => {
  const lastModified = at(-60);
  assert.deepEqual(strongValidator({ etag: '"a"', lastModified }, times), {
    kind: 'etag',
    value: '"a"',
  });
  assert.equal(strongValidator({ etag: 'W/"a"', lastModified }, times), null);
  assert.deepEqual(strongValidator({ etag: undefined, lastModified }, times), {
    kind: 'date',
    value: lastModified,
  });
  const justNow = { lastModifiedMs: NOW - 999, dateMs: NOW };
  assert.equal(strongValidator({ etag: undefined, lastModified }, justNow), null);
  const undated = { lastModifiedMs: NOW, dateMs: Number.NaN };
  assert.equal(strongValidator({ etag: undefined, lastModified }, undated), null);
  assert.equal(strongValidator({ etag: undefined, lastModified: undefined }, times), null);
});

test('RFC 9111 section 3.4: which parts are kept', () => {
  const read = (...lines: string[]): unknown => readPartial(fieldsOf('ETag: "a"', ...lines), times);
  assert.deepEqual(read('Content-Range: bytes 5-9/20', 'Content-Length: 5'), {
    part: { start: 5, end: 10 },
    lengthBytes: 20,
    validator: { kind: 'etag', value: '"a"' },
  });
  assert.equal(read(), 'no-range');
  assert.equal(read('Content-Range: bytes 5-4/20'), 'bad-range');
  assert.equal(read('Content-Range: bytes */20'), 'bad-range');
  const twice = ['Content-Range: bytes 5-9/20', 'Content-Range: bytes 5-9/20'];
  assert.equal(read(...twice), 'bad-range');
  assert.equal(read('Content-Range: bytes 5-9/*'), 'unknown-length');
  assert.equal(read('Content-Range: bytes 5-9/20', 'Content-Length: 6'), 'length');
  const multipart = 'Content-Type: Multipart/ByteRanges; boundary=x';
  assert.equal(read(multipart, 'Content-Range: bytes 5-9/20'), 'multipart');
  const weak = fieldsOf('ETag: W/"a"', 'Content-Range: bytes 5-9/20');
  assert.equal(readPartial(weak, times), 'validator');
});

test('section 3.4: parts are put together when length and strong validator are the same', () => {
  const stored: PartialResponse = {
    part: { start: 0, end: 1 },
    lengthBytes: 20,
    validator: { kind: 'etag', value: '"a"' },
  };
  assert.ok(belongsTo({ ...stored }, stored));
  assert.ok(!belongsTo({ ...stored, lengthBytes: 21 }, stored));
  assert.ok(!belongsTo({ ...stored, validator: { kind: 'etag', value: '"b"' } }, stored));
  assert.ok(!belongsTo({ ...stored, validator: { kind: 'date', value: '"a"' } }, stored));
});

test('RFC 9110 section 15.3.7.3: parts that are complete are a 200', () => {
  const head = new ResponseHead();
  head.setStatus(206);
  head.fields.addKnown(FieldId.contentRange, 'bytes 0-9/20');
  head.fields.addKnown(FieldId.contentLength, '10');
  becomeWhole(head, 20);
  assert.deepEqual([head.status, head.contentLength], [200, 20]);
  assert.equal(head.fields.get(FieldId.contentLength), '20');
  assert.equal(head.fields.has(FieldId.contentRange), false);
});
