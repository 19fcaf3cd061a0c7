import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StreamEvents } from '../transport.ts';
import { OutputQueue, QueuedStream, Sent } from './transport-output.ts';

/** A kernel that answers as it is told and keeps references as the real one does. */
class FakeStream extends QueuedStream {
  readonly remoteAddress = '';
  readonly remotePort = 0;
  readonly localAddress = '';
  readonly localPort = 0;
  readonly encrypted = false;
  readonly chunksStay = false;
  /** Answers of the next sends; 'done' when empty. */
  answers: Sent[] = [];
  wire: Buffer[] = [];
  shutdowns = 0;
  private pending: readonly Buffer[] | null = null;

  useReadBuffer(): void {}

  attach(events: StreamEvents): void {
    this.events = events;
  }
  pause(): void {}
  resume(): void {}
  destroy(): void {
    this.abandon();
  }
  reset(): void {
    this.abandon();
  }
  peerCertificate(): undefined {
    return undefined;
  }
  /** The kernel finishes the write in flight: only now are its bytes read. */
  finish(): boolean {
    if (this.pending === null) return false;
    for (const bytes of this.pending) this.wire.push(Buffer.from(bytes));
    this.pending = null;
    this.sent();
    return true;
  }
  protected send(bytes: Buffer): Sent {
    return this.sendAll([bytes]);
  }
  protected sendAll(list: readonly Buffer[]): Sent {
    assert.equal(this.pending, null, 'two writes in flight');
    const answer = this.answers.shift() ?? Sent.done;
    if (answer === Sent.held) this.pending = list.slice();
    else this.pending = answer === Sent.copied ? list.map((bytes) => Buffer.from(bytes)) : null;
    if (answer === Sent.done) this.wire.push(...list.map((bytes) => Buffer.from(bytes)));
    return answer;
  }
  protected sendShutdown(): void {
    this.shutdowns++;
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 9000 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 4 }) },
  { weight: 2, arbitrary: fc.constant('finish' as const) },
);
const answers = fc.array(fc.constantFrom(Sent.done, Sent.held, Sent.copied), { maxLength: 40 });

test('queued output, any writes and any kernel: bytes leave in order with one write in flight', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), answers, (steps, given) => {
      const stream = new FakeStream();
      stream.answers = given.slice();
      const expected: Buffer[] = [];
      let seed = 0;
      const fresh = (size: number): Buffer => {
        const bytes = Buffer.alloc(size, ++seed & 0xff);
        expected.push(Buffer.from(bytes));
        return bytes;
      };
      for (const one of steps) {
        if (one === 'finish') stream.finish();
        else {
          const list = typeof one === 'number' ? [fresh(one)] : one.map(fresh);
          const free = typeof one === 'number' ? stream.write(list[0]!) : stream.writev(list);
          // What was said to be free is overwritten at once.
          if (free) for (const bytes of list) bytes.fill(0xee);
        }
        const outstanding = length(expected) - length(stream.wire);
        assert.equal(stream.bufferedBytes, outstanding);
      }
      while (stream.finish());
      assert.ok(Buffer.concat(stream.wire).equals(Buffer.concat(expected)));
      assert.equal(stream.bufferedBytes, 0);
    }),
    { numRuns: 300 },
  );
});

test('shutdown with bytes in flight: FIN follows the last byte', () => {
  const stream = new FakeStream();
  stream.answers = [Sent.held, Sent.held];
  stream.write(Buffer.from('a'));
  stream.write(Buffer.from('b'));
  stream.shutdown();
  stream.finish();
  assert.equal(stream.shutdowns, 0);
  stream.finish();
  assert.equal(stream.shutdowns, 1);
  assert.equal(String(Buffer.concat(stream.wire)), 'ab');
});

test('output queue, pieces over the copy limit: kept by reference, small ones copied', () => {
  const queue = new OutputQueue();
  const large = Buffer.alloc(5000, 'L');
  assert.equal(queue.push(Buffer.from('s')), true);
  assert.equal(queue.push(large), false);
  assert.equal(queue.push(Buffer.from('t')), true);
  assert.equal(queue.bytes, 5002);
  const [first, second, third] = queue.take();
  assert.equal(String(first), 's');
  assert.equal(second, large);
  assert.equal(String(third), 't');
  assert.deepEqual(queue.take(), []);
});

function length(list: readonly Buffer[]): number {
  return list.reduce((sum, bytes) => sum + bytes.length, 0);
}
