import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BatchReader, WriteBatch } from './batch.ts';
import { LsmError } from './errors.ts';
import { Kind } from './kind.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const expiry = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 45 }));
const operation = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key: bytes, value: bytes, expiresAtMs: expiry }),
  fc.record({ kind: fc.constant('delete' as const), key: bytes }),
  fc
    .tuple(bytes, bytes)
    .filter(([a, b]) => a.compare(b) !== 0)
    .map(([a, b]) => ({
      kind: 'range' as const,
      from: a.compare(b) < 0 ? a : b,
      to: a.compare(b) < 0 ? b : a,
    })),
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function batchOf(operations: readonly Operation[], batch = new WriteBatch()): WriteBatch {
  for (const op of operations) {
    if (op.kind === 'put') batch.put(op.key, op.value, op.expiresAtMs);
    else if (op.kind === 'delete') batch.delete(op.key);
    else batch.deleteRange(op.from, op.to);
  }
  return batch;
}

function read(buffer: Buffer, start: number, end: number): object[] {
  const reader = new BatchReader();
  reader.open(buffer, start, end, '/wal');
  const found: object[] = [];
  while (reader.next()) {
    const { kind, keyStart, keyLength, valueStart, valueLength, expiresAtMs, sequence } = reader;
    const key = Buffer.from(buffer.subarray(keyStart, keyStart + keyLength));
    const value = Buffer.from(buffer.subarray(valueStart, valueStart + valueLength));
    found.push({ kind, key, value, expiresAtMs, sequence });
  }
  return found;
}

test('what is read is what was written, in order, with rising sequence numbers', () => {
  const reused = new WriteBatch();
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), fc.nat(1e9), (operations, first) => {
      const batch = batchOf(operations, reused.clear());
      batch.seal(first);
      const padded = Buffer.concat([Buffer.alloc(3), batch.buffer.subarray(0, batch.bytes)]);
      const expected = operations.map((op, nth) => {
        const sequence = first + nth;
        if (op.kind === 'delete') {
          const value = Buffer.alloc(0);
          return { kind: Kind.delete, key: op.key, value, expiresAtMs: 0, sequence };
        }
        if (op.kind === 'range') {
          return { kind: Kind.deleteRange, key: op.from, value: op.to, expiresAtMs: 0, sequence };
        }
        const { key, value, expiresAtMs } = op;
        const kind = expiresAtMs > 0 ? Kind.putUntil : Kind.put;
        return { kind, key, value, expiresAtMs, sequence };
      });
      assert.deepEqual(read(padded, 3, padded.length), expected);
    }),
  );
});

test('bytes that are cut short or made up are refused, never read beyond their end', () => {
  fc.assert(
    fc.property(
      fc.array(operation, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      (operations, cut) => {
        const batch = batchOf(operations);
        batch.seal(1);
        const end = cut % batch.bytes;
        assert.throws(() => read(batch.buffer, 0, end), isCorrupt);
      },
    ),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 13, maxLength: 60 }), (garbage) => {
      const buffer = Buffer.from(garbage);
      buffer.writeUInt32LE(3, 8);
      try {
        read(buffer, 0, buffer.length);
      } catch (error) {
        assert.ok(isCorrupt(error));
      }
    }),
  );
});

function isCorrupt(error: unknown): boolean {
  return error instanceof LsmError && error.code === 'corrupt' && error.file === '/wal';
}
