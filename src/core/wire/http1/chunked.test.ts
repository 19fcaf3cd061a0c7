/** The chunked coding: decoder and encoder. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FieldId } from '../http/field-ids.ts';
import { Fields } from '../http/fields.ts';
import { problemOf } from '../http/problems.ts';
import {
  CHUNK_END,
  CHUNK_SIZE_LINE_BYTES_MAX,
  encodeLastChunk,
  LAST_CHUNK,
  putChunkSize,
} from './chunk-encoder.ts';
import { ChunkedDecoder, ChunkStep } from './chunked-decoder.ts';
import { CHUNK_LIMITS, type ChunkLimits } from './limits.ts';

interface Decoded {
  readonly data: string;
  /** `more`, `done` or the name of a problem. */
  readonly end: string;
  /** Bytes behind the body. */
  readonly rest: string;
  readonly trailers: (readonly [string, string])[];
}

function decode(pieces: readonly Buffer[], limits: ChunkLimits = CHUNK_LIMITS): Decoded {
  const decoder = new ChunkedDecoder();
  decoder.reset(limits);
  let data = '';
  let end = 'more';
  let rest = '';
  for (const piece of pieces) {
    // As a shared read buffer is: with other bytes around, and overwritten afterwards.
    const buf = Buffer.concat([Buffer.from('>>'), piece, Buffer.from('<<')]);
    const last = piece.length + 2;
    if (end === 'done') rest += piece.toString('latin1');
    for (let at = 2; end === 'more'; at = decoder.at) {
      const step = decoder.step(buf, at, last);
      if (step === ChunkStep.data)
        data += buf.toString('latin1', decoder.dataStart, decoder.dataEnd);
      else if (step === ChunkStep.more) break;
      else if (step === ChunkStep.done) {
        end = 'done';
        rest = buf.toString('latin1', decoder.at, last);
      } else end = problemOf(step).name;
    }
    buf.fill(0);
  }
  if (end === 'done') assert.equal(decoder.dataBytes, data.length);
  return { data, end, rest, trailers: listed(decoder.trailers) };
}

function listed(fields: Fields | null): (readonly [string, string])[] {
  if (fields === null) return [];
  return Array.from({ length: fields.count }, (_, i) => i)
    .filter((i) => !fields.isRemoved(i))
    .map((i) => [fields.name(i), fields.value(i)] as const);
}

const whole = (text: string, limits?: ChunkLimits): Decoded =>
  decode([Buffer.from(text, 'latin1')], limits);
const byBytes = (text: string, limits?: ChunkLimits): Decoded =>
  decode(
    [...Buffer.from(text, 'latin1')].map((byte) => Buffer.from([byte])),
    limits,
  );

describe('ChunkedDecoder', () => {
  const right: readonly (readonly [why: string, text: string, data: string])[] = [
    ['chunks', '3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n', 'abcd'],
    ['no chunk', '0\r\n\r\n', ''],
    [
      'sizes in both cases, with zeros before',
      '0A\r\n0123456789\r\n00b\r\n0123456789a\r\n000\r\n\r\n',
      '01234567890123456789a',
    ],
    ['data that looks like the coding', '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n', '\r\n0\r\n\r\n'],
    ['extensions', '1;a\r\nx\r\n1;a=b;c="d;\\"e\t";f\r\ny\r\n0;g\r\n\r\n', 'xy'],
  ];
  for (const [why, text, data] of right) {
    test(`finds the data of ${why}, and what follows`, () => {
      const wanted: Decoded = { data, end: 'done', rest: 'GET /', trailers: [] };
      assert.deepEqual(whole(`${text}GET /`), wanted);
      assert.deepEqual(byBytes(`${text}GET /`), wanted);
      for (let length = 0; length < text.length; length += 1) {
        assert.equal(whole(text.slice(0, length)).end, 'more');
      }
    });
  }

  const wrong: readonly (readonly [why: string, text: string, problem: string])[] = [
    // RFC 9112 section 7.1: chunk-size = 1*HEXDIG, then CRLF or an extension.
    ['no size', '\r\nabc\r\n', 'bad-chunk-size'],
    ['only an extension', ';a\r\n', 'bad-chunk-size'],
    ['0x', '0x3\r\nabc\r\n', 'bad-chunk-size'],
    ['a sign', '+3\r\nabc\r\n', 'bad-chunk-size'],
    ['a negative size', '-3\r\nabc\r\n', 'bad-chunk-size'],
    ['another letter', '3g\r\nabc\r\n', 'bad-chunk-size'],
    ['a space before', ' 3\r\nabc\r\n', 'bad-chunk-size'],
    ['a space behind', '3 \r\nabc\r\n', 'bad-chunk-size'],
    ['a space before the extension', '3 ;a\r\nabc\r\n', 'bad-chunk-size'],
    ['an underscore', '1_0\r\n', 'bad-chunk-size'],
    ['NUL', '3\0\r\nabc\r\n', 'nul'],
    ['LF behind the size', '3\nabc\r\n', 'bare-lf'],
    ['LF without a size', '\nabc\r\n', 'bare-lf'],
    ['CR behind the size', '3\rabc\r\n', 'bare-cr'],
    ['14 digits', '10000000000000\r\n', 'chunk-too-large'],
    ['14 digits of zeros', '00000000000003\r\nabc\r\n', 'chunk-too-large'],
    ['2^64 + 3', '10000000000000003\r\nabc\r\n', 'chunk-too-large'],
    // Section 7.1.1.
    ['a space in an extension', '3; a\r\nabc\r\n', 'bad-chunk-extension'],
    ['an empty extension', '3;\r\nabc\r\n', 'bad-chunk-extension'],
    ['an extension without a value', '3;a=\r\nabc\r\n', 'bad-chunk-extension'],
    ['an open quote', '3;a="b\r\nabc\r\n', 'bad-chunk-extension'],
    ['text behind a quote', '3;a="b"c\r\nabc\r\n', 'bad-chunk-extension'],
    ['a byte above ASCII', '3;a="\x80"\r\nabc\r\n', 'bad-chunk-extension'],
    ['LF in an extension', '3;a\nb\r\nabc\r\n', 'bare-lf'],
    ['CR in an extension', '3;a\rb\r\nabc\r\n', 'bare-cr'],
    ['NUL in an extension', '3;a="\0"\r\nabc\r\n', 'nul'],
    // The CRLF behind the data.
    ['too much data', '3\r\nabcd\r\n0\r\n\r\n', 'bad-chunk-end'],
    ['too little data', '3\r\nab\r\n0\r\n\r\n', 'bare-lf'],
    ['LF behind the data', '3\r\nabc\n0\r\n\r\n', 'bare-lf'],
    ['CR behind the data', '3\r\nabc\rx0\r\n\r\n', 'bare-cr'],
    // Section 7.1.2: trailers are fields.
    ['LF as the empty line', '0\r\n\n', 'bare-lf'],
    ['CR as the empty line', '0\r\n\rx', 'bare-cr'],
    ['LF behind a trailer', '0\r\nX: y\n\r\n', 'bare-lf'],
    ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n', 'obs-fold'],
    ['white space before the trailers', '0\r\n X: y\r\n\r\n', 'obs-fold'],
    ['a space before the colon', '0\r\nX : y\r\n\r\n', 'space-before-colon'],
    ['no colon', '0\r\nX\r\n\r\n', 'bad-field-name'],
    // RFC 9110 section 6.5.1.
    ['a length as a trailer', '0\r\nContent-Length: 3\r\n\r\n', 'bad-trailer'],
    ['a coding as a trailer', '0\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\n', 'bad-trailer'],
    ['a fate of the connection as a trailer', '0\r\nConnection: close\r\n\r\n', 'bad-trailer'],
    ['a host as a trailer', '0\r\nHost: a\r\n\r\n', 'bad-trailer'],
  ];
  for (const [why, text, problem] of wrong) {
    test(`refuses ${why}`, () => {
      assert.equal(whole(text).end, problem);
      assert.equal(byBytes(text).end, problem);
    });
  }

  test('gives the trailers, without those that must not stand there', () => {
    const text =
      '1\r\na\r\n0\r\nX-Sum: 1 \r\nAuthorization: b\r\nSet-Cookie: c\r\ngrpc-status: 0\r\nX-Sum: 2\r\n\r\nrest';
    for (const read of [whole, byBytes]) {
      const { data, end, rest, trailers } = read(text);
      assert.deepEqual([data, end, rest], ['a', 'done', 'rest']);
      assert.deepEqual(trailers, [
        ['X-Sum', '1'],
        ['grpc-status', '0'],
        ['X-Sum', '2'],
      ]);
    }
  });

  test('begins anew after a reset', () => {
    const decoder = new ChunkedDecoder();
    decoder.reset(CHUNK_LIMITS);
    const bad = Buffer.from('0\r\nX: y\r\n');
    assert.equal(decoder.step(bad, 0, bad.length), ChunkStep.more);
    decoder.reset(CHUNK_LIMITS);
    assert.equal(decoder.step(LAST_CHUNK, 0, LAST_CHUNK.length), ChunkStep.done);
    assert.equal(decoder.trailers, null);
    // Whoever asks again hears the same, and no byte is taken.
    assert.equal(decoder.step(bad, 1, bad.length), ChunkStep.done);
    assert.equal(decoder.at, 1);
  });

  test('bounds extensions over the whole body, and trailers', () => {
    const limits: ChunkLimits = { extensionBytes: 10, trailerBytes: 30, trailersMax: 2 };
    for (const read of [whole, byBytes]) {
      assert.equal(read('1;aaaa\r\nx\r\n1;bbbb\r\ny\r\n0\r\n\r\n', limits).end, 'done');
      assert.equal(
        read('1;aaaa\r\nx\r\n1;bbbbb\r\ny\r\n0\r\n\r\n', limits).end,
        'chunk-extensions-too-large',
      );
      assert.equal(read('0\r\nA: 1\r\nB: 2\r\n\r\n', limits).end, 'done');
      assert.equal(read('0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n', limits).end, 'too-many-fields');
      assert.equal(read(`0\r\nA: ${'x'.repeat(40)}\r\n\r\n`, limits).end, 'trailers-too-large');
    }
  });

  test('gives back what was encoded, wherever the pieces are cut', () => {
    const chunk = fc
      .uint8Array({ minLength: 1, maxLength: 300 })
      .map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 8 }),
        fc.array(fc.nat({ max: 60 })),
        fc.boolean(),
        (chunks, cuts, trailing) => {
          const parts = chunks.flatMap((bytes) => {
            const line = Buffer.alloc(CHUNK_SIZE_LINE_BYTES_MAX);
            return [line.subarray(0, putChunkSize(line, 0, bytes.length)), bytes, CHUNK_END];
          });
          const trailers = new Fields();
          trailers.addKnown(FieldId.etag, '"x"');
          const last = Buffer.alloc(100);
          const all = Buffer.concat([
            ...parts,
            last.subarray(0, encodeLastChunk(last, 0, trailing ? trailers : null)),
            Buffer.from('next'),
          ]);
          const pieces: Buffer[] = [];
          for (let at = 0, i = 0; at < all.length; i += 1) {
            const size = (cuts[i % Math.max(1, cuts.length)] ?? all.length) + 1;
            pieces.push(all.subarray(at, at + size));
            at += size;
          }
          const decoded = decode(pieces);
          assert.equal(decoded.data, Buffer.concat(chunks).toString('latin1'));
          assert.deepEqual([decoded.end, decoded.rest], ['done', 'next']);
          assert.deepEqual(decoded.trailers, trailing ? [['ETag', '"x"']] : []);
        },
      ),
    );
  });
});

describe('the encoder of chunks', () => {
  test('writes sizes as hexadecimal numbers', () => {
    const out = Buffer.alloc(32);
    for (const size of [
      1,
      9,
      10,
      15,
      16,
      255,
      256,
      65_536,
      0xabcdef,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
    ]) {
      const end = putChunkSize(out, 3, size);
      assert.equal(out.toString('latin1', 3, end), `${size.toString(16)}\r\n`);
      assert.ok(end - 3 <= CHUNK_SIZE_LINE_BYTES_MAX);
    }
  });

  test('writes no last chunk where there is no room', () => {
    assert.equal(encodeLastChunk(Buffer.alloc(6), 2, null), -1);
    assert.equal(encodeLastChunk(Buffer.alloc(6), 1, null), 6);
    const trailers = new Fields();
    trailers.addKnown(FieldId.etag, 'abc');
    assert.equal(encodeLastChunk(Buffer.alloc(15), 0, trailers), -1);
    const out = Buffer.alloc(16);
    assert.equal(
      out.toString('latin1', 0, encodeLastChunk(out, 0, trailers)),
      '0\r\nETag: abc\r\n\r\n',
    );
  });
});
