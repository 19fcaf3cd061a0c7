/** The tables: ids of fields, methods, problems, statuses. */
import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FIELD_ID_COUNT, FieldId, fieldIdOf, lowerNameOf, wireNameOf } from './field-ids.ts';
import {
  isIdempotent,
  isSafe,
  METHOD_BYTES_MAX,
  MethodId,
  methodIdOf,
  methodNameOf,
} from './methods.ts';
import { problemList, problemOf, problems } from './problems.ts';
import { reasonOf, statusLineOf } from './status.ts';

describe('fieldIdOf', () => {
  test('finds every name in any case, wherever it lies', () => {
    for (let id = 1; id < FIELD_ID_COUNT; id += 1) {
      const lower = lowerNameOf(id as FieldId).toString();
      assert.equal(
        wireNameOf(id as FieldId)
          .toString()
          .toLowerCase(),
        lower,
      );
      for (const spelling of [lower, lower.toUpperCase(), wireNameOf(id as FieldId).toString()]) {
        assert.equal(fieldIdOf(Buffer.from(`ab${spelling}cd`), 2, spelling.length), id, spelling);
      }
    }
    assert.equal(wireNameOf(FieldId.xForwardedFor).toString(), 'X-Forwarded-For');
    assert.equal(lowerNameOf(FieldId.secWebsocketKey).toString(), 'sec-websocket-key');
  });

  test('knows nothing else', () => {
    const known = new Set(
      Array.from({ length: FIELD_ID_COUNT - 1 }, (_, i) =>
        lowerNameOf((i + 1) as FieldId).toString(),
      ),
    );
    const near = fc
      .tuple(fc.constantFrom(...known), fc.nat(), fc.nat({ max: 255 }))
      .map(([name, at, byte]) => {
        const bytes = Buffer.from(name);
        bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(
        fc.oneof(
          near,
          fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          const id = fieldIdOf(bytes, 0, bytes.length);
          const name = bytes.toString('latin1').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
          assert.equal(id !== 0, known.has(name));
        },
      ),
    );
  });
});

describe('methods', () => {
  test('are found by their exact name only', () => {
    for (const id of Object.values(MethodId)) {
      if (id === MethodId.other) continue;
      const name = methodNameOf(id).toString();
      assert.equal(methodIdOf(Buffer.from(` ${name} `), 1, name.length), id);
      assert.equal(methodIdOf(Buffer.from(name.toLowerCase()), 0, name.length), MethodId.other);
    }
    assert.equal(methodIdOf(Buffer.from('GETT'), 0, 4), MethodId.other);
  });

  test('are safe only when they are idempotent, and as RFC 9110 section 9.2 says', () => {
    for (const id of Object.values(MethodId)) if (isSafe(id)) assert.ok(isIdempotent(id));
    assert.ok(isIdempotent(MethodId.put) && isIdempotent(MethodId.delete));
    for (const id of [
      MethodId.post,
      MethodId.patch,
      MethodId.connect,
      MethodId.other,
      MethodId.lock,
    ]) {
      assert.equal(isIdempotent(id), false);
    }
  });

  test('that Node knows are not too long', () => {
    for (const method of METHODS) assert.ok(method.length <= METHOD_BYTES_MAX);
  });
});

describe('problems', () => {
  test('have names and codes of their own, a status of an error and a sentence', () => {
    assert.equal(new Set(problemList.map(({ name }) => name)).size, problemList.length);
    for (const problem of problemList) {
      assert.ok(problem.code < 0);
      assert.equal(problemOf(problem.code), problem);
      assert.match(problem.name, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(problem.status >= 400 && problem.status <= 599);
      assert.notEqual(reasonOf(problem.status), '');
      assert.match(problem.says, /^[A-Z].*\.$/);
    }
    assert.equal(problems.bothLengths.name, 'both-lengths');
    assert.throws(() => problemOf(1), RangeError);
    assert.throws(() => problemOf(-1000), RangeError);
  });
});

test('a status line has the reason, or none for a status nobody registered', () => {
  assert.equal(statusLineOf(404).toString(), 'HTTP/1.1 404 Not Found\r\n');
  assert.equal(statusLineOf(599).toString(), 'HTTP/1.1 599 \r\n');
});
