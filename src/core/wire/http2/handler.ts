/**
 * What a connection tells its owner, and what connections share.
 *
 * Events come inside `receive`, `pump` and `close`, in the order of the frames. The owner may send on any
 * stream inside an event. Heads, fields and octets are lent for the time of the event.
 */
import { Fields, type RequestHead, type ResponseHead } from '../http/index.ts';
import { Scratch } from './hpack/scratch.ts';
import { BlockPool } from './output.ts';
import type { Http2Problem } from './problems.ts';
import { Http2Stream } from './stream.ts';

export interface Http2Handler<T> {
  /** Server: a request began. `end`: it has no body. To keep the head: `shared.keepRequestHead`. */
  onRequest(stream: Http2Stream<T>, head: RequestHead, end: boolean): void;
  /**
   * Server: a request whose head is above the limits. It may be answered (431), else it must be reset; what
   * else comes of it is dropped.
   */
  onHeadTooLarge(stream: Http2Stream<T>): void;
  /** Client: the final response began. */
  onResponse(stream: Http2Stream<T>, head: ResponseHead, end: boolean): void;
  /** Client: an interim response (1xx). */
  onInformational(stream: Http2Stream<T>, head: ResponseHead): void;
  /** Octets of a body. Give their number to `consumed` when they are taken. `end`: the last ones, maybe none. */
  onData(stream: Http2Stream<T>, buf: Buffer, start: number, length: number, end: boolean): void;
  /** The stream ends with these. */
  onTrailers(stream: Http2Stream<T>, fields: Fields): void;
  /** The stream broke off: by the peer (`problem` null), or because of what the peer did. `onClosed` follows. */
  onReset(stream: Http2Stream<T>, code: number, problem: Http2Problem | null): void;
  /**
   * Client: the peer will not and did not work on the request: it may be sent again elsewhere (6.8).
   * `onClosed` follows.
   */
  onUnprocessed(stream: Http2Stream<T>): void;
  /** Both directions have ended. The stream is another one's from now on. */
  onClosed(stream: Http2Stream<T>): void;
  /** A stream whose `sendData` did not take all may send again. */
  onWritable(stream: Http2Stream<T>): void;
  /** The peer will take no stream above `lastId`. */
  onGoaway(lastId: number, code: number): void;
  /** The peer's settings came: `peer`. */
  onSettings(): void;
  /** The answer to `ping`. */
  onPong(): void;
  /**
   * The peer did something wrong: to count and log. `streamId` 0: the connection has ended; write `output`
   * and close.
   */
  onProblem(problem: Http2Problem, streamId: number): void;
}

const STREAMS_KEPT = 1024;

/** Memory that all connections of one owner use in turn. */
export class Http2Shared<T> {
  readonly scratch = new Scratch();
  readonly blocks = new BlockPool();
  readonly trailers = new Fields();
  /** Heads that the next message is read into. */
  requestHead: RequestHead;
  responseHead: ResponseHead;
  private readonly streams: Http2Stream<T>[] = [];

  constructor(requestHead: RequestHead, responseHead: ResponseHead) {
    this.requestHead = requestHead;
    this.responseHead = responseHead;
  }

  /** Inside `onRequest`: the head is the caller's from now on, with memory of its own; `instead` is used next. */
  keepRequestHead(instead: RequestHead): RequestHead {
    const head = this.requestHead;
    head.retain();
    this.requestHead = instead;
    return head;
  }

  /** The same for `onResponse`. */
  keepResponseHead(instead: ResponseHead): ResponseHead {
    const head = this.responseHead;
    head.retain();
    this.responseHead = instead;
    return head;
  }

  takeStream(): Http2Stream<T> {
    return this.streams.pop() ?? new Http2Stream<T>();
  }

  giveStream(stream: Http2Stream<T>): void {
    if (this.streams.length < STREAMS_KEPT) this.streams.push(stream);
  }
}
