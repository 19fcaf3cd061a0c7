import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Parsed, RespParser } from './parser.ts';

const LIMITS = { argsMax: 1000, bulkBytesMax: 100_000, lineBytesMax: 64 * 1024 };

function encode(request: Buffer[]): Buffer {
  return Buffer.concat([
    Buffer.from(`*${request.length}\r\n`),
    ...request.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from('\r\n')]),
  ]);
}

/** Feeds chunks as a connection does; returns the requests, or the error. */
function feed(chunks: Buffer[], limits = LIMITS): { requests: string[][]; error: string } {
  const parser = new RespParser(limits);
  const requests: string[][] = [];
  let kept: Buffer = Buffer.alloc(0);
  for (const chunk of chunks) {
    // The bytes move to another buffer and another offset each time.
    const padding = requests.length % 5;
    const buf = Buffer.concat([Buffer.alloc(padding), kept, chunk]);
    let at = padding;
    for (;;) {
      const parsed = parser.parse(buf, at, buf.length);
      if (parsed === Parsed.error) return { requests, error: parser.error };
      if (parsed === Parsed.more) break;
      requests.push(parser.args.copies().map((arg) => arg.toString('latin1')));
      at = parser.next;
    }
    kept = Buffer.from(buf.subarray(at));
  }
  return { requests, error: '' };
}

function split(bytes: Buffer, cuts: number[]): Buffer[] {
  const points = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks: Buffer[] = [];
  let from = 0;
  for (const point of [...points, bytes.length]) {
    chunks.push(bytes.subarray(from, point));
    from = point;
  }
  return chunks;
}

const argument = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const requestList = fc.array(fc.array(argument, { minLength: 1, maxLength: 6 }), { maxLength: 8 });

test('requests come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(requestList, fc.array(fc.nat(), { maxLength: 30 }), (requests, cuts) => {
      const result = feed(split(Buffer.concat(requests.map(encode)), cuts));
      assert.equal(result.error, '');
      assert.deepEqual(
        result.requests,
        requests.map((request) => request.map((arg) => arg.toString('latin1'))),
      );
    }),
  );
});

test('a damaged stream gives the same requests and the same error, however it is cut', () => {
  fc.assert(
    fc.property(
      requestList,
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (requests, cuts, damage) => {
        const bytes = Buffer.concat([...requests.map(encode), Buffer.from('*1\r\n$4\r\nPING\r\n')]);
        for (const [at, value] of damage) bytes[at % bytes.length] = value;
        assert.deepEqual(feed(split(bytes, cuts)), feed([bytes]));
      },
    ),
  );
});

const INLINE: [string, string[]][] = [
  ['PING\r\n', ['PING']],
  ['PING\n', ['PING']],
  ['  set  a   b \r\n', ['set', 'a', 'b']],
  ['set "a b" \'c d\'\r\n', ['set', 'a b', 'c d']],
  ['set "\\x41\\n\\"" x\r\n', ['set', 'A\n"', 'x']],
  ["set 'it\\'s' x\r\n", ['set', "it's", 'x']],
  ['\r\n', []],
];
for (const [line, words] of INLINE) {
  test(`inline ${JSON.stringify(line)} is ${JSON.stringify(words)}`, () => {
    assert.deepEqual(feed([Buffer.from(line)]), { requests: [words], error: '' });
  });
}

const ERRORS: [string, string][] = [
  ['*1\r\n+PING\r\n', "expected '$', got '+'"],
  ['*1001\r\n', 'invalid multibulk length'],
  ['*abc\r\n', 'invalid multibulk length'],
  ['*99999999999999999999999\r\n', 'invalid multibulk length'],
  ['*1\r\n$100001\r\n', 'invalid bulk length'],
  ['*1\r\n$-1\r\n', 'invalid bulk length'],
  ['*1\r\n$4294967296\r\n', 'invalid bulk length'],
  ['*1\r\n$x\r\n', 'invalid bulk length'],
  ['set "a\r\n', 'unbalanced quotes in request'],
  ['set "a"b\r\n', 'unbalanced quotes in request'],
  ['x'.repeat(70_000), 'too big inline request'],
  [`*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
  [`*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
];
for (const [bytes, error] of ERRORS) {
  test(`${JSON.stringify(bytes.slice(0, 30))} is refused: ${error}`, () => {
    assert.equal(feed([Buffer.from(bytes)]).error, error);
  });
}

test('a negative or zero count is an empty request, as in Redis', () => {
  assert.deepEqual(feed([Buffer.from('*-1\r\n*0\r\nPING\r\n')]).requests, [[], [], ['PING']]);
});

test('before login only ten arguments of 16 KiB are taken', () => {
  const parser = new RespParser(LIMITS);
  parser.unauthenticated = true;
  const many = Buffer.from('*11\r\n');
  assert.equal(parser.parse(many, 0, many.length), Parsed.error);
  assert.equal(parser.error, 'unauthenticated multibulk length');
  const large = Buffer.from('*2\r\n$16385\r\n');
  const other = new RespParser(LIMITS);
  other.unauthenticated = true;
  assert.equal(other.parse(large, 0, large.length), Parsed.error);
  assert.equal(other.error, 'unauthenticated bulk length');
});

test('an unfinished request passes to another parser where it stands', () => {
  const bytes = encode([Buffer.from('set'), Buffer.from('key'), Buffer.alloc(5000, 97)]);
  const first = new RespParser(LIMITS);
  assert.equal(first.parse(bytes, 0, 100), Parsed.more);
  assert.ok(first.needed > 5000);
  const second = new RespParser(LIMITS);
  second.takeOver(first);
  assert.equal(second.parse(bytes, 0, bytes.length), Parsed.request);
  assert.equal(second.args.length(2), 5000);
});
