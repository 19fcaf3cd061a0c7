/** Everything that RFC 9113 calls an error, with its code, and where it says so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  block,
  F,
  frame,
  framesOf,
  GET,
  get,
  HELLO,
  POST,
  post,
  SETTINGS,
  setting,
  T,
  windowUpdate,
} from '../../../../tests/support/http2-frames.ts';
import {
  Http2Recorder,
  requestHead,
  responseHead,
} from '../../../../tests/support/http2-recorder.ts';
import { HTTP2_PREFACE, type Http2Problem, http2ProblemTable } from './index.ts';

/** The problem expected, and the octets that a client sends behind its preface and SETTINGS. */
type Row = readonly [Http2Problem, string, ...Buffer[]];

const head = (id: number, flags: number, fields: readonly (readonly [string, string])[]) =>
  frame(T.headers, F.endHeaders | flags, id, block(fields));
const M = [':method', 'GET'] as const;
const S = [':scheme', 'https'] as const;
const P = [':path', '/'] as const;
const A = [':authority', 'a.example'] as const;
const request = (...fields: (readonly [string, string])[]) =>
  head(1, F.endStream, [M, S, P, A, ...fields]);

const connectionErrors: readonly Row[] = [
  ['frame-too-large', '4.2', frame(T.ping, 0, 0, 16_385)],
  ['frame-too-large', '4.2: DATA', post(1), frame(T.data, 0, 1, 16_385)],
  ['bad-frame-length', '6.1: padding without its length', post(1), frame(T.data, F.padded, 1, 0)],
  ['bad-frame-length', '6.2: the same', frame(T.headers, F.padded | F.endHeaders, 1, 0)],
  ['bad-frame-length', '6.2: priority cut', frame(T.headers, F.priority | F.endHeaders, 1, 4)],
  ['bad-frame-length', '6.4', get(1), frame(T.rst, 0, 1, 3)],
  ['bad-frame-length', '6.5', frame(T.settings, 0, 0, 5)],
  ['bad-frame-length', '6.5: ACK with content', frame(T.settings, F.ack, 0, 6)],
  ['bad-frame-length', '6.7', frame(T.ping, 0, 0, 7)],
  ['bad-frame-length', '6.8', frame(T.goaway, 0, 0, 7)],
  ['bad-frame-length', '6.9', frame(T.window, 0, 0, 5)],
  ['stream-id-missing', '6.1', frame(T.data, 0, 0, 1)],
  ['stream-id-missing', '6.2', frame(T.headers, F.endHeaders, 0, GET)],
  ['stream-id-missing', '6.3', frame(T.priority, 0, 0, 5)],
  ['stream-id-missing', '6.4', frame(T.rst, 0, 0, 4)],
  ['stream-id-unwanted', '6.5', frame(T.settings, 0, 1)],
  ['stream-id-unwanted', '6.7', frame(T.ping, 0, 1, 8)],
  ['stream-id-unwanted', '6.8', frame(T.goaway, 0, 1, 8)],
  ['bad-padding', '6.1', post(1), frame(T.data, F.padded, 1, '0200')],
  ['bad-padding', '6.2', frame(T.headers, F.padded | F.endHeaders, 1, '0282')],
  ['continuation-missing', '6.10: PING', frame(T.headers, 0, 1, GET), frame(T.ping, 0, 0, 8)],
  ['continuation-missing', '6.10: DATA', frame(T.headers, 0, 1, GET), frame(T.data, 0, 1, 1)],
  ['continuation-missing', '5.5: unknown', frame(T.headers, 0, 1, GET), frame(99, 0, 0, 1)],
  [
    'continuation-missing',
    '6.10: of another stream',
    frame(T.headers, 0, 1, GET),
    frame(T.continuation, F.endHeaders, 3),
  ],
  ['continuation-unwanted', '6.10', frame(T.continuation, F.endHeaders, 1, GET)],
  ['continuation-unwanted', '6.10: after a head', get(1), frame(T.continuation, F.endHeaders, 1)],
  ['bad-compression', '4.3', frame(T.headers, F.endHeaders, 1, 'ff')],
  ['bad-compression', '4.3: in trailers', post(1), frame(T.headers, 5, 1, '80')],
  ['push-unwanted', '8.4', frame(T.push, F.endHeaders, 1, '0000000282')],
  ['idle-stream', '5.1: DATA', frame(T.data, 0, 1, 1)],
  ['idle-stream', '5.1: RST_STREAM', frame(T.rst, 0, 1, 4)],
  ['idle-stream', '5.1: WINDOW_UPDATE', windowUpdate(1, 1)],
  ['idle-stream', '5.1: of the server', get(3), frame(T.data, 0, 2, 1)],
  ['closed-stream', '5.1: DATA', get(1), frame(T.rst, 0, 1, 4), frame(T.data, 0, 1, 1)],
  ['closed-stream', '5.1: HEADERS', get(1), frame(T.rst, 0, 1, 4), get(1)],
  ['bad-stream-id', '5.1.1: passed over', get(5), get(3)],
  ['bad-stream-id', '5.1.1: passed over at last', get(1), get(3), get(9), get(7)],
  ['closed-stream', '5.1.1: was there', get(1), get(5), frame(T.rst, 0, 1, 4), get(1)],
  ['bad-stream-id', '5.1.1', get(2)],
  ['bad-frame-length', '6.3: of no stream', frame(T.priority, 0, 9, 4)],
  ['idle-self-dependency', 'RFC 7540, 5.3.1', frame(T.priority, 0, 9, '0000000910')],
  ['settings-ack-unwanted', '6.5.3', frame(T.settings, F.ack, 0)],
  ['bad-enable-push', '6.5.2', setting(2, 2)],
  ['bad-initial-window', '6.5.2', setting(4, 0x80000000)],
  ['bad-max-frame-size', '6.5.2: low', setting(5, 16_383)],
  ['bad-max-frame-size', '6.5.2: high', setting(5, 16_777_216)],
  ['bad-connect-protocol', 'RFC 8441, 3', setting(8, 2)],
  ['bad-connect-protocol', 'RFC 8441, 3: taken back', setting(8, 1), setting(8, 0)],
  ['window-overflow', '6.9.1', windowUpdate(0, 0x7fffffff)],
  ['settings-window-overflow', '6.9.2', post(1), windowUpdate(1, 100_000), setting(4, 0x7fffffff)],
  ['zero-increment', '6.9', windowUpdate(0, 0)],
  ['zero-increment', '6.9: of no stream', get(1), frame(T.rst, 0, 1, 4), windowUpdate(1, 0)],
];

const streamErrors: readonly Row[] = [
  ['half-closed-stream', '5.1: DATA', get(1), frame(T.data, 0, 1, 1)],
  ['half-closed-stream', '5.1: HEADERS', get(1), get(1)],
  ['stream-window-overflow', '6.9.1', post(1), windowUpdate(1, 0x7fffffff)],
  ['stream-zero-increment', '6.9', post(1), windowUpdate(1, 0)],
  ['bad-priority-length', '6.3', post(1), frame(T.priority, 0, 1, 4)],
  ['self-dependency', 'RFC 7540, 5.3.1', post(1), frame(T.priority, 0, 1, '8000000110')],
  [
    'self-dependency',
    'RFC 7540, 5.3.1: HEADERS',
    frame(T.headers, 0x25, 1, `0000000110${GET.toString('hex')}`),
  ],
  ['bad-field-name', '8.2.1: capital', request(['X-a', ''])],
  ['bad-field-name', '8.2.1: empty', request(['', 'a'])],
  ['bad-field-name', '8.2.1: space', request(['a b', ''])],
  ['bad-field-name', '8.2.1: colon', request(['a:b', ''])],
  ['bad-field-name', '8.2.1: above 0x7f', request(['a\xe4', ''])],
  ['bad-field-value', '8.2.1: NUL', request(['a', 'b\0c'])],
  ['bad-field-value', '8.2.1: LF', request(['a', 'b\nc: d'])],
  ['bad-field-value', '8.2.1: CR', request(['a', 'b\rc'])],
  ['bad-field-value', '8.2.1: outer space', request(['a', ' b'])],
  ['bad-field-value', '8.2.1: outer tab', request(['a', 'b\t'])],
  ['connection-field', '8.2.2: connection', request(['connection', 'close'])],
  ['connection-field', '8.2.2: keep-alive', request(['keep-alive', '5'])],
  ['connection-field', '8.2.2: proxy-connection', request(['proxy-connection', 'x'])],
  ['connection-field', '8.2.2: transfer-encoding', request(['transfer-encoding', 'chunked'])],
  ['connection-field', '8.2.2: upgrade', request(['upgrade', 'h2c'])],
  ['bad-te', '8.2.2', request(['te', 'trailers, deflate'])],
  ['unknown-pseudo-field', '8.3', head(1, 1, [M, S, P, A, [':x', '']])],
  ['unknown-pseudo-field', '8.3: of responses', head(1, 1, [M, S, P, A, [':status', '200']])],
  [
    'unknown-pseudo-field',
    'RFC 8441: not allowed here',
    head(1, 0, [[':method', 'CONNECT'], S, P, A, [':protocol', 'websocket']]),
  ],
  ['unknown-pseudo-field', '8.1: in trailers', post(1), head(1, 1, [M])],
  ['late-pseudo-field', '8.3', head(1, 1, [M, S, ['a', 'b'], P, A])],
  ['double-pseudo-field', '8.3', head(1, 1, [M, M, S, P, A])],
  ['missing-pseudo-field', '8.3.1: method', head(1, 1, [S, P, A])],
  ['missing-pseudo-field', '8.3.1: scheme', head(1, 1, [M, P, A])],
  ['missing-pseudo-field', '8.3.1: path', head(1, 1, [M, S, A])],
  ['missing-pseudo-field', '8.3.1: authority', head(1, 1, [M, S, P])],
  ['missing-pseudo-field', '8.3.1: everything', frame(T.headers, 5, 1)],
  ['bad-method', '8.3.1', head(1, 1, [[':method', 'GE T'], S, P, A])],
  ['bad-method', '8.3.1: empty', head(1, 1, [[':method', ''], S, P, A])],
  ['bad-scheme', '8.3.1', head(1, 1, [M, [':scheme', 'ftp'], P, A])],
  ['bad-path', '8.3.1: empty', head(1, 1, [M, S, [':path', ''], A])],
  ['bad-path', '8.3.1: relative', head(1, 1, [M, S, [':path', 'a'], A])],
  ['bad-path', '8.3.1: absolute', head(1, 1, [M, S, [':path', 'http://b/'], A])],
  ['bad-path', '8.3.1: space', head(1, 1, [M, S, [':path', '/a b'], A])],
  ['bad-path', '8.3.1: smuggled line', head(1, 1, [M, S, [':path', '/ HTTP/1.1\r\nx: y'], A])],
  ['bad-path', '8.3.1: asterisk with GET', head(1, 1, [M, S, [':path', '*'], A])],
  ['bad-authority', '8.3.1: user info', head(1, 1, [M, S, P, [':authority', 'u@a.example']])],
  ['bad-authority', '8.3.1: empty', head(1, 1, [M, S, P, [':authority', '']])],
  ['bad-authority', '8.3.1: in Host', head(1, 1, [M, S, P, ['host', 'a b']])],
  ['host-differs', '8.3.1', request(['host', 'b.example'])],
  ['host-differs', '8.3.1: twice', request(['host', 'a.example'], ['host', 'a.example'])],
  ['bad-connect', '8.5: with path', head(1, 0, [[':method', 'CONNECT'], P, A])],
  ['bad-connect', '8.5: without authority', head(1, 0, [[':method', 'CONNECT']])],
  ['bad-authority', '8.5: without port', head(1, 0, [[':method', 'CONNECT'], A])],
  ['bad-content-length', '8.1.1', request(['content-length', '1x'])],
  ['bad-content-length', '8.1.1: sign', request(['content-length', '+1'])],
  ['bad-content-length', '8.1.1: empty', request(['content-length', ''])],
  ['bad-content-length', '8.1.1: twice', request(['content-length', '0'], ['content-length', '0'])],
  ['length-mismatch', '8.1.1: no DATA', request(['content-length', '1'])],
  [
    'length-mismatch',
    '8.1.1: too much',
    head(1, 0, [M, S, P, A, ['content-length', '1']]),
    frame(T.data, 0, 1, 2),
  ],
  [
    'length-mismatch',
    '8.1.1: too little',
    head(1, 0, [M, S, P, A, ['content-length', '3']]),
    frame(T.data, 1, 1, 2),
  ],
  [
    'length-mismatch',
    '8.1.1: trailers too early',
    head(1, 0, [M, S, P, A, ['content-length', '3']]),
    head(1, 1, [['a', 'b']]),
  ],
  ['open-trailers', '8.1', post(1), head(1, 0, [['a', 'b']])],
  ['bad-trailer', '8.1', post(1), head(1, 1, [['content-length', '5']])],
  ['connection-field', '8.2.2: in trailers', post(1), head(1, 1, [['connection', 'x']])],
];

function server(): Http2Recorder {
  const recorder = new Http2Recorder('server');
  recorder.connection.start(0);
  recorder.receive(HELLO);
  recorder.take();
  return recorder;
}

/** The same octets whole, and one by one: what comes of them must not differ. */
function eachWay(run: (send: (recorder: Http2Recorder, octets: Buffer) => void) => void): void {
  run((recorder, octets) => recorder.receive(octets));
  run((recorder, octets) => {
    for (let i = 0; i < octets.length; i++) recorder.receive(octets.subarray(i, i + 1));
  });
}

describe('connection errors', () => {
  for (const [problem, where, ...frames] of connectionErrors) {
    test(`${problem} (${where})`, () => {
      eachWay((send) => {
        const recorder = server();
        send(recorder, Buffer.concat([...frames, get(101)]));
        assert.deepEqual(recorder.problems, [[problem, 0]]);
        assert.equal(http2ProblemTable[problem].ends, 'connection');
        const last = framesOf(recorder.take()).at(-1);
        assert.equal(last?.type, T.goaway);
        assert.equal(last.payload.readUInt32BE(4), http2ProblemTable[problem].code);
        assert.equal(last.payload.toString('latin1', 8), problem);
        assert.equal(recorder.connection.ended, true);
        assert.equal(recorder.connection.streamCount, 0);
        assert.ok(!recorder.events.includes('request 101'), 'nothing is read behind');
        for (const exchange of recorder.exchanges.values()) assert.ok(exchange.closed);
      });
    });
  }

  test('bad-preface (3.4)', () => {
    const recorder = new Http2Recorder('server');
    recorder.connection.start(0);
    recorder.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    assert.deepEqual(recorder.problems, [['bad-preface', 0]]);
  });

  test('settings-missing (3.4), also when it is an acknowledgement', () => {
    for (const first of [get(1), frame(T.settings, F.ack, 0), frame(T.data, 0, 1, 1)]) {
      const recorder = new Http2Recorder('server');
      recorder.connection.start(0);
      recorder.receive(Buffer.concat([HTTP2_PREFACE, first]));
      assert.deepEqual(recorder.problems, [['settings-missing', 0]]);
    }
  });

  test('window-exceeded and stream-window-exceeded (6.9.1)', () => {
    const recorder = new Http2Recorder('server', {
      streamWindowBytes: 70_000,
      connectionWindowBytes: 70_000,
    });
    recorder.taking = false;
    recorder.connection.start(0);
    recorder.receive(Buffer.concat([HELLO, post(1), post(3)]));
    for (let i = 0; i < 7; i++) recorder.receive(frame(T.data, 0, i % 2 === 0 ? 1 : 3, 10_000));
    recorder.receive(frame(T.data, 0, 1, 1));
    assert.deepEqual(recorder.problems, [['window-exceeded', 0]]);

    const other = new Http2Recorder('server', { streamWindowBytes: 20_000 });
    other.taking = false;
    other.connection.start(0);
    other.receive(Buffer.concat([HELLO, post(1), frame(T.data, 0, 1, 16_000)]));
    other.receive(frame(T.data, 0, 1, 4000));
    assert.deepEqual(other.problems, []);
    other.receive(frame(T.data, 0, 1, 1));
    assert.deepEqual(other.problems, [['stream-window-exceeded', 1]]);
    assert.equal(framesOf(other.take()).at(-1)?.payload.readUInt32BE(), 3);
  });

  test('settings-timeout (6.5.3)', () => {
    const recorder = new Http2Recorder('server', { settingsAckMs: 1000 });
    recorder.connection.start(0);
    recorder.receive(Buffer.concat([HTTP2_PREFACE, SETTINGS]), 10);
    recorder.connection.tick(1000);
    assert.deepEqual(recorder.problems, []);
    recorder.connection.tick(1001);
    assert.deepEqual(recorder.problems, [['settings-timeout', 0]]);
  });
});

describe('stream errors', () => {
  for (const [problem, where, ...frames] of streamErrors) {
    test(`${problem} (${where})`, () => {
      eachWay((send) => {
        const recorder = server();
        send(recorder, Buffer.concat([...frames, get(101)]));
        assert.deepEqual(recorder.problems, [[problem, 1]]);
        assert.equal(http2ProblemTable[problem].ends, 'stream');
        const reset = framesOf(recorder.take()).find(({ type }) => type === T.rst);
        assert.equal(reset?.id, 1);
        assert.equal(reset.payload.readUInt32BE(), http2ProblemTable[problem].code);
        assert.ok(recorder.events.includes('request 101'), 'the others go on');
        assert.equal(recorder.connection.streamCount, 1);
        const first = recorder.exchanges.get(1);
        if (first !== undefined) assert.ok(first.closed && first.reset !== undefined);
      });
    });
  }

  test('stream-refused above the limit (5.1.2), and the tables stay right', () => {
    const recorder = new Http2Recorder('server', { concurrentStreamsMax: 2 });
    recorder.connection.start(0);
    const remembered = Buffer.concat([GET, Buffer.from('4001610162', 'hex')]);
    const indexed = Buffer.concat([GET, Buffer.from('be', 'hex')]);
    recorder.receive(Buffer.concat([HELLO, get(1), get(3), frame(T.headers, 5, 5, remembered)]));
    assert.deepEqual(recorder.problems, [['stream-refused', 5]]);
    recorder.receive(
      Buffer.concat([frame(T.rst, 0, 3, '00000008'), frame(T.headers, 5, 7, indexed)]),
    );
    assert.deepEqual(recorder.exchange(7).fields, ['a: b']);
  });

  test('frames of a stream that we reset pass, and their octets are given back (5.4.2)', () => {
    const recorder = server();
    recorder.receive(Buffer.concat([post(1), frame(T.data, 0, 1, 100)]));
    recorder.onRequestDo = () => {};
    recorder.receive(head(1, 0, [['a', 'b']]));
    assert.deepEqual(recorder.problems, [['open-trailers', 1]]);
    for (let i = 0; i < 40; i++) recorder.receive(frame(T.data, 0, 1, 16_000));
    recorder.receive(Buffer.concat([frame(T.rst, 0, 1, 4), windowUpdate(1, 5), get(3)]));
    assert.deepEqual(recorder.problems, [['open-trailers', 1]]);
    const updates = framesOf(recorder.take()).filter(({ type }) => type === T.window);
    assert.ok(updates.some(({ id }) => id === 0));
  });

  test('head-too-large may be answered, and what follows is dropped (RFC 6585, 5)', () => {
    const recorder = new Http2Recorder('server', { headBytesMax: 1000 });
    recorder.connection.start(0);
    recorder.onTooLargeDo = (stream) => {
      recorder.connection.sendResponse(stream, responseHead(431), true);
    };
    const large = block([M, S, P, A, ['a', 'x'.repeat(1000)]]);
    recorder.receive(Buffer.concat([HELLO, frame(T.headers, F.endHeaders, 1, large)]));
    recorder.receive(
      Buffer.concat([frame(T.data, 0, 1, 500), frame(T.data, F.endStream, 1, 500), get(3)]),
    );
    assert.deepEqual(recorder.problems, [['head-too-large', 1]]);
    assert.deepEqual(recorder.events, ['too-large 1', 'closed 1', 'request 3']);
    const status = framesOf(recorder.take()).find(({ type }) => type === T.headers);
    assert.equal(status?.payload.toString('latin1'), '\x08\x03431');
  });

  test('too many fields are too large a head', () => {
    const recorder = new Http2Recorder('server', { fieldsMax: 10 });
    recorder.connection.start(0);
    const fields = Array.from({ length: 7 }, (_, i) => [`f${i}`, ''] as const);
    recorder.receive(Buffer.concat([HELLO, head(1, 1, [M, S, P, A, ...fields])]));
    assert.deepEqual(recorder.events, ['too-large 1']);
  });
});

describe('errors that only a client meets', () => {
  const OK = Buffer.from('88', 'hex');
  const rows: readonly Row[] = [
    ['early-data-frame', '8.1', frame(T.data, 0, 1, 1)],
    ['bad-status', '8.3.2', head(1, 1, [[':status', '20']])],
    ['bad-status', '8.3.2: no digits', head(1, 1, [[':status', 'abc']])],
    ['bad-status', '8.3.2: 600', head(1, 1, [[':status', '600']])],
    ['bad-status', '8.6', head(1, 0, [[':status', '101']])],
    ['missing-pseudo-field', '8.3.2', head(1, 1, [['a', 'b']])],
    [
      'double-pseudo-field',
      '8.3',
      head(1, 1, [
        [':status', '200'],
        [':status', '200'],
      ]),
    ],
    ['unknown-pseudo-field', '8.3', head(1, 1, [[':status', '200'], P])],
    [
      'late-pseudo-field',
      '8.3',
      head(1, 1, [
        ['a', 'b'],
        [':status', '200'],
      ]),
    ],
    [
      'connection-field',
      '8.2.2: te',
      head(1, 1, [
        [':status', '200'],
        ['te', 'trailers'],
      ]),
    ],
    ['ended-informational', '8.1', head(1, 1, [[':status', '103']])],
    [
      'length-mismatch',
      '8.1.1',
      head(1, 1, [
        [':status', '200'],
        ['content-length', '1'],
      ]),
    ],
    ['unwanted-body', '8.1.1', head(1, 0, [[':status', '204']]), frame(T.data, 1, 1, 1)],
    ['open-trailers', '8.1', frame(T.headers, 4, 1, OK), head(1, 0, [['a', 'b']])],
    [
      'head-too-large',
      '10.5.1',
      head(1, 0, [
        [':status', '200'],
        ['a', 'x'.repeat(15_000)],
      ]),
    ],
    ['push-unwanted', '8.4', frame(T.push, 4, 1, '0000000288')],
    ['idle-stream', '5.1', frame(T.headers, 4, 7, OK)],
    ['idle-stream', '5.1.1: of the server', frame(T.headers, 4, 2, OK)],
    ['bad-enable-push', '6.5.2', setting(2, 1)],
  ];
  for (const [problem, where, ...frames] of rows) {
    test(`${problem} (${where})`, () => {
      eachWay((send) => {
        const recorder = new Http2Recorder('client', { headBytesMax: 10_000 });
        const { connection } = recorder;
        connection.start(0);
        recorder.receive(Buffer.concat([SETTINGS, frame(T.settings, F.ack, 0)]));
        const context = recorder.exchange(1);
        connection.sendRequest(requestHead('GET', '/', 'a.example'), true, true, context);
        connection.sendRequest(
          requestHead('GET', '/', 'a.example'),
          true,
          true,
          recorder.exchange(3),
        );
        recorder.take();
        send(recorder, Buffer.concat([...frames, frame(T.headers, 5, 3, OK)]));
        const whole = http2ProblemTable[problem].ends === 'connection';
        assert.deepEqual(recorder.problems, [[problem, whole ? 0 : 1]]);
        assert.equal(recorder.exchange(3).head, whole ? '' : '200');
        assert.equal(recorder.exchange(1).reset, http2ProblemTable[problem].code);
      });
    });
  }

  test('no body after HEAD, 204 and 304, whatever Content-Length says', () => {
    const recorder = new Http2Recorder('client');
    recorder.connection.start(0);
    recorder.receive(SETTINGS);
    for (const [id, method, status] of [
      [1, 'HEAD', '200'],
      [3, 'GET', '304'],
    ] as const) {
      recorder.connection.sendRequest(
        requestHead(method, '/', 'a.example'),
        true,
        true,
        recorder.exchange(id),
      );
      recorder.receive(
        head(id, 1, [
          [':status', status],
          ['content-length', '5'],
        ]),
      );
      assert.equal(recorder.exchange(id).closed, true);
    }
    assert.deepEqual(recorder.problems, []);
  });
});

test('what RFC 9113 says to ignore is ignored', () => {
  const recorder = server();
  const reserved = get(1);
  reserved[5] = (reserved[5] as number) | 0x80;
  recorder.receive(
    Buffer.concat([
      frame(99, 0xff, 7, 100),
      setting(0x99, 5),
      frame(T.priority, 0, 9, 5),
      frame(T.priorityUpdate, 0, 0, 8),
      reserved,
      frame(T.headers, 0xff & ~F.endStream & ~F.padded, 3, Buffer.concat([Buffer.alloc(5), POST])),
      frame(
        T.data,
        F.padded,
        3,
        Buffer.concat([Buffer.from([3]), Buffer.from('body'), Buffer.alloc(3)]),
      ),
      frame(T.data, F.padded | F.endStream, 3, Buffer.from([0])),
      frame(T.headers, F.padded | 5, 5, Buffer.concat([Buffer.from([2]), GET, Buffer.alloc(2)])),
    ]),
  );
  assert.deepEqual(recorder.problems, []);
  assert.deepEqual(recorder.events, ['request 1', 'request 3', 'request 5']);
  assert.equal(recorder.bodyOf(3).toString(), 'body');
  assert.equal(recorder.exchange(3).ended, true);
});

test('messages that must be taken', () => {
  const rows: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['OPTIONS https a.example *', [[':method', 'OPTIONS'], S, [':path', '*'], A]],
    ['GET https b.example:81 /', [M, S, P, ['host', 'b.example:81']]],
    ['GET https a.example /', [M, S, P, A, ['host', 'A.Example']]],
    [
      'GET http [::1]:80 /a?b=c',
      [M, [':scheme', 'http'], [':path', '/a?b=c'], [':authority', '[::1]:80']],
    ],
    [
      'CONNECT http a.example:443 a.example:443',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.example:443'],
      ],
    ],
    ['GET https a.example /', [A, P, S, M, ['te', 'trailers'], ['content-length', '0']]],
  ];
  for (const [expected, fields] of rows) {
    const recorder = server();
    recorder.receive(head(1, F.endStream, fields));
    assert.deepEqual(recorder.problems, []);
    assert.equal(recorder.exchange(1).head, expected);
  }
});

test('an answer to a PING that was not sent is ignored, but not without end (6.7)', () => {
  const recorder = server();
  recorder.receive(
    Buffer.concat([frame(T.ping, F.ack, 0, 8), frame(T.ping, 0, 0, '0102030405060708')]),
  );
  assert.deepEqual(
    framesOf(recorder.take()).map(({ type, flags, payload }) => [
      type,
      flags,
      payload.toString('hex'),
    ]),
    [[T.ping, F.ack, '0102030405060708']],
  );
  for (let i = 0; i < 200; i++) recorder.receive(frame(T.ping, F.ack, 0, 8));
  assert.equal(recorder.connection.problem, 'ping-flood');
});

test('crumbs of cookies are joined (8.2.3)', () => {
  const recorder = server();
  recorder.receive(
    head(1, 1, [M, S, P, A, ['cookie', 'a=b'], ['x', 'y'], ['cookie', 'c=d'], ['cookie', 'e=f']]),
  );
  assert.deepEqual(recorder.exchange(1).fields, ['cookie: a=b; c=d; e=f', 'x: y']);
});

test('CONNECT with :protocol becomes a request to upgrade, where it is allowed (RFC 8441)', () => {
  const recorder = new Http2Recorder('server', { connectProtocol: true });
  recorder.connection.start(0);
  recorder.receive(HELLO);
  recorder.receive(
    head(1, 0, [[':method', 'CONNECT'], [':protocol', 'websocket'], S, [':path', '/chat'], A]),
  );
  assert.equal(recorder.exchange(1).head, 'CONNECT https a.example /chat');
  assert.deepEqual(recorder.exchange(1).fields, ['Upgrade: websocket']);
  const tunnel = (id: number, ...more: (readonly [string, string])[]) =>
    head(id, 0, [[':method', 'CONNECT'], S, P, A, ...more]);
  recorder.take();
  recorder.receive(
    Buffer.concat([
      tunnel(3, [':protocol', 'web socket']),
      tunnel(5, [':protocol', '']),
      tunnel(7, [':protocol', 'websocket'], ['content-length', '5']),
    ]),
  );
  assert.deepEqual(
    framesOf(recorder.take()).map(({ type, id }) => [type, id]),
    [3, 5, 7].map((id) => [T.rst, id]),
  );
});

test('every problem has the code that RFC 9113 gives it; the rest are PROTOCOL_ERROR', () => {
  const codes: Readonly<Record<number, readonly Http2Problem[]>> = {
    3: [
      'bad-initial-window',
      'window-exceeded',
      'stream-window-exceeded',
      'window-overflow',
      'stream-window-overflow',
      'settings-window-overflow',
    ],
    4: ['settings-timeout'],
    5: ['closed-stream', 'half-closed-stream'],
    6: ['frame-too-large', 'bad-frame-length', 'bad-priority-length'],
    7: ['stream-refused'],
    9: ['bad-compression'],
    11: [
      'head-too-large',
      'reset-flood',
      'provoked-reset-flood',
      'settings-flood',
      'ping-flood',
      'empty-frame-flood',
      'window-update-flood',
      'idle-frame-flood',
      'continuation-flood',
    ],
  };
  for (const [problem, row] of Object.entries(http2ProblemTable)) {
    const expected = Object.entries(codes).find(([, list]) =>
      list.includes(problem as Http2Problem),
    );
    assert.equal(row.code, Number(expected?.[0] ?? 1), problem);
  }
});
