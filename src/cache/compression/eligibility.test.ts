import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_DIRECTIVES, parseCacheControl } from '../policy/index.ts';
import { fieldsOf } from '../policy/policy-fixture.ts';
import { typeGains } from './content-types.ts';
import { codingOf, type StoredBody, whyNotCompressed } from './eligibility.ts';
import { type CompressionSettings, levelOf } from './settings.ts';

const rule: CompressionSettings = {
  enabled: true,
  codings: ['br', 'zstd', 'gzip'],
  types: ['application/x-own', 'image/*'],
  minBytes: 1024,
  maxBytes: 10_000,
  brotliLevel: 5,
  zstdLevel: 9,
  gzipLevel: 6,
  secretFields: ['Set-Cookie', 'X-Token'],
};

function why(lines: readonly string[], more: Partial<StoredBody> = {}, settings = rule): unknown {
  const fields = fieldsOf(...lines);
  const stored = { status: 200, fields, directives: NO_DIRECTIVES, varyNames: [], bodyBytes: 5000 };
  return whyNotCompressed({ ...stored, ...more }, settings);
}

const HTML = 'Content-Type: text/html; charset=utf-8';

test('text of some length is compressed, whatever its status', () => {
  assert.equal(why([HTML]), undefined);
  assert.equal(why([HTML], { status: 404 }), undefined);
  assert.equal(why([HTML], {}, { ...rule, enabled: false }), 'disabled');
});

test('RFC 9110 section 7.7: no-transform is respected, wherever it stands', () => {
  const forbidden = { directives: parseCacheControl('max-age=5, no-transform') };
  assert.equal(why([HTML], forbidden), 'no-transform');
  // Also where a targeted field decides on storing.
  assert.equal(why([HTML, 'Cache-Control: no-transform']), 'no-transform');
  assert.equal(why([HTML, 'Content-Encoding: gzip'], forbidden), 'no-transform');
});

test('parts, and bodies that are not there, too short or too long, stay as they are', () => {
  assert.equal(why([HTML], { status: 206 }), 'partial');
  assert.equal(why([HTML, 'Content-Range: bytes 0-9/10']), 'partial');
  assert.equal(why([HTML], { bodyBytes: 0 }), 'no-content');
  assert.equal(why([HTML], { bodyBytes: 1023 }), 'short');
  assert.equal(why([HTML], { bodyBytes: 10_001 }), 'long');
});

test('BREACH: what holds a secret is not compressed', () => {
  assert.equal(why([HTML, 'Set-Cookie: a=b']), 'secret');
  assert.equal(why([HTML, 'x-token: a']), 'secret');
  assert.equal(why([HTML], { varyNames: ['cookie'] }), 'secret');
  assert.equal(why([HTML], { varyNames: ['authorization'] }), 'secret');
  assert.equal(why([HTML, 'Set-Cookie: a=b'], {}, { ...rule, secretFields: [] }), undefined);
});

test('what came coded may be undone, if the coding is known', () => {
  assert.equal(why(['Content-Type: image/png', 'Content-Encoding: gzip']), undefined);
  assert.equal(why([HTML, 'Content-Encoding: compress']), 'coding');
  assert.equal(why([HTML, 'Content-Encoding: gzip, br']), 'coding');
  for (const [value, coding] of [
    ['X-GZIP', 'gzip'],
    ['br', 'br'],
    ['zstd,', 'zstd'],
    ['identity', 'identity'],
    ['', 'identity'],
    ['deflate', null],
  ] as const) {
    assert.equal(codingOf(fieldsOf(`Content-Encoding: ${value}`)), coding, value);
  }
  assert.equal(codingOf(fieldsOf()), 'identity');
});

test('types that gain, those of the rule among them', () => {
  for (const type of [
    ...['text/css', 'TEXT/Plain; charset=x', 'application/json', 'application/ld+json'],
    ...['image/svg+xml', 'application/wasm', 'font/ttf'],
  ]) {
    assert.ok(typeGains(type, []), type);
  }
  for (const type of [
    ...['image/png', 'font/woff2', 'video/mp4', 'application/zip', 'application/octet-stream'],
    ...['text/event-stream', '', 'application/x-own', undefined],
  ]) {
    assert.ok(!typeGains(type, []), String(type));
  }
  assert.ok(typeGains('application/x-own', rule.types));
  assert.ok(typeGains('image/png', rule.types));
  assert.equal(why(['Content-Type: video/mp4']), 'type');
  assert.deepEqual(
    (['br', 'zstd', 'gzip'] as const).map((coding) => levelOf(rule, coding)),
    [5, 9, 6],
  );
});
