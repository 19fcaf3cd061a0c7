import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeCommand } from '../../core/wire/index.ts';
import { StreamSplitter } from './stream-splitter.ts';

const command = fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 5 });

test('commands come whole, in order and with their offsets, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 12 }),
      fc.infiniteStream(fc.nat(40)),
      (list, cuts) => {
        const bytes = list.map((args) => encodeCommand(args.map((arg) => Buffer.from(arg))));
        const stream = Buffer.concat(bytes);
        const told: { raw: string; args: string[]; end: number }[] = [];
        const splitter = new StreamSplitter(1000, (args, raw, end) => {
          const texts = args.copies().map((arg) => arg.toString('latin1'));
          told.push({ raw: raw.toString('latin1'), args: texts, end });
        });
        for (let at = 0; at < stream.length; ) {
          const to = at + 1 + (cuts.next().value as number);
          splitter.push(Buffer.from(stream.subarray(at, to)));
          at = to;
        }
        let end = 1000;
        const wanted = list.map((args, i) => {
          const raw = bytes[i]!;
          end += raw.length;
          const texts = args.map((arg) => Buffer.from(arg).toString('latin1'));
          return { raw: raw.toString('latin1'), args: texts, end };
        });
        assert.deepEqual(told, wanted);
        assert.deepEqual([splitter.offset, splitter.pendingBytes], [end, 0]);
      },
    ),
  );
});

test('after a lost link the command that came in part comes again', () => {
  const told: string[] = [];
  const splitter = new StreamSplitter(0, (args) => told.push(args.text(1)));
  const one = encodeCommand(['SET', 'a', 'x']);
  const two = encodeCommand(['SET', 'b', 'y'.repeat(100)]);
  splitter.push(Buffer.concat([one, two.subarray(0, 40)]));
  assert.equal(splitter.offset, one.length);
  splitter.dropPartial();
  splitter.push(two);
  assert.deepEqual(told, ['a', 'b']);
  assert.equal(splitter.offset, one.length + two.length);
});

test('bytes that are no command end it', () => {
  const splitter = new StreamSplitter(0, () => {});
  splitter.push(Buffer.from('*2\r\n$1\r\na\r\n!oops\r\n'));
  assert.match(splitter.error, /expected '\$', got '!'/);
  splitter.push(encodeCommand(['PING']));
  assert.equal(splitter.offset, 0);
});
