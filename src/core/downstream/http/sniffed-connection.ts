/**
 * A plain connection whose first bytes say which version of HTTP it speaks: the preface of HTTP/2 (RFC 9113
 * section 3.4), or anything else, which is HTTP/1. The protocol stands behind this one for as long as it lasts.
 */
import { HTTP2_PREFACE } from '../../wire/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { EndingReason } from '../ending-reasons.ts';

/** `PRI * HTTP/2.0` and an empty line: no request of HTTP/1 begins so. */
const TELLING_BYTES = 18;

export interface SniffedOptions {
  /** Time for the first bytes, milliseconds; 0 for no limit. */
  readonly headMs: number;
  readonly nowMs: number;
  http1(): ConnectionHandler;
  http2(): ConnectionHandler;
}

export class SniffedConnection implements ConnectionHandler {
  private readonly connection: Connection;
  private readonly options: SniffedOptions;
  /** Bytes that could still become the preface; nearly always it comes whole. */
  private bytes: Buffer | null = null;
  private inner: ConnectionHandler | null = null;

  constructor(connection: Connection, options: SniffedOptions) {
    this.connection = connection;
    this.options = options;
  }

  onData(chunk: Buffer): void {
    if (this.inner !== null) {
      this.inner.onData(chunk);
      return;
    }
    const bytes = this.bytes === null ? chunk : Buffer.concat([this.bytes, chunk]);
    const length = Math.min(bytes.length, TELLING_BYTES);
    if (HTTP2_PREFACE.compare(bytes, 0, length, 0, length) !== 0) {
      this.inner = this.options.http1();
    } else if (length === TELLING_BYTES) {
      this.inner = this.options.http2();
    } else {
      this.bytes = Buffer.from(bytes);
      return;
    }
    this.bytes = null;
    this.inner.onData(bytes);
  }

  onDrain(): void {
    this.inner?.onDrain();
  }

  onEnd(): void {
    if (this.inner === null) this.connection.close('client-closed');
    else this.inner.onEnd();
  }

  onClose(reason: EndingReason): void {
    this.inner?.onClose(reason);
  }

  onTick(nowMs: number): void {
    const { headMs, nowMs: sinceMs } = this.options;
    if (this.inner !== null) this.inner.onTick?.(nowMs);
    else if (headMs > 0 && nowMs - sinceMs >= headMs) this.connection.close('head-timeout');
  }

  onDrainRequested(): void {
    if (this.inner?.onDrainRequested !== undefined) this.inner.onDrainRequested();
    else this.connection.close('server-drain');
  }
}
