/**
 * What RFC 9113 and RFC 7541 demand of a server, section by section, on real sockets with a server behind: the
 * questions that public conformance suites ask, and the answers that they take.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answering, Bed, ok, type Peer } from '../../support/http-bed.ts';
import {
  block,
  F,
  frame,
  GET,
  get,
  HELLO,
  POST,
  post,
  SETTINGS,
  setting,
  T,
  windowUpdate,
} from '../../support/http2-frames.ts';
import { found, goaways, resets, untilFrame } from '../../support/http2-peer.ts';

const PROTOCOL = 1;
const FLOW_CONTROL = 3;
const CLOSED = 5;
const FRAME_SIZE = 6;
const REFUSED = 7;
const COMPRESSION = 9;
const CALM = 11;

/** The response to stream 1 has come before what follows is sent. */
const ANSWERED = Buffer.from('answered');
type Sent = readonly Buffer[];
type Row = readonly [section: string, what: string, ...Buffer[]];

const PING = frame(T.ping, 0, 0, '0102030405060708');
const PRIORITY = '0000000010';
const dependsOn = (id: number): string => `${id.toString(16).padStart(8, '0')}10`;
const trailers = (id: number, flags: number, fields: [string, string][] = [['x-t', '1']]): Buffer =>
  frame(T.headers, F.endHeaders | flags, id, block(fields));
const open = frame(T.headers, 0, 1, GET.subarray(0, 3));
const M = [':method', 'GET'] as const;
const S = [':scheme', 'https'] as const;
const P = [':path', '/'] as const;
const A = [':authority', 'a.example'] as const;
const asks = (...fields: (readonly [string, string])[]): Buffer =>
  frame(T.headers, F.endHeaders | F.endStream, 1, block(fields));
const hpack = (hex: string): Buffer =>
  frame(T.headers, F.endHeaders | F.endStream, 1, Buffer.concat([GET, Buffer.from(hex, 'hex')]));
const hpackFirst = (hex: string): Buffer =>
  frame(T.headers, F.endHeaders | F.endStream, 1, Buffer.concat([Buffer.from(hex, 'hex'), GET]));
const many = (count: number, of: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => of(i)));

/** The connection ends with GOAWAY and the code. */
const connectionErrors: Readonly<Record<number, readonly Row[]>> = {
  [PROTOCOL]: [
    ['4.3', 'PRIORITY inside a head', open, frame(T.priority, 0, 1, PRIORITY)],
    ['4.3', 'HEADERS of another stream inside a head', open, get(3)],
    ['5.1', 'DATA on an idle stream', frame(T.data, F.endStream, 1, 4)],
    ['5.1', 'RST_STREAM on an idle stream', frame(T.rst, 0, 1, 4)],
    ['5.1', 'WINDOW_UPDATE on an idle stream', windowUpdate(1, 100)],
    ['5.1', 'CONTINUATION on an idle stream', frame(T.continuation, F.endHeaders, 1)],
    ['5.1.1', 'an even stream', get(2)],
    ['5.1.1', 'a stream below the last', get(5), get(3)],
    ['5.1.1', 'a stream below the last, later', get(3), get(5), ANSWERED, get(1)],
    ['5.5', 'an unknown frame inside a head', open, frame(0xaa, 0, 0, 8)],
    ['6.1', 'DATA on stream 0', post(1), frame(T.data, F.endStream, 0, 4)],
    ['6.1', 'padding as long as DATA', post(1), frame(T.data, F.padded | 1, 1, '0548656c')],
    ['6.2', 'HEADERS on stream 0', frame(T.headers, 5, 0, GET)],
    [
      '6.2',
      'padding longer than HEADERS',
      frame(T.headers, F.padded | 5, 1, `ff${GET.toString('hex')}`),
    ],
    ['6.3', 'PRIORITY on stream 0', frame(T.priority, 0, 0, PRIORITY)],
    ['6.4', 'RST_STREAM on stream 0', frame(T.rst, 0, 0, 4)],
    ['6.5', 'SETTINGS on a stream', frame(T.settings, 0, 1)],
    ['6.5.2', 'ENABLE_PUSH of 2', setting(2, 2)],
    ['6.5.2', 'MAX_FRAME_SIZE of 16,383', setting(5, 16_383)],
    ['6.5.2', 'MAX_FRAME_SIZE of 2^24', setting(5, 2 ** 24)],
    ['6.6', 'PUSH_PROMISE from a client', frame(T.push, F.endHeaders, 1, '0000000282')],
    ['6.7', 'PING on a stream', frame(T.ping, 0, 1, 8)],
    ['6.8', 'GOAWAY on a stream', frame(T.goaway, 0, 1, 8)],
    ['6.9', 'WINDOW_UPDATE of 0', windowUpdate(0, 0)],
    ['6.10', 'CONTINUATION on stream 0', open, frame(T.continuation, F.endHeaders, 0)],
    ['6.10', 'CONTINUATION behind END_HEADERS', post(1), frame(T.continuation, F.endHeaders, 1)],
    [
      '6.10',
      'DATA, then CONTINUATION',
      post(1),
      frame(T.data, 0, 1, 4),
      frame(T.continuation, 4, 1),
    ],
  ],
  [FLOW_CONTROL]: [
    ['6.5.2', 'INITIAL_WINDOW_SIZE of 2^31', setting(4, 2 ** 31)],
    ['6.9.1', 'a window above 2^31-1', windowUpdate(0, 0x7fffffff), windowUpdate(0, 0x7fffffff)],
  ],
  [CLOSED]: [
    ['5.1', 'DATA behind RST_STREAM', post(1), frame(T.rst, 0, 1, 4), frame(T.data, 1, 1, 4)],
    ['5.1', 'HEADERS behind RST_STREAM', post(1), frame(T.rst, 0, 1, 4), get(1)],
    ['5.1', 'DATA on a closed stream', get(1), ANSWERED, frame(T.data, 1, 1, 4)],
    ['5.1', 'HEADERS on a closed stream', get(1), ANSWERED, get(1)],
  ],
  [FRAME_SIZE]: [
    ['4.2', 'DATA above the limit', post(1), frame(T.data, 1, 1, 16_385)],
    ['4.2', 'HEADERS above the limit', frame(T.headers, 5, 1, 16_385)],
    ['6.2', 'HEADERS without the priority it says it has', frame(T.headers, 0x25, 1, '0000')],
    ['6.3', 'PRIORITY of four octets, no stream', frame(T.priority, 0, 1, 4)],
    ['6.4', 'RST_STREAM of three octets', post(1), frame(T.rst, 0, 1, 3)],
    ['6.5', 'SETTINGS ACK with a payload', frame(T.settings, F.ack, 0, 6)],
    ['6.5', 'SETTINGS of three octets', frame(T.settings, 0, 0, 3)],
    ['6.7', 'PING of six octets', frame(T.ping, 0, 0, 6)],
    ['6.8', 'GOAWAY of seven octets', frame(T.goaway, 0, 0, 7)],
    ['6.9', 'WINDOW_UPDATE of three octets', frame(T.window, 0, 0, 3)],
  ],
  [COMPRESSION]: [
    ['4.3', 'a head that cannot be decoded', frame(T.headers, 5, 1, '00ffffffff')],
    ['RFC 7541, 2.3.3', 'an index above both tables', hpack('c6')],
    ['RFC 7541, 2.3.3', 'the name of an index above both tables', hpack('7f070161')],
    ['RFC 7541, 4.2', 'a size of the table behind a field', hpack('20')],
    ['RFC 7541, 5.2', 'Huffman padding of more than seven bits', hpack('000161821fff')],
    ['RFC 7541, 5.2', 'Huffman padding of zeros', hpack('0001618118')],
    ['RFC 7541, 5.2', 'EOS in a Huffman string', hpack('00016184ffffffff')],
    ['RFC 7541, 6.1', 'index 0', hpack('80')],
    ['RFC 7541, 6.3', 'a size of the table above the limit', hpackFirst('3fe21f')],
  ],
  [CALM]: [
    [
      '10.5',
      'streams opened and reset',
      many(600, (i) => Buffer.concat([get(2 * i + 1), frame(T.rst, 0, 2 * i + 1, 4)])),
    ],
    ['10.5', 'PINGs without end', many(600, () => PING)],
    ['10.5', 'SETTINGS without end', many(600, () => SETTINGS)],
    ['10.5', 'empty DATA without end', post(1), many(600, () => frame(T.data, 0, 1))],
    [
      '10.5.1',
      'CONTINUATION without end',
      open,
      many(600, () => frame(T.continuation, 0, 1, '00')),
    ],
  ],
};

/** Stream 1 ends with RST_STREAM and the code; the connection goes on. */
const streamErrors: Readonly<Record<number, readonly Row[]>> = {
  [PROTOCOL]: [
    [
      'RFC 7540, 5.3.1',
      'HEADERS that depends on itself',
      frame(T.headers, 0x25, 1, `${dependsOn(1)}${GET.toString('hex')}`),
    ],
    [
      'RFC 7540, 5.3.1',
      'PRIORITY that depends on itself',
      post(1),
      frame(T.priority, 0, 1, dependsOn(1)),
    ],
    ['6.9', 'WINDOW_UPDATE of 0', post(1), windowUpdate(1, 0)],
    ['8.1', 'trailers without END_STREAM', post(1), trailers(1, 0)],
    ['8.1.1', 'DATA shorter than Content-Length', asksPost('9'), frame(T.data, F.endStream, 1, 4)],
    ['8.1.1', 'DATA longer than Content-Length', asksPost('1'), frame(T.data, F.endStream, 1, 4)],
    ['8.1.1', 'Content-Length without DATA', asks(M, S, P, A, ['content-length', '3'])],
    ['8.2.1', 'a capital letter in a name', asks(M, S, P, A, ['X-A', '1'])],
    ['8.2.1', 'LF in a value', asks(M, S, P, A, ['x', 'a\nb: c'])],
    ['8.2.1', 'NUL in a value', asks(M, S, P, A, ['x', 'a\0'])],
    ['8.2.1', 'a space before a value', asks(M, S, P, A, ['x', ' a'])],
    ['8.2.2', 'Connection', asks(M, S, P, A, ['connection', 'keep-alive'])],
    ['8.2.2', 'Transfer-Encoding', asks(M, S, P, A, ['transfer-encoding', 'chunked'])],
    ['8.2.2', 'TE of something else than trailers', asks(M, S, P, A, ['te', 'trailers, deflate'])],
    ['8.3', 'an unknown pseudo-field', asks(M, S, P, A, [':test', '1'])],
    ['8.3', 'a pseudo-field of responses', asks(M, S, P, A, [':status', '200'])],
    ['8.3', 'a pseudo-field behind a field', asks(M, S, A, ['x', 'y'], P)],
    ['8.3', 'a pseudo-field in trailers', post(1), trailers(1, F.endStream, [[':method', 'GET']])],
    ['8.3.1', 'an empty path', asks(M, S, [':path', ''], A)],
    ['8.3.1', 'no method', asks(S, P, A)],
    ['8.3.1', 'no scheme', asks(M, P, A)],
    ['8.3.1', 'no path', asks(M, S, A)],
    ['8.3.1', 'two methods', asks(M, M, S, P, A)],
    ['8.3.1', 'two schemes', asks(M, S, S, P, A)],
    ['8.3.1', 'two paths', asks(M, S, P, P, A)],
    ['8.3.1', 'an authority and another Host', asks(M, S, P, A, ['host', 'b.example'])],
    ['8.5', 'CONNECT with a path', asks([':method', 'CONNECT'], P, [':authority', 'a.example:1'])],
    ['RFC 8441, 4', ':protocol without CONNECT', asks(M, [':protocol', 'websocket'], S, P, A)],
  ],
  [FLOW_CONTROL]: [
    [
      '6.9.1',
      'a window above 2^31-1',
      post(1),
      windowUpdate(1, 0x7fffffff),
      windowUpdate(1, 0x7fffffff),
    ],
  ],
  [CLOSED]: [
    ['5.1', 'DATA behind END_STREAM', get(1), frame(T.data, F.endStream, 1, 4)],
    ['5.1', 'HEADERS behind END_STREAM', get(1), get(1)],
  ],
  [FRAME_SIZE]: [['6.3', 'PRIORITY of four octets', post(1), frame(T.priority, 0, 1, 4)]],
};

/** Stream 1 is answered. */
const accepted: readonly Row[] = [
  ['4.1', 'unknown frames and flags', frame(0x16, 0xff, 0, 8), frame(T.ping, 0xfe, 0, 8), get(1)],
  ['4.1', 'a reserved bit', frame(T.ping, 0, 0x80000000, 8), get(1)],
  ['4.2', 'DATA of 16,384 octets', post(1), frame(T.data, F.endStream, 1, 16_384)],
  ['5.1', 'PRIORITY on an idle stream', frame(T.priority, 0, 7, PRIORITY), get(1)],
  [
    '5.1',
    'frames that may come on a closed stream',
    get(3),
    frame(T.rst, 0, 3, 4),
    windowUpdate(3, 9),
    frame(T.priority, 0, 3, PRIORITY),
    frame(T.rst, 0, 3, 4),
    get(5),
    get(7),
  ],
  ['6.1', 'DATA of padding only', post(1), frame(T.data, F.padded | 1, 1, '03000000')],
  [
    '6.2',
    'HEADERS with padding and priority',
    frame(T.headers, 0x2d, 1, `03${PRIORITY}${GET.toString('hex')}000000`),
  ],
  ['6.5.2', 'an unknown setting', setting(0xff, 1), get(1)],
  [
    '6.10',
    'a head in four frames',
    frame(T.headers, F.endStream, 1, GET.subarray(0, 1)),
    frame(T.continuation, 0, 1, GET.subarray(1, 2)),
    frame(T.continuation, 0, 1),
    frame(T.continuation, F.endHeaders, 1, GET.subarray(2)),
  ],
  ['6.9.2', 'windows that grow by SETTINGS', setting(4, 0), get(1), setting(4, 100)],
  ['7', 'unknown error codes', post(3), frame(T.rst, 0, 3, '000000ff'), get(5), get(7)],
  ['8.3.1', 'Host in the place of the authority', asks(M, S, P, ['host', 'a.example'])],
  ['8.3.1', 'OPTIONS of *', asks([':method', 'OPTIONS'], S, [':path', '*'], A)],
  ['RFC 7541, 4.2', 'two sizes of the table', hpackFirst('203fe11f')],
];

function asksPost(contentLength: string): Buffer {
  const head = Buffer.concat([POST, block([['content-length', contentLength]])]);
  return frame(T.headers, F.endHeaders, 1, head);
}

describe('RFC 9113', () => {
  let bed: Bed;
  before(async () => {
    bed = await Bed.open(answering(ok('hello')));
  });
  after(() => bed.close());

  const speak = async (sent: Sent): Promise<Peer> => {
    const client = await bed.connect();
    const steps: Buffer[][] = [[HELLO]];
    for (const each of sent) {
      if (each === ANSWERED) steps.push([]);
      else steps.at(-1)?.push(each);
    }
    for (const [i, step] of steps.entries()) {
      if (i > 0) await untilFrame(client, { type: T.data, flag: F.endStream });
      client.send(Buffer.concat(step));
    }
    return client;
  };

  for (const [code, rows] of Object.entries(connectionErrors)) {
    for (const [section, what, ...sent] of rows) {
      test(`${section}: ${what} ends the connection with ${code}`, async () => {
        const client = await speak(sent);
        await client.untilClosed();
        assert.deepEqual(goaways(client), [Number(code)]);
      });
    }
  }

  for (const [code, rows] of Object.entries(streamErrors)) {
    for (const [section, what, ...sent] of rows) {
      test(`${section}: ${what} ends the stream with ${code}`, async () => {
        const client = await speak([...sent, PING]);
        await untilFrame(client, { type: T.ping, flag: F.ack });
        assert.deepEqual(resets(client, 1), [Number(code)]);
        assert.deepEqual(goaways(client), []);
      });
    }
  }

  for (const [section, what, ...sent] of accepted) {
    test(`${section}: ${what}: the request is answered`, async () => {
      const client = await speak(sent);
      await untilFrame(client, { type: T.data, flag: F.endStream });
      assert.deepEqual(goaways(client), []);
    });
  }

  test('5.1.2: a stream above the limit is refused, the others go on', async () => {
    const client = await speak([many(129, (i) => post(2 * i + 1)), PING]);
    await untilFrame(client, { type: T.ping, flag: F.ack });
    assert.deepEqual(resets(client, 257), [REFUSED]);
    assert.deepEqual(goaways(client), []);
  });

  test('6.7: PING is answered with its octets, an answer to none is not', async () => {
    const stray = frame(T.ping, F.ack, 0, 'ffffffffffffffff');
    const client = await speak([stray, PING]);
    const { payload } = await untilFrame(client, { type: T.ping, flag: F.ack });
    assert.equal(payload.toString('hex'), '0102030405060708');
    assert.equal(found(client, { type: T.ping }).length, 1);
  });

  test('6.5.3: of two values of one setting the last counts', async () => {
    const two = Buffer.concat([setting(4, 100).subarray(9), setting(4, 1).subarray(9)]);
    const client = await speak([frame(T.settings, 0, 0, two), get(1)]);
    const { payload } = await untilFrame(client, { type: T.data, id: 1 });
    assert.equal(payload.length, 1);
  });

  test('6.9.2: a window that SETTINGS made negative must be opened again', async () => {
    const client = await speak([setting(4, 3), get(1)]);
    await untilFrame(client, { type: T.data, id: 1 });
    client.send(Buffer.concat([setting(4, 2), windowUpdate(1, 1), PING]));
    await untilFrame(client, { type: T.ping, flag: F.ack });
    assert.equal(found(client, { type: T.data, id: 1 }).length, 1);
    client.send(windowUpdate(1, 1));
    const { payload } = await untilFrame(client, { type: T.data, id: 1 }, 2);
    assert.equal(payload.length, 1);
  });
});
