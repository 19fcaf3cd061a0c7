import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { problemOf } from '../http/problems.ts';
import { RequestHead } from '../http/request-head.ts';
import { HeadCollector } from './head-collector.ts';
import { HEAD_LIMITS, type HeadLimits } from './limits.ts';
import { parseRequestHead } from './request-parser.ts';

function collector(limits: HeadLimits = HEAD_LIMITS) {
  const head = new RequestHead();
  const seen = { parses: 0, bytes: 0 };
  const collect = new HeadCollector(limits.headBytes, (buf, start, end) => {
    seen.parses += 1;
    seen.bytes += end - start;
    return parseRequestHead(head, buf, start, end, limits);
  });
  return { head, collect, seen };
}

/** Gives the text byte by byte; the place of the byte at which the result was not 0, and the result. */
function byBytes(
  collect: HeadCollector,
  text: string,
): { readonly at: number; readonly result: number } {
  for (let at = 0; at < text.length; at += 1) {
    const result = collect.take(Buffer.from(`<${text[at]}>`, 'latin1'), 1, 2);
    if (result !== 0) return { at, result };
  }
  return { at: text.length, result: 0 };
}

const lines = Array.from({ length: 60 }, (_, i) => `X-${i}: ${'v'.repeat(80)}\r\n`).join('');
const large = `GET /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

describe('HeadCollector', () => {
  test('gives the head when its last byte comes, and leaves what follows', () => {
    const { head, collect } = collector();
    assert.equal(collect.take(Buffer.from('\r\nGET / HTTP/1.1\r\nHo'), 0, 20), 0);
    assert.equal(collect.size, 20);
    const rest = Buffer.from('--st: a\r\n\r\nbody');
    assert.equal(collect.take(rest, 2, rest.length), 9);
    assert.equal(head.authority(), 'a');
    assert.equal(collect.size, 0);
    // The next one begins anew.
    assert.deepEqual(byBytes(collect, 'PUT /x HTTP/1.0\r\n\r\n'), { at: 18, result: 1 });
    assert.deepEqual([head.methodName(), head.target()], ['PUT', '/x']);
  });

  test('costs time in proportion to the bytes when they come one by one', () => {
    const { head, collect, seen } = collector();
    assert.equal(byBytes(collect, large).at, large.length - 1);
    assert.equal(head.fields.count, 61);
    assert.ok(seen.parses < 15, `${seen.parses} parses`);
    assert.ok(seen.bytes < large.length * 4, `${seen.bytes} bytes parsed of ${large.length}`);
  });

  const early: readonly (readonly [why: string, text: string, sure: string, problem: string])[] = [
    ['a request line', 'GET / HTTP/3.0\r\n', '', 'version-not-supported'],
    ['LF alone', 'GET / HTTP/1.1\r\nHost: a\n', '', 'bare-lf'],
    ['CR alone', 'GET / HTTP/1.1\r\nHost: a\rb', '', 'bare-cr'],
    ['NUL', 'GET / HTTP/1.1\r\nHost: a\0', '', 'nul'],
    ['a control', 'GET / HTTP/1.1\r\nHost: a\x01', '', 'bad-field-value'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\n ', '', 'obs-fold'],
    ['many empty lines', '\r\n'.repeat(5), 'GET', 'empty-lines'],
  ];
  for (const [why, text, more, problem] of early) {
    test(`sees ${why} at once`, () => {
      const { at, result } = byBytes(collector().collect, `${text}${more}\r\n\r\n`);
      assert.equal(problemOf(result).name, problem);
      assert.ok(at < text.length + 3, `at ${at} of ${text.length}`);
    });
  }

  test('sees everything else before twice the bytes have come', () => {
    const bad = `GET / HTTP/1.1\r\nHost: a\r\n${lines.slice(0, 1000)}\r\nX Y: z\r\n`;
    const { at, result } = byBytes(collector().collect, bad + lines);
    assert.equal(problemOf(result).name, 'bad-field-name');
    assert.ok(at <= bad.length * 2, `at ${at} of ${bad.length}`);
  });

  test('is bounded by the limit of the head, however much comes at once', () => {
    const limits: HeadLimits = { ...HEAD_LIMITS, headBytes: 512 };
    const { collect } = collector(limits);
    const chunk = Buffer.from('x'.repeat(100_000));
    assert.equal(collect.take(Buffer.from('GET / HTTP/1.1\r\nX: '), 0, 19), 0);
    assert.equal(problemOf(collect.take(chunk, 0, chunk.length)).name, 'head-too-large');
    assert.ok(collect.size < 600);
    const target = collector(limits).collect;
    assert.equal(
      problemOf(byBytes(target, `GET /${'x'.repeat(1000)}`).result).name,
      'head-too-large',
    );
  });

  test('gives its memory back', () => {
    const { collect } = collector();
    byBytes(collect, large.slice(0, 2000));
    collect.release();
    assert.equal(collect.size, 0);
    assert.equal(byBytes(collect, 'GET / HTTP/1.0\r\n\r\n').result, 1);
  });
});
