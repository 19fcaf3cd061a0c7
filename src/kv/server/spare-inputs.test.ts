import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parsed } from '../../core/wire/index.ts';
import { SPARE_INPUT_BYTES, SpareInputs } from './spare-inputs.ts';

const limits = { argsMax: 1_000_000, bulkBytesMax: 1024 * 1024, lineBytesMax: 65_536 };

test('a buffer given back is the next one taken, one of another size is not kept', () => {
  const inputs = new SpareInputs(limits);
  const buffer = Buffer.alloc(SPARE_INPUT_BYTES);
  inputs.giveBuffer(Buffer.alloc(2 * SPARE_INPUT_BYTES));
  inputs.giveBuffer(buffer);
  assert.equal(inputs.takeBuffer(), buffer);
  assert.equal(inputs.takeBuffer(), undefined);
});

test('a parser given back in the middle of a request begins anew', () => {
  const inputs = new SpareInputs(limits);
  const parser = inputs.takeParser();
  const part = Buffer.from('*2\r\n$3\r\nGET\r\n$5\r\nab');
  assert.equal(parser.parse(part, 0, part.length), Parsed.more);
  inputs.giveParser(parser);
  assert.equal(inputs.takeParser(), parser);
  assert.equal(parser.needed, 0);
  assert.equal(parser.args.buf.length, 0);
  const whole = Buffer.from('*1\r\n$4\r\nPING\r\n');
  assert.equal(parser.parse(whole, 0, whole.length), Parsed.request);
  assert.equal(parser.args.text(0), 'PING');
  assert.equal(parser.args.count, 1);
});
