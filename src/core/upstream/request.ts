/**
 * One request to a server behind us, seen from both sides: what whoever sends it may do, and what it is told.
 */
import type { BodySink } from '../http/index.ts';
import type { Fields, RequestHead, ResponseHead } from '../wire/index.ts';
import type { UpstreamFailure } from './failures.ts';

/**
 * A connection, or a stream of one, that carries one request. The body is given to it as to any sink. When it
 * has become a tunnel, `end` ends our direction only.
 */
export interface UpstreamRequest extends BodySink {
  /**
   * Sends the head. `end`: no body follows. The head says how the body is framed; it is valid during the call.
   */
  send(head: RequestHead, end: boolean): void;
  /** No more of the response until `resume`. */
  pause(): void;
  /** The sink of the response takes more; what it was given before is free. */
  resume(): void;
  /** The response is not wanted any more. Nothing is told behind this call. */
  cancel(): void;
}

/**
 * Who sends a request hears of it here. Nothing is called behind `onEnd` (of a tunnel: behind both ends) or
 * `onFailure`.
 */
export interface UpstreamEvents {
  /** Connected: `send` inside this call. `reused`: the connection has carried requests before. */
  onReady(request: UpstreamRequest, reused: boolean): void;
  /** 1xx but 101; the head is valid during the call. */
  onInterim(head: ResponseHead): void;
  /** `end`: no body follows, and no `onEnd`: the request is over. */
  onHead(head: ResponseHead, end: boolean): void;
  /** False: no more until `resume`. Memory as of `BodySink.data`. */
  onData(bytes: Buffer, stays: boolean): boolean;
  /** The response is whole; of a tunnel: the server sends no more. */
  onEnd(trailers: Fields | null): void;
  /** All that came in one read has been told. */
  onReadEnd(): void;
  /** The server takes more of the request's body; what it was given before is free. */
  onWritable(): void;
  onFailure(failure: UpstreamFailure, detail: string): void;
}
