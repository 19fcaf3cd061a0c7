import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FieldId } from '../http/field-ids.ts';
import { BodyKind, LENGTH_UNKNOWN, Version } from '../http/message-head.ts';
import { MethodId } from '../http/methods.ts';
import { problemOf } from '../http/problems.ts';
import { ResponseHead } from '../http/response-head.ts';
import { HEAD_LIMITS, type HeadLimits } from './limits.ts';
import { parseResponseHead } from './response-parser.ts';

function parse(text: string, method: MethodId = MethodId.get, limits: HeadLimits = HEAD_LIMITS) {
  const head = new ResponseHead();
  const bytes = Buffer.from(`xx${text}`, 'latin1');
  const result = parseResponseHead(head, bytes, 2, bytes.length, limits, method);
  return { head, result, problem: result < 0 ? problemOf(result).name : '' };
}

const response = (status: string, ...lines: string[]): string =>
  [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n');

describe('parseResponseHead', () => {
  test('gives all parts of a response, and the bytes it has', () => {
    const text = response('404 Not \xe4 Found', 'Server: x', 'Content-Length: 5');
    const { head, result } = parse(`${text}hello`);
    assert.equal(result, text.length);
    assert.deepEqual(
      [head.status, head.reason(), head.version],
      [404, 'Not \xe4 Found', Version.http11],
    );
    assert.deepEqual([head.body, head.contentLength, head.keepAlive], [BodyKind.length, 5, true]);
    head.setStatus(500);
    assert.equal(head.reason(), 'Internal Server Error');
  });

  test('says of every beginning of a response that more is needed', () => {
    const text = response('200 OK', 'Content-Length: 5', 'Connection: close');
    for (let length = 0; length < text.length; length += 1) {
      assert.equal(parse(text.slice(0, length)).result, 0);
    }
  });

  test('lets the reason be empty, and the space before it be missing', () => {
    assert.equal(parse('HTTP/1.1 200 \r\n\r\n').head.reason(), 'OK');
    assert.equal(parse('HTTP/1.1 200\r\n\r\n').head.status, 200);
  });

  test('outlives the bytes it came in once it is retained', () => {
    const bytes = Buffer.from(response('200 Fine', 'ETag: "x"'));
    const head = new ResponseHead();
    parseResponseHead(head, bytes, 0, bytes.length, HEAD_LIMITS, MethodId.get);
    head.retain();
    bytes.fill(0);
    assert.deepEqual([head.reason(), head.fields.get(FieldId.etag)], ['Fine', '"x"']);
  });

  describe('refuses', () => {
    const rows: readonly (readonly [why: string, text: string, problem: string])[] = [
      ['another protocol', 'ICY 200 OK\r\n\r\n', 'bad-version'],
      ['an empty line before', '\r\nHTTP/1.1 200 OK\r\n\r\n', 'bad-version'],
      ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'version-not-supported'],
      ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n', 'bad-status-line'],
      ['two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'bad-status-line'],
      ['four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'bad-status-line'],
      ['a letter', 'HTTP/1.1 2O0 OK\r\n\r\n', 'bad-status-line'],
      ['a tab', 'HTTP/1.1 200\tOK\r\n\r\n', 'bad-status-line'],
      ['a control in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n', 'bad-status-line'],
      ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', 'nul'],
      ['LF alone', 'HTTP/1.1 200 OK\n\n', 'bare-lf'],
      ['CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n', 'bare-cr'],
      ['a status below 100', response('099 x'), 'bad-status'],
      ['a status above 599', response('600 x'), 'bad-status'],
      ['a folded field', response('200 OK', 'X: y', ' z'), 'obs-fold'],
      [
        'both lengths',
        response('200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
        'both-lengths',
      ],
      [
        'two lengths',
        response('200 OK', 'Content-Length: 1', 'Content-Length: 1'),
        'repeated-content-length',
      ],
      ['a bad length', response('200 OK', 'Content-Length: 1a'), 'bad-content-length'],
      ['another coding', response('200 OK', 'Transfer-Encoding: gzip'), 'bad-transfer-encoding'],
      [
        'a coding in HTTP/1.0',
        'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        'transfer-encoding-in-old-version',
      ],
      // RFC 9110 section 8.6, RFC 9112 section 6.1.
      ['a body behind 204', response('204 No Content', 'Content-Length: 3'), 'body-not-allowed'],
      [
        'chunks behind 103',
        response('103 Early Hints', 'Transfer-Encoding: chunked'),
        'body-not-allowed',
      ],
      // RFC 9110 section 15.2.2.
      [
        '101 without Upgrade',
        response('101 Switching Protocols', 'Connection: upgrade'),
        'bad-switch',
      ],
      ['101 without Connection', response('101 Switching Protocols', 'Upgrade: a'), 'bad-switch'],
    ];
    for (const [why, text, problem] of rows) {
      test(why, () => assert.equal(parse(text).problem, problem));
    }

    test('what is larger than the limits', () => {
      const limits: HeadLimits = { headBytes: 60, fieldsMax: 1, targetBytes: 1 };
      assert.ok(parse(response('200 OK', 'X: y'), MethodId.get, limits).result > 0);
      assert.equal(
        parse(response('200 OK', 'X: y', 'X: y'), MethodId.get, limits).problem,
        'too-many-fields',
      );
      assert.equal(
        parse(response('200 OK', `X: ${'y'.repeat(60)}`), MethodId.get, limits).problem,
        'head-too-large',
      );
    });
  });

  describe('frames the body by RFC 9112 section 6.3', () => {
    const length = 'Content-Length: 9';
    const chunked = 'Transfer-Encoding: chunked';
    const rows: readonly (readonly [
      why: string,
      text: string,
      method: MethodId,
      body: BodyKind,
      contentLength: number,
      keepAlive: boolean,
    ])[] = [
      ['a length', response('200 OK', length), MethodId.get, BodyKind.length, 9, true],
      ['no byte', response('200 OK', 'Content-Length: 0'), MethodId.get, BodyKind.none, 0, true],
      ['chunks', response('200 OK', chunked), MethodId.get, BodyKind.chunked, -1, true],
      [
        'the end of the connection',
        response('200 OK'),
        MethodId.get,
        BodyKind.untilClose,
        -1,
        false,
      ],
      ['HEAD with a length', response('200 OK', length), MethodId.head, BodyKind.none, 9, true],
      ['HEAD with chunks', response('200 OK', chunked), MethodId.head, BodyKind.none, -1, true],
      ['HEAD without anything', response('200 OK'), MethodId.head, BodyKind.none, -1, true],
      [
        '304 with a length',
        response('304 Not Modified', length),
        MethodId.get,
        BodyKind.none,
        9,
        true,
      ],
      ['204', response('204 No Content'), MethodId.get, BodyKind.none, -1, true],
      ['100', response('100 Continue'), MethodId.post, BodyKind.none, -1, true],
      ['CONNECT refused', response('403 No', length), MethodId.connect, BodyKind.length, 9, true],
      [
        'Connection: close',
        response('200 OK', length, 'Connection: close'),
        MethodId.get,
        BodyKind.length,
        9,
        false,
      ],
      ['HTTP/1.0', `HTTP/1.0 200 OK\r\n${length}\r\n\r\n`, MethodId.get, BodyKind.length, 9, false],
      [
        'HTTP/1.0, kept',
        `HTTP/1.0 200 OK\r\n${length}\r\nConnection: keep-alive\r\n\r\n`,
        MethodId.get,
        BodyKind.length,
        9,
        true,
      ],
    ];
    for (const [why, text, method, body, contentLength, keepAlive] of rows) {
      test(why, () => {
        const { head, result } = parse(text, method);
        assert.equal(result, text.length);
        assert.deepEqual(
          [head.body, head.contentLength, head.keepAlive],
          [body, contentLength, keepAlive],
        );
        assert.equal(head.upgrade, false);
      });
    }

    test('tunnels: 2xx to CONNECT and 101, whose lengths nobody sees', () => {
      const connect = parse(response('200 OK', length), MethodId.connect).head;
      const lines = ['Upgrade: websocket', 'Connection: Upgrade', length];
      const upgraded = parse(response('101 Switching Protocols', ...lines)).head;
      for (const head of [connect, upgraded]) {
        assert.deepEqual(
          [head.body, head.contentLength, head.upgrade],
          [BodyKind.none, LENGTH_UNKNOWN, true],
        );
        assert.equal(head.fields.has(FieldId.contentLength), false);
        assert.equal(head.isInterim(), false);
      }
      assert.equal(upgraded.fields.get(FieldId.upgrade), 'websocket');
    });

    test('a length of 0 behind 204 is dropped (RFC 9110 section 8.6)', () => {
      const { head } = parse(response('204 No Content', 'Content-Length: 0'));
      assert.deepEqual([head.body, head.contentLength], [BodyKind.none, LENGTH_UNKNOWN]);
      assert.equal(head.fields.has(FieldId.contentLength), false);
    });

    test('1xx are interim, but 101', () => {
      assert.equal(parse(response('103 Early Hints')).head.isInterim(), true);
      assert.equal(parse(response('200 OK')).head.isInterim(), false);
    });
  });
});
