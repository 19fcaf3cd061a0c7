import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDouble } from './double.ts';
import { RespWriter } from './writer.ts';

function written(protocol: 2 | 3, write: (reply: RespWriter) => void): string {
  const writer = new RespWriter(16);
  writer.protocol = protocol;
  write(writer);
  return writer.buf.toString('latin1', 0, writer.pos);
}

const CASES: [string, (reply: RespWriter) => void, string, string][] = [
  ['ok', (r) => r.ok(), '+OK\r\n', '+OK\r\n'],
  ['error', (r) => r.error('ERR a\nb'), '-ERR a b\r\n', '-ERR a b\r\n'],
  ['error with an end', (r) => r.error('ERR a\r\n'), '-ERR a\r\n', '-ERR a\r\n'],
  ['null', (r) => r.null(), '$-1\r\n', '_\r\n'],
  ['null array', (r) => r.nullArray(), '*-1\r\n', '_\r\n'],
  ['map', (r) => r.map(2), '*4\r\n', '%2\r\n'],
  ['set', (r) => r.set(2), '*2\r\n', '~2\r\n'],
  ['push', (r) => r.push(3), '*3\r\n', '>3\r\n'],
  ['boolean', (r) => r.boolean(true), ':1\r\n', '#t\r\n'],
  ['double', (r) => r.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
  ['infinity', (r) => r.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
  ['big number', (r) => r.bigNumber('123'), '$3\r\n123\r\n', '(123\r\n'],
  ['verbatim', (r) => r.verbatim('hé'), '$3\r\nhÃ©\r\n', '=7\r\ntxt:hÃ©\r\n'],
  ['empty bulk', (r) => r.bulkText(''), '$0\r\n\r\n', '$0\r\n\r\n'],
  [
    '64-bit',
    (r) => r.bigInteger(-(2n ** 63n)),
    ':-9223372036854775808\r\n',
    ':-9223372036854775808\r\n',
  ],
];
for (const [name, write, resp2, resp3] of CASES) {
  test(`${name} in both protocols`, () => {
    assert.equal(written(2, write), resp2);
    assert.equal(written(3, write), resp3);
  });
}

test('integers of every size are written in decimal', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      assert.equal(
        written(2, (r) => r.integer(n)),
        `:${n}\r\n`,
      );
    }),
  );
});

test('bulk strings keep every byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const buf = Buffer.from(bytes);
      assert.equal(
        written(2, (r) => r.bulk(buf)),
        `$${buf.length}\r\n${buf.toString('latin1')}\r\n`,
      );
    }),
  );
});

const DOUBLES: [number, string][] = [
  [0, '0'],
  [-0, '-0'],
  [3.1, '3.1'],
  [1e20, '1e+20'],
  [123456789012345680000, '123456789012345680000'],
  [1.5e-9, '1.5e-9'],
  [0.0001, '0.0001'],
  [0.1 + 0.2, '0.30000000000000004'],
  [2 ** 53, '9007199254740992'],
  [-1.7976931348623157e308, '-1.7976931348623157e+308'],
];
for (const [n, text] of DOUBLES) {
  test(`the double ${n} is printed ${text}`, () => {
    assert.equal(formatDouble(n), text);
  });
}

test('a printed double reads back as the same double', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
      assert.ok(Object.is(Number(formatDouble(n)), n));
    }),
  );
});

test('a reply without room is not written, whatever it is made of, and the writer goes on after it', () => {
  const large = Buffer.alloc(300_000, 'x');
  const pieces: ((reply: RespWriter) => void)[] = [
    (r) => r.bulk(large),
    (r) => r.bulkText(large.toString()),
    (r) => r.simple(large.toString()),
    (r) => r.verbatim(large.toString()),
    (r) => r.encoded(large),
    (r) => r.endDeferred(r.deferred(), 'array', 3),
    (r) => r.endScan(r.deferred(), 2 ** 40, 3),
    (r) => r.bulk(large, 0, 1500),
    (r) => r.integer(2 ** 50),
    (r) => r.error('ERR no'),
    (r) => r.ok(),
  ];
  const piece = fc.integer({ min: 0, max: pieces.length - 1 });
  const back = fc.option(fc.nat({ max: 400_000 }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(piece, back), { maxLength: 40 }),
      fc.boolean(),
      (list, refused) => {
        const writer = new RespWriter(16, {
          bytesMax: 10_000,
          allocate: (bytes) => {
            if (refused && bytes > 5000) throw new RangeError('Array buffer allocation failed');
            return Buffer.allocUnsafeSlow(bytes);
          },
        });
        writer.simple('kept');
        const mark = writer.pos;
        while (!writer.overflowed) writer.integer(1_000_000);
        const deferred = writer.deferred();
        for (const [nth, at] of list) {
          if (at !== null) writer.pos = at;
          pieces[nth]!(writer);
          assert.ok(writer.overflowed && writer.pos >= 0 && writer.pos <= writer.buf.length);
        }
        writer.endDeferred(deferred, 'set', 10);
        writer.recover(mark);
        writer.ok();
        assert.equal(writer.buf.toString('latin1', 0, writer.pos), '+kept\r\n+OK\r\n');
      },
    ),
  );
});
