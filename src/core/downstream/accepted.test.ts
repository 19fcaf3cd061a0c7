import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { ByteStream, StreamEvents } from '../runtime/index.ts';
import { AcceptedConnection, type ConnectionOwner } from './accepted.ts';
import type { EndingReason } from './ending-reasons.ts';

const FLUSH_TIMEOUT_MS = 5000;
const FLUSH_TOTAL_MS = 60_000;

let nowMs = 0;
let reason: EndingReason | undefined;
let stream: SlowStream;
let connection: AcceptedConnection;

/** A stream whose peer takes what the test says. */
class SlowStream implements ByteStream {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly encrypted = false;
  readonly alpn = '';
  readonly serverName = '';
  readonly chunksStay = true;
  bufferedBytes = 0;
  private events: StreamEvents | undefined;

  attach(events: StreamEvents): void {
    this.events = events;
  }
  write(bytes: Buffer): boolean {
    this.bufferedBytes += bytes.length;
    return false;
  }
  writev(list: readonly Buffer[]): boolean {
    for (const bytes of list) this.write(bytes);
    return false;
  }
  useReadBuffer(): void {}
  pause(): void {}
  resume(): void {}
  shutdown(): void {}
  destroy(): void {
    this.end();
  }
  reset(): void {
    this.end();
  }
  end(): void {
    const { events } = this;
    this.events = undefined;
    events?.onClosed(null);
  }
  peerCertificate(): undefined {
    return undefined;
  }
}

/** Lets time pass a second a step; the peer takes `bytesPerSecond`. */
function pass(seconds: number, bytesPerSecond: number): void {
  for (let second = 0; second < seconds && reason === undefined; second++) {
    nowMs += 1000;
    stream.bufferedBytes = Math.max(0, stream.bufferedBytes - bytesPerSecond);
    connection.tick(nowMs);
  }
}

beforeEach(() => {
  nowMs = 1000;
  reason = undefined;
  stream = new SlowStream();
  const owner: ConnectionOwner = {
    flushTimeoutMs: FLUSH_TIMEOUT_MS,
    flushTotalMs: FLUSH_TOTAL_MS,
    bufferedBytesMax: 1 << 30,
    monotonicMs: () => nowMs,
    closed: () => {},
  };
  connection = new AcceptedConnection(1, stream, owner, 0);
  connection.begin({
    onData: () => {},
    onDrain: () => {},
    onEnd: () => {},
    onClose: (why) => {
      reason = why;
    },
  });
});

test('a closing connection whose peer reads slowly lives until all is taken', () => {
  connection.write(Buffer.alloc(20_000));
  connection.close('client-quit');
  pass(20, 1000);
  assert.equal(reason, undefined, 'cut off while the peer was reading');
  assert.equal(stream.bufferedBytes, 0);
  stream.end();
  assert.equal(reason, 'client-quit');
});

test('a closing connection whose peer stops reading is cut off that long after its last byte', () => {
  connection.write(Buffer.alloc(20_000));
  connection.close('client-quit');
  pass(10, 1000);
  assert.equal(reason, undefined);
  const stoppedMs = nowMs;
  pass(60, 0);
  assert.equal(reason, 'flush-timeout');
  assert.equal(nowMs - stoppedMs, FLUSH_TIMEOUT_MS);
});

test('a closing connection whose peer takes a byte a second is cut off in the end', () => {
  connection.write(Buffer.alloc(20_000));
  const closedMs = nowMs;
  connection.close('client-quit');
  pass(1000, 1);
  assert.equal(reason, 'flush-timeout');
  assert.equal(nowMs - closedMs, FLUSH_TOTAL_MS);
});

test('a closing connection whose peer took all and never ends keeps its reason', () => {
  connection.write(Buffer.alloc(1000));
  connection.close('client-quit');
  pass(20, 1000);
  assert.equal(reason, 'client-quit');
});
