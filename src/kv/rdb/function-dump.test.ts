/** Payloads of FUNCTION DUMP: Redis' own, and whatever bytes. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { readFunctionDump, writeFunctionDump } from './function-dump.ts';

it('libraries come back as they were', () => {
  const texts = fc.array(fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)));
  fc.assert(
    fc.property(texts, (list) => {
      assert.deepEqual(readFunctionDump(writeFunctionDump(list)), list);
    }),
  );
});

it('a payload of redis-server 7.0.15 is read and written byte for byte', () => {
  const payload = Buffer.from(
    '9UBEIyFsdWEgbmFtZT1vbmUKcmVkaXMucmVnaXN0ZXJfZnVuY3Rpb24oJ2YnLCBmdW5jdGlvbigpIHJldHVybiAxIGVuZCkKAE9yzXPx5B0J',
    'base64',
  );
  const text = "#!lua name=one\nredis.register_function('f', function() return 1 end)";
  assert.deepEqual(readFunctionDump(payload), [Buffer.from(text)]);
  assert.deepEqual(writeFunctionDump([Buffer.from(text)]), payload);
});

it('other bytes are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      assert.equal(readFunctionDump(Buffer.from(bytes)), 'bad-checksum');
    }),
  );
});
