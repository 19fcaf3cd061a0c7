import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { BodyKind, FieldId, ResponseHead } from '../../core/wire/index.ts';
import type { Part } from '../policy/index.ts';
import { coalesce } from './coalesce.ts';
import { becomePartial, frameParts } from './framing.ts';
import { type BodySource, RangeBody } from './range-body.ts';

const random = createSimRandom(1);

/** A body in pieces of a size, each given in the same memory, as a store on disk would. */
function sourceOf(body: Buffer, pieceBytes: number): BodySource {
  const shared = Buffer.alloc(pieceBytes);
  return {
    bytes: body.length,
    piece(from, to) {
      const end = Math.min(to, from + pieceBytes);
      return shared.subarray(0, body.copy(shared, 0, from, end));
    },
  };
}

function bodyOf(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + (at >> 8)) & 255));
}

function collect(body: RangeBody): Buffer {
  const pieces: Buffer[] = [];
  for (let piece = body.next(); piece !== null; piece = body.next()) {
    assert.ok(piece.length > 0);
    pieces.push(Buffer.from(piece));
  }
  assert.equal(body.leftBytes, 0);
  assert.equal(body.next(), null);
  return Buffer.concat(pieces);
}

/** An obvious reader of multipart/byteranges. */
function readMultipart(contentType: string, body: Buffer): { head: string; bytes: Buffer }[] {
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1] as string;
  const text = body.toString('latin1');
  assert.ok(text.startsWith(`--${boundary}\r\n`));
  assert.ok(text.endsWith(`\r\n--${boundary}--\r\n`));
  const inner = text.slice(boundary.length + 4, -(boundary.length + 8));
  return inner.split(`\r\n--${boundary}\r\n`).map((part) => {
    const end = part.indexOf('\r\n\r\n');
    return { head: part.slice(0, end), bytes: Buffer.from(part.slice(end + 4), 'latin1') };
  });
}

const part = fc
  .tuple(fc.nat(999), fc.nat(999))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));
const partsOf = fc.array(part, { minLength: 1, maxLength: 8 });

test('a single part stands by itself, with its place in Content-Range', () => {
  const body = bodyOf(100);
  const framing = frameParts([{ start: 10, end: 20 }], 100, 'text/plain', random);
  assert.equal(framing.contentRange, 'bytes 10-19/100');
  assert.equal(framing.contentType, undefined);
  assert.equal(framing.contentBytes, 10);
  assert.deepEqual(collect(new RangeBody(sourceOf(body, 3), framing)), body.subarray(10, 20));
});

test('RFC 9110 section 14.6: several parts come with their heads between boundaries', () => {
  const body = bodyOf(1000);
  const parts = [
    { start: 500, end: 999 },
    { start: 0, end: 1 },
  ];
  const framing = frameParts(parts, 1000, 'text/plain; charset=utf-8', random);
  const sent = collect(new RangeBody(sourceOf(body, 64), framing));
  assert.equal(sent.length, framing.contentBytes);
  assert.equal(framing.contentRange, undefined);
  assert.deepEqual(readMultipart(framing.contentType as string, sent), [
    {
      head: 'Content-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 500-998/1000',
      bytes: body.subarray(500, 999),
    },
    {
      head: 'Content-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-0/1000',
      bytes: body.subarray(0, 1),
    },
  ]);
  const other = frameParts(parts, 1000, undefined, random);
  assert.notEqual(other.contentType, framing.contentType);
  assert.match(other.heads[0]?.toString() as string, /^--[\w-]{32}\r\nContent-Range: /);
});

test('whatever the parts: the length is told beforehand, and the bytes are those of the body', () => {
  const body = bodyOf(1000);
  fc.assert(
    fc.property(partsOf, fc.integer({ min: 1, max: 300 }), (asked, pieceBytes) => {
      const parts = coalesce(asked);
      const framing = frameParts(parts, body.length, 'a/b', random);
      const sent = collect(new RangeBody(sourceOf(body, pieceBytes), framing));
      assert.equal(sent.length, framing.contentBytes);
      if (parts.length === 1) {
        const { start, end } = parts[0] as Part;
        assert.deepEqual(sent, body.subarray(start, end));
        return;
      }
      const read = readMultipart(framing.contentType as string, sent);
      assert.deepEqual(
        read.map(({ bytes }) => bytes),
        parts.map(({ start, end }) => body.subarray(start, end)),
      );
    }),
  );
});

test('section 15.3.7.2: parts that overlap or touch are sent once, in the order of asking', () => {
  assert.deepEqual(
    coalesce([
      { start: 900, end: 950 },
      { start: 0, end: 10 },
      { start: 5, end: 20 },
      { start: 20, end: 200 },
      { start: 949, end: 960 },
    ]),
    [
      { start: 900, end: 960 },
      { start: 0, end: 200 },
    ],
  );
  const apart = [
    { start: 11, end: 200 },
    { start: 0, end: 10 },
  ];
  assert.deepEqual(coalesce(apart), apart);
  fc.assert(
    fc.property(partsOf, (asked) => {
      const sent = coalesce(asked);
      const sorted = [...sent].sort((a, b) => a.start - b.start);
      for (const [nth, { start }] of sorted.entries()) {
        if (nth > 0) assert.ok(start > (sorted[nth - 1] as Part).end);
      }
      for (const { start, end } of asked) {
        assert.ok(sent.some((part) => part.start <= start && end <= part.end));
      }
    }),
  );
});

test('the head of a stored response becomes that of the 206', () => {
  const head = (): ResponseHead => {
    const stored = new ResponseHead();
    stored.setStatus(200);
    stored.fields.addKnown(FieldId.contentType, 'text/css');
    stored.fields.addKnown(FieldId.contentLength, '1000');
    stored.fields.addKnown(FieldId.etag, '"a"');
    return stored;
  };
  const one = head();
  becomePartial(one, frameParts([{ start: 1, end: 3 }], 1000, 'text/css', random));
  assert.deepEqual([one.status, one.body, one.contentLength], [206, BodyKind.length, 2]);
  assert.equal(one.fields.get(FieldId.contentType), 'text/css');
  assert.equal(one.fields.get(FieldId.contentRange), 'bytes 1-2/1000');
  assert.equal(one.fields.get(FieldId.contentLength), '2');
  assert.equal(one.fields.get(FieldId.etag), '"a"');
  const two = head();
  const parts = [
    { start: 1, end: 3 },
    { start: 500, end: 600 },
  ];
  const framing = frameParts(parts, 1000, 'text/css', random);
  becomePartial(two, framing);
  assert.equal(two.fields.has(FieldId.contentRange), false);
  assert.match(two.fields.get(FieldId.contentType) ?? '', /^multipart\/byteranges; boundary=/);
  assert.equal(two.contentLength, framing.contentBytes);
});
