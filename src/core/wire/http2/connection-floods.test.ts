/** What costs a peer nothing ends its connection when there is too much of it, and not before. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  F,
  frame,
  framesOf,
  GET,
  get,
  HELLO,
  post,
  setting,
  T,
  windowUpdate,
} from '../../../../tests/support/http2-frames.ts';
import { Http2Recorder, responseHead } from '../../../../tests/support/http2-recorder.ts';
import type { Http2Problem } from './index.ts';
import { budgets } from './limits.ts';

const CANCEL = '00000008';

function server(): Http2Recorder {
  const recorder = new Http2Recorder('server');
  recorder.connection.start(0);
  recorder.receive(HELLO);
  recorder.receive(get(1));
  return recorder;
}

/** Each flood: what is sent the n-th time. */
const floods: readonly (readonly [Http2Problem, string, (n: number) => Buffer])[] = [
  [
    'reset-flood',
    'CVE-2023-44487',
    (n) => Buffer.concat([get(3 + 2 * n), frame(T.rst, 0, 3 + 2 * n, CANCEL)]),
  ],
  [
    'provoked-reset-flood',
    'CVE-2025-8671: WINDOW_UPDATE',
    (n) => Buffer.concat([get(3 + 2 * n), windowUpdate(3 + 2 * n, 0)]),
  ],
  [
    'provoked-reset-flood',
    'malformed requests',
    (n) => frame(T.headers, F.endHeaders | F.endStream, 3 + 2 * n, '82'),
  ],
  ['settings-flood', 'CVE-2019-9515', () => setting(3, 100)],
  ['ping-flood', 'CVE-2019-9512', () => frame(T.ping, 0, 0, 8)],
  ['window-update-flood', 'of the connection', () => windowUpdate(0, 1)],
  ['window-update-flood', 'of a stream', () => windowUpdate(1, 1)],
  ['idle-frame-flood', 'CVE-2019-9513: PRIORITY', () => frame(T.priority, 0, 1, 5)],
  ['idle-frame-flood', 'unknown frames', () => frame(77, 0, 0)],
];

describe('floods', () => {
  for (const [problem, name, make] of floods) {
    const { burst, perSecond } = budgets.find((budget) => budget.problem === problem)!;

    test(`${problem}: ${name}`, () => {
      const recorder = server();
      let n = 0;
      while (!recorder.connection.ended && n < 5000) {
        recorder.receive(make(n++));
        recorder.take();
      }
      assert.deepEqual(recorder.problems.at(-1), [problem, 0]);
      assert.ok(n >= burst && n <= burst * 4, `ended after ${n}`);
    });

    test(`no ${problem} when it is spread over time: ${name}`, () => {
      const recorder = server();
      for (let n = 0; n < burst * 3; n++) {
        recorder.receive(make(n), (n * 1000) / perSecond);
        recorder.take();
      }
      assert.equal(recorder.connection.ended, false);
    });
  }

  test('empty-frame-flood: DATA (CVE-2019-9518)', () => {
    const recorder = server();
    recorder.receive(post(3));
    for (let n = 0; n < 200; n++) recorder.receive(frame(T.data, 0, 3));
    assert.deepEqual(recorder.problems, [['empty-frame-flood', 0]]);
  });

  test('empty-frame-flood: DATA of padding alone', () => {
    const recorder = server();
    recorder.receive(post(3));
    for (let n = 0; n < 200; n++) recorder.receive(frame(T.data, F.padded, 3, '0100'));
    assert.deepEqual(recorder.problems, [['empty-frame-flood', 0]]);
  });

  test('continuation-flood: frames (CVE-2024-27316)', () => {
    const recorder = server();
    recorder.receive(frame(T.headers, F.endStream, 3, GET));
    for (let n = 0; n < 16; n++)
      recorder.receive(frame(T.continuation, 0, 3, '000161 0162'.replace(' ', '')));
    assert.deepEqual(recorder.problems, []);
    recorder.receive(frame(T.continuation, 0, 3, '0001610162'));
    assert.deepEqual(recorder.problems, [['continuation-flood', 0]]);
  });

  test('continuation-flood: octets', () => {
    const recorder = server();
    recorder.receive(frame(T.headers, F.endStream, 3, 16_000));
    for (let n = 0; n < 3; n++) recorder.receive(frame(T.continuation, 0, 3, 16_000));
    assert.deepEqual(recorder.problems, [['continuation-flood', 0]]);
  });

  test('a header bomb is a head too large, and its field is copied no more (CVE-2016-6581)', () => {
    const recorder = server();
    const long = Buffer.concat([
      Buffer.from('400161', 'hex'),
      Buffer.from('7fa11e', 'hex'),
      Buffer.alloc(4000, 'x'),
    ]);
    recorder.receive(frame(T.headers, 5, 3, Buffer.concat([GET, long])));
    recorder.receive(frame(T.headers, 5, 5, Buffer.concat([GET, Buffer.alloc(15_000, 0xbe)])));
    assert.deepEqual(recorder.problems, [['head-too-large', 5]]);
    assert.ok(recorder.shared.scratch.buf.length <= 65_536);
    recorder.receive(frame(T.headers, 5, 7, Buffer.concat([GET, Buffer.from('be', 'hex')])));
    assert.equal(recorder.exchange(7).fields[0]?.length, 4003);
  });

  test('a busy download with a WINDOW_UPDATE for each frame is no flood', () => {
    const recorder = server();
    const { connection } = recorder;
    const piece = Buffer.alloc(1000);
    let sent = 0;
    let send = (): number => 0;
    recorder.onRequestDo = (stream) => {
      connection.sendResponse(stream, responseHead(200), false);
      send = () => connection.sendData(stream, piece, 0, piece.length, false);
    };
    recorder.receive(get(3));
    for (let n = 0; n < 20_000; n++) {
      sent += send();
      recorder.take();
      recorder.receive(Buffer.concat([windowUpdate(0, 1000), windowUpdate(3, 1000)]));
    }
    assert.equal(sent, 20_000_000);
    assert.deepEqual(recorder.problems, []);
  });
});

describe('stalls', () => {
  function downloading(): { recorder: Http2Recorder; write: () => number } {
    const recorder = server();
    const { connection } = recorder;
    const body = Buffer.alloc(100_000);
    let write = (): number => 0;
    recorder.onRequestDo = (stream) => {
      connection.sendResponse(stream, responseHead(200), false);
      write = () => connection.sendData(stream, body, 0, body.length, false);
      recorder.onWritableDo = () => write();
    };
    recorder.receive(get(3), 1000);
    return { recorder, write: () => write() };
  }

  test('a peer that opens no window is seen', () => {
    const { recorder, write } = downloading();
    assert.equal(write(), 65_535);
    assert.equal(recorder.connection.stalledStream(5999, 5000), null);
    assert.equal(recorder.connection.stalledStream(6000, 5000)?.id, 3);
  });

  test('a peer that opens it octet by octet is seen too', () => {
    const { recorder, write } = downloading();
    write();
    for (let ms = 1000; ms < 6000; ms += 100) {
      recorder.receive(Buffer.concat([windowUpdate(0, 1), windowUpdate(3, 1)]), ms);
    }
    assert.equal(recorder.connection.stalledStream(6000, 5000)?.id, 3);
  });

  test('a peer that reads on is not', () => {
    const { recorder, write } = downloading();
    write();
    recorder.receive(Buffer.concat([windowUpdate(0, 5000), windowUpdate(3, 5000)]), 5000);
    assert.equal(recorder.connection.stalledStream(6000, 5000), null);
  });
});

test('frames that answer are answered', () => {
  const recorder = server();
  recorder.take();
  recorder.receive(Buffer.concat([frame(T.ping, 0, 0, '0102030405060708'), setting(3, 7)]));
  const [pong, ack] = framesOf(recorder.take());
  assert.deepEqual(
    [pong?.type, pong?.flags, pong?.payload.toString('hex')],
    [T.ping, F.ack, '0102030405060708'],
  );
  assert.deepEqual([ack?.type, ack?.flags], [T.settings, F.ack]);
  assert.equal(recorder.connection.peer.streamsMax, 7);
});
