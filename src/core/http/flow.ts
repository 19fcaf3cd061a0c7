/**
 * How messages flow between a server's side and a client's side of HTTP, whatever its version.
 *
 *     request    Exchange ──body──▶ BodySink (who forwards it)
 *     response   whoever answers ──head, data, end──▶ ResponseSink ──▶ ... ──▶ the client
 *
 * One rule of memory: bytes given to `data` are valid during the call. With `stays` true they are valid until
 * the source is read again. A sink that answers false wants no more until it says so; bytes that stay it may
 * go on using until then. So a source must not be resumed for any other reason.
 */
import type { Fields, ResponseHead } from '../wire/index.ts';

/** Takes the body of a message. */
export interface BodySink {
  /** False: no more until the sink has the source resumed. */
  data(bytes: Buffer, stays: boolean): boolean;
  /** The body is whole. The trailers are valid during the call. */
  end(trailers: Fields | null): void;
  /** What comes in one read has been given. */
  flush(): void;
  /** The body ends before its end. */
  abort(): void;
}

/**
 * Takes a response: any number of `interim`, one `head`, then the body unless `end` was true.
 *
 * A head with `upgrade` begins a tunnel: `end` then says that the server sends no more; the client may go on
 * until its own end, which the request's `BodySink` is told.
 */
export interface ResponseSink extends BodySink {
  /** 1xx, RFC 9110 section 15.2. */
  interim(head: ResponseHead): void;
  /** `end`: no body follows, and neither does a call of `end`. The head is valid during the call. */
  head(head: ResponseHead, end: boolean): void;
}

/** Who produces a response hears of its client here. */
export interface ResponseFlow {
  /** The sink that said no takes more. */
  onDrain(): void;
  /** The client is gone; nothing that is sent will arrive. */
  onAbort(): void;
}
