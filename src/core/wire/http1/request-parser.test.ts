import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FieldId } from '../http/field-ids.ts';
import { BodyKind, LENGTH_UNKNOWN, Version } from '../http/message-head.ts';
import { MethodId } from '../http/methods.ts';
import { problemOf } from '../http/problems.ts';
import { RequestHead, TargetForm } from '../http/request-head.ts';
import { HEAD_LIMITS, type HeadLimits } from './limits.ts';
import { parseRequestHead } from './request-parser.ts';

interface Result {
  readonly head: RequestHead;
  readonly result: number;
  /** The problem's name, empty without one. */
  readonly problem: string;
}

/** Parses a text that lies in the middle of a buffer. */
function parse(text: string, limits: HeadLimits = HEAD_LIMITS): Result {
  const head = new RequestHead();
  const bytes = Buffer.from(`xx${text}`, 'latin1');
  const result = parseRequestHead(head, bytes, 2, bytes.length, limits);
  return { head, result, problem: result < 0 ? problemOf(result).name : '' };
}

/** A request with these lines behind the request line and Host. */
const withLines = (...lines: string[]): string =>
  `POST / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

function accepted(text: string): RequestHead {
  const { head, problem, result } = parse(text);
  assert.equal(problem, '');
  assert.equal(result, text.length);
  return head;
}

describe('parseRequestHead', () => {
  test('gives all parts of a request, and the bytes it has', () => {
    const text =
      'GET /a/b?c HTTP/1.1\r\nHost: h:8\r\nX-A:  1 2 \t\r\nX-Empty:\r\nCookie: x\r\n\r\n';
    const { head, result } = parse(`${text}GET /next`);
    assert.equal(result, text.length);
    assert.deepEqual(
      [head.method, head.methodName(), head.target()],
      [MethodId.get, 'GET', '/a/b?c'],
    );
    assert.deepEqual([head.form, head.path(), head.query()], [TargetForm.origin, '/a/b', 'c']);
    assert.deepEqual([head.authority(), head.host(), head.port], ['h:8', 'h', 8]);
    assert.equal(head.version, Version.http11);
    assert.deepEqual([head.body, head.contentLength], [BodyKind.none, LENGTH_UNKNOWN]);
    assert.deepEqual([head.keepAlive, head.upgrade, head.expectContinue], [true, false, false]);
    const { fields } = head;
    const pairs = Array.from({ length: fields.count }, (_, i) => [fields.name(i), fields.value(i)]);
    assert.deepEqual(pairs, [
      ['Host', 'h:8'],
      ['X-A', '1 2'],
      ['X-Empty', ''],
      ['Cookie', 'x'],
    ]);
    assert.deepEqual([fields.id(0), fields.id(1), fields.id(3)], [FieldId.host, 0, FieldId.cookie]);
    assert.deepEqual([head.start, head.end], [2, 2 + text.length]);
  });

  test('says of every beginning of a request that more is needed', () => {
    const text = withLines(
      'Content-Length: 3',
      'Connection: close, X-A',
      'X-A: y',
      'Expect: 100-continue',
    );
    for (let length = 0; length < text.length; length += 1) {
      assert.equal(parse(text.slice(0, length)).result, 0, JSON.stringify(text.slice(0, length)));
    }
    accepted(text);
  });

  test('lets a few empty lines stand before (RFC 9112 section 2.2)', () => {
    const head = accepted(`\r\n\r\n${withLines()}`);
    assert.equal(head.start, 6);
    assert.equal(parse('\r\n'.repeat(5) + withLines()).problem, 'empty-lines');
    assert.equal(parse('\r\n').result, 0);
    assert.equal(parse('\r').result, 0);
    assert.equal(parse(`\n${withLines()}`).problem, 'bare-lf');
    assert.equal(parse(`\r\r\n${withLines()}`).problem, 'bare-cr');
  });

  test('a head that is retained outlives the bytes it came in', () => {
    const text = withLines('Content-Length: 3', 'Connection: X-A', 'X-A: y');
    const bytes = Buffer.from(`zz${text}`, 'latin1');
    const head = new RequestHead();
    parseRequestHead(head, bytes, 2, bytes.length, HEAD_LIMITS);
    head.retain();
    bytes.fill(0x21);
    assert.deepEqual([head.methodName(), head.target(), head.authority()], ['POST', '/', 'a']);
    assert.equal(head.fields.get(FieldId.contentLength), '3');
    assert.equal(head.fields.name(head.named[0]!), 'X-A');
    assert.equal(head.end - head.start, text.length);
  });

  describe('refuses', () => {
    const rows: readonly (readonly [why: string, text: string, problem: string])[] = [
      // RFC 9112 section 3: the request line has one space between its parts and nothing else.
      ['two spaces before the target', 'GET  / HTTP/1.1\r\n', 'bad-target'],
      ['two spaces before the version', 'GET /  HTTP/1.1\r\n', 'bad-version'],
      ['a tab for a space', 'GET\t/ HTTP/1.1\r\n', 'bad-method'],
      ['a space behind the version', 'GET / HTTP/1.1 \r\n', 'bad-request-line'],
      ['a space before the method', ' GET / HTTP/1.1\r\n', 'bad-method'],
      ['no version (HTTP/0.9)', 'GET /\r\n', 'bad-request-line'],
      ['no target', 'GET HTTP/1.1\r\n', 'bad-request-line'],
      ['an empty line only after text', 'GET\r\n', 'bad-method'],
      ['a line of LF', 'GET / HTTP/1.1\nHost: a\n\n', 'bare-lf'],
      ['CR in the line', 'GET / HTTP/1.1\rX\r\n', 'bare-cr'],
      ['CR in the target', 'GET /\rx HTTP/1.1\r\n', 'bare-cr'],
      ['NUL in the method', 'G\0T / HTTP/1.1\r\n', 'nul'],
      ['NUL in the target', 'GET /\0 HTTP/1.1\r\n', 'nul'],
      ['small letters', 'get / HTTP/1.1\r\n', 'bad-method'],
      ['an endless method', 'A'.repeat(21), 'method-too-long'],
      // Section 2.3: the version.
      ['a version in small letters', 'GET / http/1.1\r\n', 'bad-version'],
      ['a long version', 'GET / HTTP/1.10\r\n', 'bad-request-line'],
      ['a comma in the version', 'GET / HTTP/1,1\r\n', 'bad-version'],
      ['no minor version', 'GET / HTTP/1\r\n', 'bad-version'],
      ['HTTP/2.0 in this form', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'version-not-supported'],
      ['the method of that form', 'PRI / HTTP/1.1\r\nHost: a\r\n\r\n', 'version-not-supported'],
      ['another major version', 'GET / HTTP/2.0\r\n', 'version-not-supported'],
      ['another minor version', 'GET / HTTP/1.2\r\n', 'version-not-supported'],
      // Section 5.1: no white space between name and colon.
      ['a space before the colon', withLines('X-A : b'), 'space-before-colon'],
      ['a tab before the colon', withLines('X-A\t: b'), 'space-before-colon'],
      // Section 5.2 and 2.2: no folding, no white space before the first field.
      ['a folded field', withLines('X-A: b', ' c'), 'obs-fold'],
      ['a folded field with a tab', withLines('X-A:', '\tc'), 'obs-fold'],
      ['white space before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'obs-fold'],
      // Section 2.2: a CR alone is invalid; LF alone may be a line end, here it is not.
      ['CR in a value', withLines('X-A: b\rc'), 'bare-cr'],
      ['two CR', withLines('X-A: b\r'), 'bare-cr'],
      ['LF in a value', withLines('X-A: b\nX-B: c'), 'bare-lf'],
      ['LF as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'bare-lf'],
      ['CR and no LF as the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\rx', 'bare-cr'],
      // Section 5, RFC 9110 sections 5.1 and 5.5.
      ['a name with a space', withLines('X A: b'), 'bad-field-name'],
      ['a name with a byte above ASCII', withLines('X\xe4: b'), 'bad-field-name'],
      ['a name with a bracket', withLines('X(A): b'), 'bad-field-name'],
      ['no name', withLines(': b'), 'bad-field-name'],
      ['no colon', withLines('X-A'), 'bad-field-name'],
      ['CR in a name', withLines('X\rA: b'), 'bare-cr'],
      ['NUL in a name', withLines('X\0A: b'), 'nul'],
      ['NUL in a value', withLines('X-A: b\0'), 'nul'],
      ['a control in a value', withLines('X-A: b\x0bc'), 'bad-field-value'],
      ['DEL in a value', withLines('X-A: b\x7f'), 'bad-field-value'],
      // Section 3.2: exactly one valid Host in HTTP/1.1.
      ['no Host', 'GET / HTTP/1.1\r\n\r\n', 'missing-host'],
      ['no Host beside an absolute target', 'GET http://a/ HTTP/1.1\r\n\r\n', 'missing-host'],
      ['two Hosts', withLines('Host: a'), 'repeated-host'],
      ['two Hosts in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 'repeated-host'],
      ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 'bad-host'],
      ['a list of hosts', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', 'bad-host'],
      ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'bad-host'],
      [
        'a bad Host beside an absolute target',
        'GET http://a/ HTTP/1.1\r\nHost: b@c\r\n\r\n',
        'bad-host',
      ],
      // Section 6.2, RFC 9110 section 8.6.
      ['a length with a sign', withLines('Content-Length: +3'), 'bad-content-length'],
      ['a negative length', withLines('Content-Length: -3'), 'bad-content-length'],
      ['a hexadecimal length', withLines('Content-Length: 0x3'), 'bad-content-length'],
      ['an empty length', withLines('Content-Length:'), 'bad-content-length'],
      ['a length with a space inside', withLines('Content-Length: 1 2'), 'bad-content-length'],
      ['a list of the same length', withLines('Content-Length: 3, 3'), 'bad-content-length'],
      [
        'a length above 2^53 - 1',
        withLines('Content-Length: 9007199254740992'),
        'bad-content-length',
      ],
      [
        'a length above 2^64',
        withLines('Content-Length: 18446744073709551619'),
        'bad-content-length',
      ],
      [
        'the same length twice',
        withLines('Content-Length: 3', 'Content-Length: 3'),
        'repeated-content-length',
      ],
      // Sections 6.1 and 6.3.
      [
        'both lengths',
        withLines('Content-Length: 3', 'Transfer-Encoding: chunked'),
        'both-lengths',
      ],
      [
        'both, the other way round',
        withLines('Transfer-Encoding: chunked', 'Content-Length: 0'),
        'both-lengths',
      ],
      [
        'a coding before chunked',
        withLines('Transfer-Encoding: gzip, chunked'),
        'unknown-transfer-coding',
      ],
      ['chunked not last', withLines('Transfer-Encoding: chunked, gzip'), 'bad-transfer-encoding'],
      [
        'chunked twice in a list',
        withLines('Transfer-Encoding: chunked, chunked'),
        'bad-transfer-encoding',
      ],
      [
        'chunked in two lines',
        withLines('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
        'bad-transfer-encoding',
      ],
      [
        'codings in two lines',
        withLines('Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'),
        'bad-transfer-encoding',
      ],
      ['identity', withLines('Transfer-Encoding: identity'), 'bad-transfer-encoding'],
      ['a tab behind', withLines('Transfer-Encoding: chunked\t'), 'bad-transfer-encoding'],
      ['a tab later', withLines('Transfer-Encoding: chunked \t '), 'bad-transfer-encoding'],
      ['xchunked', withLines('Transfer-Encoding: xchunked'), 'bad-transfer-encoding'],
      ['a quoted coding', withLines('Transfer-Encoding: "chunked"'), 'bad-transfer-encoding'],
      [
        'a coding with a parameter',
        withLines('Transfer-Encoding: chunked;q=1'),
        'bad-transfer-encoding',
      ],
      ['an empty element', withLines('Transfer-Encoding: ,chunked'), 'bad-transfer-encoding'],
      ['an empty coding', withLines('Transfer-Encoding:'), 'bad-transfer-encoding'],
      [
        'a coding in HTTP/1.0',
        'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
        'transfer-encoding-in-old-version',
      ],
      // RFC 9110 sections 9.3.6 and 9.3.8.
      [
        'CONNECT with a body',
        'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\n',
        'body-not-allowed',
      ],
      [
        'TRACE with a body',
        'TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        'body-not-allowed',
      ],
      // RFC 9110 sections 7.6.1 and 10.1.1.
      ['Connection that is no list', withLines('Connection: "close"'), 'bad-connection'],
      ['Connection that names Host', withLines('Connection: close, host'), 'bad-connection'],
      [
        'Connection that names Content-Length',
        withLines('Connection: Content-Length'),
        'bad-connection',
      ],
      ['another expectation', withLines('Expect: 200-ok'), 'bad-expectation'],
    ];
    for (const [why, text, problem] of rows) {
      test(why, () => assert.equal(parse(text).problem, problem));
    }
  });

  describe('bounds', () => {
    const limits: HeadLimits = { headBytes: 100, fieldsMax: 3, targetBytes: 10 };

    test('the head, to the byte', () => {
      const start = 'GET / HTTP/1.1\r\nHost: a\r\nX: ';
      const fits = `${start}${'x'.repeat(100 - start.length - 4)}\r\n\r\n`;
      assert.equal(fits.length, 100);
      assert.equal(parse(fits, limits).result, 100);
      assert.equal(parse(`\r\n${fits}`, limits).result, 102);
      assert.equal(parse(fits.replace('X: ', 'X: y'), limits).problem, 'head-too-large');
      assert.equal(parse(`${start}${'x'.repeat(100)}`, limits).problem, 'head-too-large');
      assert.equal(parse(fits.slice(0, 99), limits).result, 0);
    });

    test('the fields', () => {
      assert.ok(parse('GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n', limits).result > 0);
      const four = 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n';
      assert.equal(parse(four, limits).problem, 'too-many-fields');
    });

    test('the target, before its end has come', () => {
      assert.ok(parse('GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n', limits).result > 0);
      assert.equal(parse('GET /1234567890', limits).problem, 'target-too-long');
    });

    test('the fields that Connection names', () => {
      const names = Array.from({ length: 65 }, (_, i) => `x${i}`);
      const lines = [`Connection: ${names.join(',')}`, ...names.map((name) => `${name}: y`)];
      assert.equal(parse(withLines(...lines)).problem, 'bad-connection');
    });
  });

  describe('means', () => {
    test('a length', () => {
      const head = accepted(withLines('content-LENGTH: 0042'));
      assert.deepEqual([head.body, head.contentLength], [BodyKind.length, 42]);
      const largest = accepted(withLines('Content-Length: 9007199254740991'));
      assert.equal(largest.contentLength, Number.MAX_SAFE_INTEGER);
      const none = accepted(withLines('Content-Length: 0'));
      assert.deepEqual([none.body, none.contentLength], [BodyKind.none, 0]);
    });

    test('chunks', () => {
      const head = accepted(withLines('transfer-encoding:\tCHUNKED '));
      assert.deepEqual([head.body, head.contentLength], [BodyKind.chunked, LENGTH_UNKNOWN]);
    });

    const fates: readonly (readonly [string, string[], boolean])[] = [
      // RFC 9112 section 9.3.
      ['1.1', [], true],
      ['1.1', ['Connection: close'], false],
      ['1.1', ['Connection: keep-alive, Close'], false],
      ['1.1', ['Connection: keep-alive', 'Connection: x, close'], false],
      ['1.0', [], false],
      ['1.0', ['Connection: Keep-Alive'], true],
      ['1.0', ['Connection: keep-alive, close'], false],
      // Appendix C.2.2: Proxy-Connection is ignored.
      ['1.0', ['Proxy-Connection: keep-alive'], false],
    ];
    for (const [version, lines, keepAlive] of fates) {
      test(`keep-alive ${keepAlive}: ${version} ${lines.join(' + ')}`, () => {
        const head = accepted([`GET / HTTP/${version}`, 'Host: a', ...lines, '', ''].join('\r\n'));
        assert.equal(head.keepAlive, keepAlive);
      });
    }

    test('an upgrade only where Connection names it, in HTTP/1.1 (RFC 9110 section 7.8)', () => {
      assert.equal(accepted(withLines('Upgrade: websocket', 'Connection: Upgrade')).upgrade, true);
      assert.equal(accepted(withLines('Upgrade: websocket')).upgrade, false);
      assert.equal(accepted(withLines('Connection: upgrade')).upgrade, false);
      const old = 'GET / HTTP/1.0\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n';
      assert.equal(accepted(old).upgrade, false);
    });

    test('an expectation, which HTTP/1.0 has not (RFC 9110 section 10.1.1)', () => {
      assert.equal(accepted(withLines('Expect: 100-Continue')).expectContinue, true);
      assert.equal(accepted('GET / HTTP/1.0\r\nExpect: x\r\n\r\n').expectContinue, false);
    });

    test('no notice of other expectations, where the limits say so', () => {
      const limits: HeadLimits = { ...HEAD_LIMITS, ignoresExpectations: true };
      const waits = (...values: string[]): boolean => {
        const text = withLines(...values.map((value) => `Expect: ${value}`));
        const { head, problem } = parse(text, limits);
        assert.equal(problem, '');
        return head.expectContinue;
      };
      assert.deepEqual([waits('200'), waits(''), waits('100-continue')], [false, false, true]);
      assert.equal(waits('200', '100-continue'), true);
    });

    test('the fields that belong to the connection', () => {
      const head = accepted(
        withLines(
          'X-a: 1',
          'Connection: x-A, Via, transfer-encoding',
          'X-A: 2',
          'Via: b',
          'Keep-Alive: c',
          'TE: d',
          'X-B: e',
          'Transfer-Encoding: chunked',
        ),
      );
      head.removeHopByHop();
      const { fields } = head;
      const left = Array.from({ length: fields.count }, (_, i) => i)
        .filter((i) => !head.isRemoved(i))
        .map((i) => fields.name(i));
      assert.deepEqual(left, ['Host', 'X-B', 'Transfer-Encoding']);
    });

    test('the authority of the target, whatever Host says (section 3.2.2)', () => {
      const head = accepted('GET http://b:81/x HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.deepEqual([head.authority(), head.host(), head.port], ['b:81', 'b', 81]);
      assert.equal(head.fields.get(FieldId.host), 'b:81');
      const old = accepted('GET http://b/x HTTP/1.0\r\n\r\n');
      assert.equal(old.authority(), 'b');
    });

    test('no host where HTTP/1.0 names none', () => {
      const head = accepted('GET / HTTP/1.0\r\n\r\n');
      assert.deepEqual([head.authority(), head.version], ['', Version.http10]);
    });

    test('a method nobody knows', () => {
      const head = accepted('M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.deepEqual([head.method, head.methodName()], [MethodId.other, 'M-SEARCH']);
    });
  });

  test('a change of the framing keeps the fields true', () => {
    const head = accepted(withLines('Content-Length: 3', 'X-A: b'));
    head.setBody(BodyKind.chunked);
    assert.equal(head.fields.get(FieldId.transferEncoding), 'chunked');
    assert.equal(head.fields.has(FieldId.contentLength), false);
    head.setBody(BodyKind.length, 7);
    assert.equal(head.fields.has(FieldId.transferEncoding), false);
    assert.equal(head.fields.get(FieldId.contentLength), '7');
    head.setBody(BodyKind.stream, 7);
    assert.equal(head.fields.get(FieldId.contentLength), '7');
    head.setBody(BodyKind.none);
    assert.equal(head.fields.has(FieldId.contentLength), false);
  });
});
