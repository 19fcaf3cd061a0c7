/**
 * A plain connection whose first bytes say which version of HTTP it speaks: the preface of HTTP/2 (RFC 9113
 * section 3.4), or anything else, which is HTTP/1.
 */
import { HTTP2_PREFACE } from '../../wire/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { EndingReason } from '../ending-reasons.ts';
import { OpeningConnection } from './opening-connection.ts';

/** `PRI * HTTP/2.0` and an empty line: no request of HTTP/1 begins so. */
const TELLING_BYTES = 18;

export interface SniffedOptions {
  /** Time for the first bytes, milliseconds; 0 for no limit. */
  readonly headMs: number;
  readonly nowMs: number;
  http1(): ConnectionHandler;
  http2(): ConnectionHandler;
}

export class SniffedConnection extends OpeningConnection {
  private readonly options: SniffedOptions;

  constructor(connection: Connection, options: SniffedOptions) {
    super(connection, options.headMs, options.nowMs);
    this.options = options;
  }

  protected open(bytes: Buffer): void {
    const length = Math.min(bytes.length, TELLING_BYTES);
    if (HTTP2_PREFACE.compare(bytes, 0, length, 0, length) !== 0) {
      this.become(this.options.http1(), bytes);
    } else if (length === TELLING_BYTES) {
      this.become(this.options.http2(), bytes);
    }
  }

  protected leave(reason: EndingReason): void {
    this.connection.close(reason);
  }
}
