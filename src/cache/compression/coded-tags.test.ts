import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyKind, FieldId, ResponseHead } from '../../core/wire/index.ts';
import { CODINGS, codingWeights, stronglyEqual, weaklyEqual } from '../policy/index.ts';
import { fieldsOf } from '../policy/policy-fixture.ts';
import { becomeCoded, varyByEncoding } from './coded-head.ts';
import { codedTag, codingOfTag, heldCoding, originTags } from './coded-tags.ts';

test('RFC 9110 section 8.8.1: each coding has a strong tag of its own, a weak one is for all', () => {
  const tags = ['"a"', ...CODINGS.map((coding) => codedTag('"a"', coding))];
  for (const one of tags) {
    for (const other of tags) assert.equal(stronglyEqual(one, other), one === other);
  }
  for (const coding of CODINGS) {
    assert.equal(codedTag('W/"a"', coding), 'W/"a"');
    assert.equal(
      codingOfTag(codedTag('"a"', coding), '"a"', 'identity'),
      coding === 'identity' ? undefined : coding,
    );
  }
  assert.equal(codingOfTag('"a"', '"a"', 'gzip'), 'gzip');
  assert.equal(codingOfTag('"a;identity"', '"a"', 'gzip'), 'identity');
  assert.equal(codingOfTag('"b;br"', '"a"', 'identity'), undefined);
  assert.ok(weaklyEqual(codedTag('""', 'br'), 'W/";br"'));
});

test('section 13.1.2: who has a coding that it still takes is answered 304', () => {
  const held = (list: string, accepted: string, etag = '"a"'): unknown =>
    heldCoding(list, etag, 'identity', codingWeights(accepted));
  assert.equal(held('"a;br"', 'br, gzip'), 'br');
  assert.equal(held('"x", W/"a;gzip"', 'br, gzip'), 'gzip');
  assert.equal(held('"a"', 'br, gzip'), 'identity');
  assert.equal(held('"a;br"', 'gzip'), undefined);
  assert.equal(held('"b;br"', 'br'), undefined);
  assert.equal(held('*', 'br'), undefined);
  assert.equal(held('a;br', 'br'), undefined);
  assert.equal(held('W/"a"', 'br', 'W/"a"'), 'identity');
  assert.equal(heldCoding('"a"', undefined, 'identity', codingWeights('br')), undefined);
  assert.equal(heldCoding('"a;identity"', '"a"', 'gzip', codingWeights('')), 'identity');
});

test('section 13.1.1: the origin is asked about the tags that it knows', () => {
  assert.equal(originTags('"a;br"'), '"a"');
  assert.equal(originTags('W/"a;gzip","b", "c;identity"'), 'W/"a", "b", "c"');
  for (const list of ['*', 'a;br', '', '"a;deflate"', '"br"']) assert.equal(originTags(list), list);
});

test('the head of a coding: its length, its tag, Vary, and no digests of other bytes', () => {
  const head = new ResponseHead();
  const digests = ['Content-Digest: sha-256=:a:', 'Digest: b', 'Repr-Digest: sha-256=:a:'];
  const lines = [
    'ETag: "a"',
    'Content-Length: 100',
    'Vary: Origin',
    'Content-Type: a/b',
    ...digests,
  ];
  for (const line of lines) {
    const [name = '', value = ''] = line.split(': ');
    head.fields.add(Buffer.from(name), value);
  }
  becomeCoded(head, 'br', 40);
  const { fields } = head;
  assert.deepEqual([head.body, head.contentLength], [BodyKind.length, 40]);
  assert.equal(fields.get(FieldId.contentEncoding), 'br');
  assert.equal(fields.get(FieldId.contentLength), '40');
  assert.equal(fields.get(FieldId.etag), '"a;br"');
  assert.equal(fields.get(FieldId.vary), 'Origin, Accept-Encoding');
  const names = Array.from({ length: fields.count }, (_, at) => at)
    .filter((at) => !fields.isRemoved(at))
    .map((at) => fields.name(at));
  assert.deepEqual(names.sort(), [
    'Content-Encoding',
    'Content-Length',
    'Content-Type',
    'ETag',
    'Vary',
  ]);
  becomeCoded(head, 'identity', 100);
  assert.equal(fields.has(FieldId.contentEncoding), false);
});

test('section 12.5.5: Vary names Accept-Encoding once', () => {
  const varied = (...lines: string[]): string | undefined => {
    const fields = fieldsOf(...lines);
    varyByEncoding(fields);
    return fields.getList(FieldId.vary);
  };
  assert.equal(varied(), 'Accept-Encoding');
  assert.equal(varied('Vary: accept-ENCODING'), 'accept-ENCODING');
  assert.equal(varied('Vary: a', 'Vary: b'), 'a, b, Accept-Encoding');
  assert.equal(varied('Vary: *'), '*');
});
