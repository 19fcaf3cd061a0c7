import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FieldId } from '../http/field-ids.ts';
import { FIELD_STRIDE, fieldLinesOf, REMOVED } from '../http/fields.ts';
import { MethodId } from '../http/methods.ts';
import { RequestHead } from '../http/request-head.ts';
import { ResponseHead } from '../http/response-head.ts';
import {
  encodeRequestHead,
  encodeResponseHead,
  requestHeadBytesMax,
  responseHeadBytesMax,
} from './head-encoder.ts';
import { HEAD_LIMITS } from './limits.ts';
import { parseRequestHead } from './request-parser.ts';
import { parseResponseHead } from './response-parser.ts';

function requestOf(text: string): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(`!!${text}`, 'latin1');
  assert.equal(parseRequestHead(head, bytes, 2, bytes.length, HEAD_LIMITS), text.length);
  return head;
}

function responseOf(text: string): ResponseHead {
  const head = new ResponseHead();
  const bytes = Buffer.from(`!!${text}`, 'latin1');
  const result = parseResponseHead(head, bytes, 2, bytes.length, HEAD_LIMITS, MethodId.get);
  assert.equal(result, text.length);
  return head;
}

/** Encodes into exactly as much room as the bound says, not at the beginning. */
function encoded(head: RequestHead | ResponseHead, extra: Buffer | null = null): string {
  const request = head instanceof RequestHead;
  const most = request ? requestHeadBytesMax(head, extra) : responseHeadBytesMax(head, extra);
  const out = Buffer.alloc(most + 3, '?');
  const end = request
    ? encodeRequestHead(out, 3, head, extra)
    : encodeResponseHead(out, 3, head, extra);
  assert.ok(end > 3 && end <= out.length);
  assert.equal(out.toString('latin1', 0, 3), '???');
  assert.match(out.toString('latin1', end), /^\?*$/);
  return out.toString('latin1', 3, end);
}

const visible = fc
  .integer({ min: 0x21, max: 0xff })
  .filter((code) => code !== 0x7f)
  .map((code) => String.fromCharCode(code));
const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 });
const fieldName = fc.constantFrom('X-A', 'x-a', 'Cookie', 'X-B', 'Accept', '!#$', 'Via', 'VIA');
const line = fc.record({
  name: fieldName,
  before: blanks,
  value: fc.string({ unit: visible, maxLength: 50 }),
  after: blanks,
});
type Line = { name: string; before: string; value: string; after: string };
const asReceived = (each: Line): string =>
  `${each.name}:${each.before}${each.value}${each.after}\r\n`;
/** What the encoder makes of it: blanks behind the value are gone, those before stay. */
const asSent = (each: Line): string =>
  each.value === ''
    ? `${each.name}:${each.before}${each.after}\r\n`
    : `${each.name}:${each.before}${each.value}\r\n`;

describe('encodeRequestHead', () => {
  test('a method that was put in the place of the one that came leaves, in a copy too', () => {
    const head = requestOf('HEAD /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n');
    head.setMethod(MethodId.get);
    const copy = new RequestHead();
    copy.copyFrom(head);
    for (const each of [head, copy]) {
      assert.equal(encoded(each), 'GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n');
      assert.equal(each.methodName(), 'GET');
    }
  });

  test('lines that are added, changed and removed leave as a list of lines would', () => {
    const value = fc.string({ unit: visible, maxLength: 40 });
    const edit = fc.oneof(
      fc.record({ add: value }),
      fc.record({ lines: fc.array(value, { maxLength: 4 }) }),
      fc.record({ copy: fc.nat() }),
      fc.record({ change: fc.nat(), to: value }),
      fc.record({ append: value }),
      fc.record({ remove: fc.nat() }),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 4 }),
        fc.array(edit, { maxLength: 12 }),
        (lines, edits) => {
          const head = requestOf(
            `GET / HTTP/1.1\r\nHost: h\r\n${lines.map(asReceived).join('')}\r\n`,
          );
          const { fields } = head;
          const model: (string | null)[] = ['Host: h\r\n', ...lines.map(asSent)];
          const via = (text: string): string => `From: ${text}\r\n`;
          const from = Buffer.from('From');
          for (const each of edits) {
            if ('add' in each) {
              fields.add(from, each.add);
              model.push(via(each.add));
            } else if ('lines' in each) {
              fields.addLines(fieldLinesOf(each.lines.map((text) => [FieldId.link, text])));
              for (const text of each.lines) model.push(`Link: ${text}\r\n`);
            } else if ('copy' in each) {
              const row = (each.copy % fields.count) * FIELD_STRIDE;
              model.push(`Link: ${fields.value(each.copy % fields.count)}\r\n`);
              fields.addCopy(FieldId.link, fields.at[row + 2]!, fields.at[row + 3]!);
            } else if ('change' in each) {
              const index = each.change % fields.count;
              if (model[index] === null) continue;
              model[index] = `${fields.name(index)}: ${each.to}\r\n`;
              fields.setValue(index, each.to);
            } else if ('append' in each) {
              const last = model.findLastIndex(
                (text, i) => text !== null && fields.id(i) === FieldId.link,
              );
              const old = last === -1 ? '' : fields.value(last);
              const now = `Link: ${old === '' ? each.append : `${old}, ${each.append}`}\r\n`;
              if (last === -1) model.push(now);
              else model[last] = now;
              fields.appendToList(FieldId.link, each.append);
            } else {
              fields.remove(each.remove % fields.count);
              model[each.remove % fields.count] = null;
            }
          }
          const wanted = model.filter((text) => text !== null).join('');
          assert.equal(encoded(head), `GET / HTTP/1.1\r\n${wanted}\r\n`);
        },
      ),
    );
  });

  test('gives the bytes that were parsed, order and duplicates kept', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), fc.boolean(), (lines, retain) => {
        const start = 'POST /a?b HTTP/1.1\r\nHost: h\r\n';
        const head = requestOf(`${start}${lines.map(asReceived).join('')}\r\n`);
        if (retain) head.retain();
        assert.equal(encoded(head), `${start}${lines.map(asSent).join('')}\r\n`);
      }),
    );
  });

  test('gives after edits what a list of lines gives', () => {
    const edit = fc.oneof(
      fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }),
      fc.record({
        kind: fc.constant('add' as const),
        name: fieldName,
        value: fc.string({ unit: visible, maxLength: 40 }),
      }),
      fc.record({
        kind: fc.constant('set' as const),
        at: fc.nat(),
        value: fc.string({ unit: visible, maxLength: 40 }),
      }),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.array(edit, { maxLength: 8 }),
        fc.boolean(),
        (lines, edits, withExtra) => {
          const start = 'GET / HTTP/1.1\r\n';
          const head = requestOf(`${start}Host: h\r\n${lines.map(asReceived).join('')}\r\n`);
          const model: (string | null)[] = ['Host: h\r\n', ...lines.map(asSent)];
          for (const each of edits) {
            if (each.kind === 'add') {
              head.fields.add(Buffer.from(each.name), each.value);
              model.push(`${each.name}: ${each.value}\r\n`);
              continue;
            }
            const at = each.at % model.length;
            if (head.fields.id(at) === REMOVED) continue;
            if (each.kind === 'remove') {
              head.fields.remove(at);
              model[at] = null;
            } else {
              head.fields.setValue(at, each.value);
              model[at] = `${head.fields.name(at)}: ${each.value}\r\n`;
            }
          }
          const extra = withExtra ? Buffer.from('Via: 1.1 p\r\n') : null;
          const wanted = `${start}${model.filter((text) => text !== null).join('')}${withExtra ? 'Via: 1.1 p\r\n' : ''}\r\n`;
          assert.equal(encoded(head, extra), wanted);
        },
      ),
    );
  });

  test('sends origin-form to an origin, and its Host (RFC 9112 section 3.2)', () => {
    const rows = [
      [
        'GET http://b:81/x?y HTTP/1.1\r\nX: 1\r\nHost: a\r\n\r\n',
        'GET /x?y HTTP/1.1\r\nX: 1\r\nHost: b:81\r\n\r\n',
      ],
      ['GET http://b?y HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /?y HTTP/1.1\r\nHost: b\r\n\r\n'],
      ['GET http://b HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1\r\nHost: b\r\n\r\n'],
      ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['CONNECT b:1 HTTP/1.1\r\nHost: a\r\n\r\n', 'CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n'],
      // RFC 9110 section 2.5: the version is that of the sender.
      ['M-SEARCH /x HTTP/1.0\r\nHost: a\r\n\r\n', 'M-SEARCH /x HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['GET /x HTTP/1.0\r\n\r\n', 'GET /x HTTP/1.1\r\n\r\n'],
    ] as const;
    for (const [received, sent] of rows) assert.equal(encoded(requestOf(received)), sent);
  });

  test('sends another target and Host when they were set', () => {
    const head = requestOf('GET /old HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n');
    head.setOrigin(Buffer.from('/new?q'));
    head.setHostField('b:80');
    head.retain();
    assert.equal(encoded(head), 'GET /new?q HTTP/1.1\r\nHost: b:80\r\nX: 1\r\n\r\n');
  });

  test('gives the same from a copy, which outlives the head that it was made of', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.boolean(), (lines, edit) => {
        const head = requestOf(
          `PUT http://h:81/a?b HTTP/1.1\r\nHost: h:81\r\n${lines.map(asReceived).join('')}\r\n`,
        );
        if (edit) {
          head.setOrigin(Buffer.from('/new?q'));
          head.fields.add(Buffer.from('added'), 'value');
          head.fields.remove(1);
        }
        const expected = encoded(head);
        const copy = requestOf('GET / HTTP/1.1\r\nHost: other\r\nConnection: X\r\nX: 1\r\n\r\n');
        copy.copyFrom(head);
        head.fields.buf.fill(0x21);
        head.reset();
        assert.equal(encoded(copy), expected);
        assert.deepEqual(
          [copy.methodName(), copy.host(), copy.port, copy.query(), copy.namedCount],
          ['PUT', 'h', 81, edit ? 'q' : 'b', 0],
        );
      }),
    );
  });

  test('writes fields that are no lines, as HTTP/2 brings them', () => {
    const head = new RequestHead();
    head.reset();
    head.fields.buf = Buffer.from('/pathhosta.baccept*/*');
    head.method = MethodId.get;
    head.fields.push(5, 4, 9, 3, FieldId.host);
    head.fields.push(12, 6, 18, 3, FieldId.accept);
    head.originStart = 0;
    head.originLength = 5;
    head.pathLength = 5;
    assert.equal(encoded(head), 'GET /path HTTP/1.1\r\nhost: a.b\r\naccept: */*\r\n\r\n');
  });

  test('says when there is no room, and writes nothing', () => {
    const head = requestOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const out = Buffer.alloc(requestHeadBytesMax(head, null) - 1, '?');
    assert.equal(encodeRequestHead(out, 0, head), -1);
    assert.match(out.toString(), /^\?*$/);
  });
});

describe('encodeResponseHead', () => {
  test('gives the bytes that were parsed, order and duplicates kept', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 10 }),
        fc.string({ unit: visible, maxLength: 12 }),
        (lines, reason) => {
          const text = `HTTP/1.1 299 ${reason}\r\n${lines.map(asReceived).join('')}\r\n`;
          const wanted = `HTTP/1.1 299 ${reason}\r\n${lines.map(asSent).join('')}\r\n`;
          assert.equal(encoded(responseOf(text)), wanted);
        },
      ),
    );
  });

  test('gives version and reason of its own where the received ones do not do', () => {
    assert.equal(
      encoded(responseOf('HTTP/1.0 404 Gone away\r\nA: b\r\n\r\n')),
      'HTTP/1.1 404 Gone away\r\nA: b\r\n\r\n',
    );
    assert.equal(encoded(responseOf('HTTP/1.1 404\r\n\r\n')), 'HTTP/1.1 404 Not Found\r\n\r\n');
    const head = responseOf('HTTP/1.1 200 OK\r\nA: b\r\n\r\n');
    head.setStatus(503);
    assert.equal(encoded(head), 'HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n');
  });

  test('writes a response that was made here', () => {
    const head = new ResponseHead();
    head.reset();
    head.setStatus(429);
    head.fields.addKnown(FieldId.retryAfter, '3');
    assert.equal(encoded(head), 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\n\r\n');
    assert.equal(encodeResponseHead(Buffer.alloc(20), 0, head), -1);
  });

  test('leaves out the first and the last field', () => {
    const head = responseOf('HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n');
    head.fields.remove(0);
    head.fields.remove(2);
    assert.equal(encoded(head), 'HTTP/1.1 200 OK\r\nB: 2\r\n\r\n');
  });
});

test('an absolute target is sent on in origin-form, of OPTIONS without path and query as `*`', () => {
  const lineOf = (line: string) =>
    encoded(requestOf(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`)).split('\r\n', 1)[0];
  assert.equal(lineOf('OPTIONS http://a'), 'OPTIONS * HTTP/1.1');
  assert.equal(lineOf('OPTIONS http://a/'), 'OPTIONS / HTTP/1.1');
  assert.equal(lineOf('OPTIONS http://a?b'), 'OPTIONS /?b HTTP/1.1');
  assert.equal(lineOf('OPTIONS *'), 'OPTIONS * HTTP/1.1');
  assert.equal(lineOf('GET http://a'), 'GET / HTTP/1.1');
});
