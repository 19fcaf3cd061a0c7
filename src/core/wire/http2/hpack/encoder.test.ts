import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FieldId, fieldIdOf } from '../../http/index.ts';
import { BlockPool, Output } from '../output.ts';
import { HpackDecoder, Step } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { Mark } from './marks.ts';
import { Scratch } from './scratch.ts';

type Field = readonly [string, string];

class Pair {
  readonly encoder: HpackEncoder;
  readonly decoder: HpackDecoder;
  readonly scratch = new Scratch();
  readonly output = new Output(new BlockPool());

  constructor(encoderBytes: number, decoderBytes: number) {
    this.encoder = new HpackEncoder(encoderBytes, 4096);
    this.decoder = new HpackDecoder(4096, this.scratch);
    this.decoder.setLimit(decoderBytes);
    this.encoder.setPeerLimit(decoderBytes);
  }

  /** One block: what was written, and what the other side read. */
  send(fields: readonly Field[]): { block: Buffer; read: string[]; marks: number[] } {
    const { encoder, decoder, output, scratch } = this;
    encoder.begin(output);
    for (const [name, value] of fields) {
      const n = Buffer.from(name, 'latin1');
      const v = Buffer.from(value, 'latin1');
      encoder.field(output, fieldIdOf(n, 0, n.length), n, 0, n.length, v, 0, v.length, false);
    }
    const block = Buffer.from(output.view());
    output.done();
    decoder.begin(block, 0, block.length);
    const read: string[] = [];
    const marks: number[] = [];
    for (;;) {
      const step = decoder.next();
      if (step === Step.end) break;
      assert.equal(step, Step.field);
      const end = decoder.valueStart + decoder.valueLength;
      const name = scratch.buf.toString(
        'latin1',
        decoder.nameStart,
        decoder.nameStart + decoder.nameLength,
      );
      read.push(`${name}: ${scratch.buf.toString('latin1', decoder.valueStart, end)}`);
      marks.push(decoder.mark);
    }
    assert.equal(encoder.tableSize, decoder.tableSize);
    assert.equal(encoder.tableCount, decoder.tableCount);
    return { block, read, marks };
  }
}

const texts = (fields: readonly Field[]) =>
  fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`);

test('a field that repeats is one octet from the third time on', () => {
  const pair = new Pair(4096, 4096);
  const fields: Field[] = [
    ['server', 'plinth'],
    ['X-Served-By', 'node-1'],
  ];
  const lengths = [1, 2, 3, 4].map(() => pair.send(fields).block.length);
  assert.ok(lengths[0]! > 20);
  assert.deepEqual(lengths.slice(2), [2, 2]);
  assert.equal(pair.decoder.tableCount, 2);
});

test('what never repeats does not enter the table', () => {
  const pair = new Pair(4096, 4096);
  for (let i = 0; i < 100; i++) pair.send([['x-request', `${i}`]]);
  assert.equal(pair.decoder.tableCount, 0);
});

test('secrets never enter the table and are marked so (RFC 7541, 7.1.3)', () => {
  const pair = new Pair(4096, 4096);
  const fields: Field[] = [
    ['authorization', 'Basic eDp5'],
    ['cookie', 'a=b'],
    ['set-cookie', 'a=b'],
    ['proxy-authorization', 'x'],
  ];
  for (let i = 0; i < 4; i++) {
    const { read, marks } = pair.send(fields);
    assert.deepEqual(read, texts(fields));
    assert.ok(marks.every((mark) => (mark & Mark.never) !== 0));
  }
  assert.equal(pair.decoder.tableCount, 0);
});

test('fields of a HTTP/1 connection are left out (RFC 9113, 8.2.2)', () => {
  const pair = new Pair(4096, 4096);
  const { read } = pair.send([
    ['Connection', 'keep-alive'],
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'x'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'h2c'],
    ['Content-Length', '5'],
  ]);
  assert.deepEqual(read, ['content-length: 5']);
});

test('a table of 0 gives blocks without a state', () => {
  const output = new Output(new BlockPool());
  const encoder = new HpackEncoder(0, 4096);
  const name = Buffer.from('server');
  const value = Buffer.from('plinth');
  for (let i = 0; i < 3; i++) {
    encoder.field(output, FieldId.server, name, 0, name.length, value, 0, value.length, false);
  }
  const third = output.length / 3;
  assert.deepEqual(output.buf.subarray(0, third), output.buf.subarray(2 * third, 3 * third));
});

test('every status is read as it was written', () => {
  const scratch = new Scratch();
  const decoder = new HpackDecoder(4096, scratch);
  const encoder = new HpackEncoder(4096, 4096);
  for (let status = 100; status < 1000; status++) {
    const output = new Output(new BlockPool());
    encoder.status(output, status);
    decoder.begin(output.buf, 0, output.length);
    assert.equal(decoder.next(), Step.field);
    const text = scratch.buf.toString('latin1', decoder.valueStart, decoder.valueStart + 3);
    assert.equal(text, String(status));
    assert.equal(decoder.next(), Step.end);
  }
});

const name = fc.oneof(
  fc.constantFrom('server', 'Content-Type', 'etag', 'cookie', 'x-a', 'X-B', 'date', 'via'),
  fc.stringMatching(/^[a-zA-Z0-9-]{1,300}$/),
);
const value = fc.oneof(
  fc.constantFrom('', 'a', 'text/html; charset=utf-8', 'x'.repeat(900)),
  fc.stringMatching(/^[!-~]{0,200}$/),
  fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets).toString('latin1')),
);
const block = fc.array(fc.tuple(name, value), { maxLength: 20 });

test('whatever is sent with whatever bounds is read, and both tables stay the same', () => {
  const resize = fc.option(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 3 }));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5000 }),
      fc.array(fc.tuple(block, resize), { maxLength: 12 }),
      (encoderBytes, steps) => {
        const pair = new Pair(encoderBytes, 4096);
        // A bound of 0 of our own leaves the peer's table as it was: empty, and 4096 wide.
        for (const [fields, bounds] of steps) {
          for (const bytes of bounds ?? []) {
            pair.decoder.setLimit(bytes);
            pair.encoder.setPeerLimit(bytes);
          }
          assert.deepEqual(pair.send(fields).read, texts(fields));
        }
      },
    ),
    { numRuns: 150 },
  );
});
