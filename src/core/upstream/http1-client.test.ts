/** One kept connection from response to response, on a stream whose reads the test makes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteStream, StreamEvents } from '../runtime/index.ts';
import { HEAD_LIMITS, parseRequestHead, RequestHead } from '../wire/index.ts';
import type { ClientOwner } from './client.ts';
import { Http1Client } from './http1-client.ts';
import type { UpstreamEvents, UpstreamRequest } from './request.ts';

/** A stream that takes all that is written, and says whether it is read. */
class FakeStream implements ByteStream {
  readonly remoteAddress = '';
  readonly remotePort = 0;
  readonly localAddress = '';
  readonly localPort = 0;
  readonly encrypted = false;
  readonly alpn = '';
  readonly serverName = '';
  readonly chunksStay = true;
  readonly bufferedBytes = 0;
  events: StreamEvents | null = null;
  isRead = true;
  isOpen = true;

  attach(events: StreamEvents): void {
    this.events = events;
  }

  write(): boolean {
    return true;
  }

  writev(): boolean {
    return true;
  }

  useReadBuffer(): void {}

  pause(): void {
    this.isRead = false;
  }

  resume(): void {
    this.isRead = true;
  }

  shutdown(): void {}

  destroy(): void {
    this.isOpen = false;
  }

  reset(): void {
    this.isOpen = false;
  }

  peerCertificate(): undefined {}

  reads(text: string): void {
    assert.ok(this.isRead, 'the stream is read');
    (this.events as StreamEvents).onData(Buffer.from(text, 'latin1'));
  }
}

const owner: ClientOwner = {
  ...{ headMs: 0, bodyStallMs: 0, sendStallMs: 0 },
  monotonicMs: () => 0,
  released: () => {},
};

/** Asks with GET and notes what comes; `takes`: whether it wants more behind a piece of the body. */
function ask(client: Http1Client, takes: boolean): readonly string[] {
  const heard: string[] = [];
  const events: UpstreamEvents = {
    onReady(request: UpstreamRequest) {
      const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      const head = new RequestHead();
      assert.equal(parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS), bytes.length);
      request.send(head, true);
    },
    onInterim: ({ status }) => heard.push(`interim ${status}`),
    onHead: ({ status }) => heard.push(`head ${status}`),
    onData(bytes) {
      heard.push(bytes.toString('latin1'));
      return takes;
    },
    onEnd: () => heard.push('end'),
    onReadEnd: () => {},
    onWritable: () => {},
    onFailure: ({ says }) => heard.push(says),
  };
  client.carry(events);
  return heard;
}

test('a kept connection is read on in the midst of a head although the end of the last response was too much for its reader', () => {
  const stream = new FakeStream();
  const client = new Http1Client(stream, owner);
  const first = ask(client, false);
  stream.reads('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
  assert.deepEqual(first, ['head 200', 'hello', 'end']);

  const second = ask(client, true);
  stream.reads('HTTP/1.1 103 Early Hints\r\n\r\n');
  stream.reads('HTTP/1.1 20');
  stream.reads('0 OK\r\nContent-Length: 3\r\n\r\nyes');
  assert.deepEqual(second, ['interim 103', 'head 200', 'yes', 'end']);
  assert.ok(stream.isOpen);
});
