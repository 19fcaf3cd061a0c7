import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvariantError } from '../../base/index.ts';
import { type Arg, CommandWriter, encodeCommand } from './command-writer.ts';
import { Parsed, RespParser } from './parser.ts';

const LIMITS = { argsMax: 1000, bulkBytesMax: 1_000_000, lineBytesMax: 64 * 1024 };

const arg: fc.Arbitrary<Arg> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.integer(),
  fc.double({ noNaN: true }),
);
const request = fc.array(arg, { minLength: 1, maxLength: 8 });

/** The arguments of every request in the bytes, as a server reads them. */
function served(bytes: Buffer): string[][] {
  const parser = new RespParser(LIMITS);
  const requests: string[][] = [];
  for (let at = 0; at < bytes.length; at = parser.next) {
    assert.equal(parser.parse(bytes, at, bytes.length), Parsed.request);
    requests.push(parser.args.copies().map((copy) => copy.toString('hex')));
  }
  return requests;
}

function sent(args: readonly Arg[]): string[] {
  return args.map((one) =>
    (typeof one === 'object' ? one : Buffer.from(String(one))).toString('hex'),
  );
}

test('a server reads what was written, one request at a time or gathered', () => {
  fc.assert(
    fc.property(
      fc.array(request, { maxLength: 10 }),
      fc.integer({ min: 1, max: 400 }),
      (requests, fresh) => {
        const writer = new CommandWriter(fresh);
        const bytes: number[] = requests.map((args) => writer.add(args));
        const encoded = requests.map((args) => encodeCommand(args));
        assert.deepEqual(
          encoded.map(({ length }) => length),
          bytes,
        );
        const gathered = writer.take();
        assert.deepEqual(gathered, Buffer.concat(encoded));
        assert.deepEqual(served(gathered), requests.map(sent));
      },
    ),
  );
});

test('the bytes are those of the protocol', () => {
  const bytes = encodeCommand(['SET', Buffer.from([0xff, 0x0d, 0x0a]), 'hé', -1.5, '']);
  assert.equal(
    bytes.toString('latin1'),
    '*5\r\n$3\r\nSET\r\n$3\r\n\xff\r\n\r\n$3\r\nh\xc3\xa9\r\n$4\r\n-1.5\r\n$0\r\n\r\n',
  );
});

test('what was taken stays as it is while the writer goes on', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 2, maxLength: 20 }), (requests) => {
      const writer = new CommandWriter(200);
      const taken = requests.map((args, nth) => {
        if (nth % 2 === 0) writer.add(args);
        else writer.addRaw(encodeCommand(args));
        assert.equal(writer.size, encodeCommand(args).length);
        return writer.take();
      });
      assert.equal(writer.size, 0);
      assert.deepEqual(
        taken,
        requests.map((args) => encodeCommand(args)),
      );
    }),
  );
});

test('nothing gathered is nothing to send', () => {
  assert.equal(new CommandWriter().take().length, 0);
});

test('a request without a name is our own mistake: no reply would come', () => {
  assert.throws(() => encodeCommand([]), InvariantError);
});
