import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FilesError, filesErrorTable } from '../errors.ts';
import { FrameProblem } from './frames.ts';
import * as messages from './messages.ts';

const number = fc.nat(Number.MAX_SAFE_INTEGER);
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const name = { block: number, stamp: number };
const disks = fc.array(
  fc.record({
    id: text,
    state: fc.constantFrom('open' as const, 'full' as const, 'failed' as const),
    freeBytes: number,
    totalBytes: number,
  }),
  { maxLength: 4 },
);
const replica = { ...name, length: number };

function roundTrip<T>(
  values: fc.Arbitrary<T>,
  encode: (value: T) => Buffer,
  decode: (bytes: Buffer) => T,
): void {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(decode(encode(value)), structuredClone(value));
    }),
    { numRuns: 50 },
  );
}

test('what is said is understood', () => {
  roundTrip(
    fc.record({ ...name, bytesMax: number, rest: fc.array(text, { maxLength: 10 }) }),
    messages.encodeWrite,
    messages.decodeWrite,
  );
  roundTrip(
    fc.record({ ...replica, nextStamp: number }),
    messages.encodeSettle,
    messages.decodeSettle,
  );
  roundTrip(
    fc.record({ ...name, from: number, to: number }),
    messages.encodeRead,
    messages.decodeRead,
  );
  roundTrip(fc.record({ ...replica, address: text }), messages.encodeCopy, messages.decodeCopy);
  roundTrip<readonly { block: number; stamp: number }[]>(
    fc.array(fc.record(name), { maxLength: 9 }),
    messages.encodeNames,
    messages.decodeNames,
  );
  roundTrip<number>(number, messages.encodeOffset, messages.readOffset);
  roundTrip<readonly boolean[]>(
    fc.array(fc.boolean(), { maxLength: 11 }),
    messages.encodeDone,
    messages.decodeDone,
  );
  roundTrip<messages.Registration>(
    fc.record({ id: text, address: text, rack: text, disks }),
    messages.encodeRegistration,
    messages.decodeRegistration,
  );
  roundTrip<messages.Beat>(
    fc.record({ transfers: number, disks }),
    messages.encodeBeat,
    messages.decodeBeat,
  );
  roundTrip<messages.ReportPage>(
    fc.record({
      isFirst: fc.boolean(),
      isLast: fc.boolean(),
      replicas: fc.array(
        fc.record(
          { ...replica, isCorrupt: fc.constant(true) },
          { requiredKeys: ['block', 'stamp', 'length'] },
        ),
        { maxLength: 9 },
      ),
    }),
    messages.encodeReport,
    messages.decodeReport,
  );
  roundTrip<readonly messages.ReplicaChange[]>(
    fc.array(
      fc.record({
        ...replica,
        kind: fc.constantFrom(
          'received' as const,
          'removed' as const,
          'corrupt' as const,
          'whole' as const,
        ),
      }),
      { maxLength: 9 },
    ),
    messages.encodeChanges,
    messages.decodeChanges,
  );
});

test('failures keep their codes; those of a newer program are failures of a disk', () => {
  for (const code of Object.keys(filesErrorTable) as (keyof typeof filesErrorTable)[]) {
    assert.equal(messages.decodeError(messages.encodeError(new FilesError(code, 'x'))).code, code);
    assert.deepEqual(messages.decodeFailed(messages.encodeFailed({ who: 2, code })), {
      who: 2,
      code,
    });
  }
  const newer = Buffer.from('\x05newer\x00');
  assert.equal(messages.decodeError(newer).code, 'io');
});

test('whatever bytes come are understood or a problem', () => {
  const decoders = [
    messages.decodePut,
    messages.decodeWrite,
    messages.decodeSettle,
    messages.decodeRead,
    messages.decodeCopy,
    messages.decodeNames,
    messages.decodeDone,
    messages.decodeFailed,
    messages.decodeError,
    messages.decodeRegistration,
    messages.decodeBeat,
    messages.decodeReport,
    messages.decodeChanges,
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      for (const decode of decoders) {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof FrameProblem, String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('counts beyond their bounds are refused before anything is kept', () => {
  const many = Buffer.concat([Buffer.from([0xff, 0xff, 0x7f]), Buffer.alloc(60_000)]);
  assert.throws(() => messages.decodeNames(many), FrameProblem);
  assert.throws(() => messages.decodeChanges(many), FrameProblem);
});
