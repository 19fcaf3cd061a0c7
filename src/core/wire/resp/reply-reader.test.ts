import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isFault, type Reply, type ReplyLimits, ReplyReader } from './reply-reader.ts';

const LIMITS: ReplyLimits = {
  lineBytesMax: 64 * 1024,
  bulkBytesMax: 1_000_000,
  replyBytesMax: 2_000_000,
  itemsMax: 1000,
};

interface Read {
  readonly replies: readonly Reply[];
  readonly error: string;
}

/** Reads chunks whose memory is used again, as a connection's is. */
function readChunks(chunks: Iterable<Buffer>, limits: Partial<ReplyLimits> = {}): Read {
  const replies: Reply[] = [];
  const reader = new ReplyReader({ ...LIMITS, ...limits }, (reply) => replies.push(reply));
  for (const chunk of chunks) {
    const memory = Buffer.from(chunk);
    reader.push(memory);
    memory.fill('+');
  }
  return { replies, error: reader.error };
}

function* steps(bytes: Buffer, step: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** The same whether it comes at once or byte by byte. */
function read(text: string, limits: Partial<ReplyLimits> = {}): Read {
  const bytes = Buffer.from(text, 'latin1');
  const whole = readChunks([bytes], limits);
  assert.deepEqual(readChunks(steps(bytes, 1), limits), whole);
  return whole;
}

function encode(reply: Reply): Buffer {
  if (typeof reply === 'string') return Buffer.from(`+${reply}\r\n`, 'latin1');
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`);
  if (reply === null) return Buffer.from('$-1\r\n');
  if (Buffer.isBuffer(reply)) {
    return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')]);
  }
  if (isFault(reply)) return Buffer.from(`-${reply.error}\r\n`, 'latin1');
  const items = reply as readonly Reply[];
  return Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items.map(encode)]);
}

const line = fc.uint8Array({ maxLength: 30 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n]/g, ' '),
);
const scalar: fc.Arbitrary<Reply> = fc.oneof(
  line,
  line.map((error) => ({ error })),
  fc.maxSafeInteger(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const { reply: anyReply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('reply'), { maxLength: 5 })),
}));
const replyList = fc.array(anyReply, { maxLength: 8 });

describe('ReplyReader', () => {
  test('every kind of reply is read, however its bytes come', () => {
    const long = 'v'.repeat(5000);
    const text = `+OK\r\n+\r\n-ERR no\r\n:-7\r\n:+7\r\n$0\r\n\r\n$2\r\n\r\n\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n-ERR in\r\n$5000\r\n${long}\r\n`;
    const wanted: Reply[] = [
      'OK',
      '',
      { error: 'ERR no' },
      -7,
      7,
      Buffer.from(''),
      Buffer.from('\r\n'),
      null,
      null,
      [],
      [[1], { error: 'ERR in' }],
      Buffer.from(long),
    ];
    assert.deepEqual(read(text), { replies: wanted, error: '' });
  });

  test('replies come out as a server wrote them, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(replyList, fc.integer({ min: 1, max: 200 }), (replies, step) => {
        const bytes = Buffer.concat(replies.map(encode));
        assert.deepEqual(readChunks(steps(bytes, step)), { replies, error: '' });
      }),
    );
  });

  test('a damaged stream gives the same replies and the same error, wherever it is cut', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(replyList, damage, fc.integer({ min: 1, max: 50 }), (replies, spots, step) => {
        const bytes = Buffer.concat([...replies.map(encode), Buffer.from('*1\r\n$2\r\nOK\r\n')]);
        for (const [at, value] of spots) bytes[at % bytes.length] = value;
        assert.deepEqual(readChunks(steps(bytes, step)), readChunks([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  const STRANGE: readonly (readonly [string, string])[] = [
    ['another protocol', 'HTTP/1.1 200 OK\r\n'],
    ['an empty line', '\r\n'],
    ['a bare line feed', '\n'],
    ['a line without CR', '+OK\n'],
    ['a CR inside a line', '+O\rK\r\n'],
    ['a line of two CR', '+OK\r\r\n'],
    ['a kind of RESP3', '_\r\n'],
    ['no digits', ':\r\n'],
    ['a fraction', ':1.5\r\n'],
    ['words for a number', ':Infinity\r\n'],
    ['more digits than 64 bits have', ':12345678901234567890\r\n'],
    ['no length', '$\r\n'],
    ['a length in words', '$x\r\n'],
    ['a length with a space', '$ 1\r\n'],
    ['a length in other digits', '$0x1\r\n'],
    ['a negative length', '$-2\r\n'],
    ['a length beyond what a double holds', '$9999999999999999\r\n'],
    ['a fraction of elements', '*1.5\r\n'],
    ['a negative count', '*-2\r\n'],
  ];
  for (const [what, bytes] of STRANGE) {
    test(`${what} is no reply`, () => {
      const { replies, error } = read(`:1\r\n${bytes}:2\r\n`);
      assert.deepEqual(replies, [1]);
      assert.equal(error, `not a reply: ${JSON.stringify(bytes)}`);
    });
  }

  test('a string ends where its length says', () => {
    for (const text of ['$2\r\nabc\r\n', '$2\r\nab\n\r', '$0\r\n$1', '*1\r\n$3\r\na\r\n:1\r\n']) {
      assert.deepEqual(read(text).replies, [], text);
      assert.match(read(text).error, /does not end where its length says/, text);
    }
  });

  test('each limit is reached and not passed', () => {
    const limits = { lineBytesMax: 8, bulkBytesMax: 10, replyBytesMax: 40, itemsMax: 4 };
    const fits: readonly (readonly [string, Reply])[] = [
      ['+12345\r\n', '12345'],
      ['$10\r\n1234567890\r\n', Buffer.from('1234567890')],
      ['*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n', [[1, 2], 3]],
      // 40 bytes.
      [
        '*3\r\n$10\r\n1234567890\r\n$5\r\nabcde\r\n+12345\r\n',
        [Buffer.from('1234567890'), Buffer.from('abcde'), '12345'],
      ],
    ];
    for (const [text, reply] of fits) {
      // The count begins anew with each reply.
      const twice = read(text.repeat(2), limits);
      assert.deepEqual(twice, { replies: [reply, reply], error: '' });
    }
    const beyond: readonly (readonly [string, RegExp])[] = [
      ['+123456\r\n', /without an end/],
      ['+12345678', /without an end/],
      ['$11\r\n', /too long/],
      ['*3\r\n$10\r\n1234567890\r\n$6\r\nabcdef\r\n+12345\r\n', /too long/],
      ['*3\r\n$10\r\n1234567890\r\n$10\r\n1234567890\r\n$10\r\n', /too long/],
      ['*5\r\n', /too many elements/],
      ['*2\r\n*3\r\n', /too many elements/],
    ];
    for (const [text, why] of beyond) {
      const refused = read(text, limits);
      assert.deepEqual(refused.replies, [], text);
      assert.match(refused.error, why, text);
    }
  });

  test('arrays in arrays are read to a depth of 32', () => {
    assert.equal(read(`${'*1\r\n'.repeat(32)}:1\r\n`).replies.length, 1);
    assert.match(read('*1\r\n'.repeat(33)).error, /too deep/);
  });

  test('an error is one wherever it comes from, and nothing else is', () => {
    assert.equal(isFault({ error: '' }), true);
    for (const reply of ['error', 1, null, Buffer.from('error'), [{ error: 'in it' }]]) {
      assert.equal(isFault(reply), false);
    }
  });
});
