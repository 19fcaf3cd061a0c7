/**
 * A plain connection whose first bytes decide who speaks behind it: a protocol, or a header before one. Whoever
 * that is stands behind this one for as long as the connection lasts.
 *
 *     opening ──first bytes──▶ `become` ──▶ everything goes to the inner handler
 *        └── too late, gone, drained ──▶ `leave`
 */
import { ownCopy } from '../../base/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { EndingReason } from '../ending-reasons.ts';

export abstract class OpeningConnection implements ConnectionHandler {
  protected readonly connection: Connection;
  /** First bytes that decide nothing yet; nearly always they come whole. */
  private bytes: Buffer | null = null;
  private inner: ConnectionHandler | null = null;
  /** Time for the first bytes, milliseconds; 0 for no limit. */
  private readonly openingMs: number;
  private readonly sinceMs: number;

  constructor(connection: Connection, openingMs: number, nowMs: number) {
    this.connection = connection;
    this.openingMs = openingMs;
    this.sinceMs = nowMs;
  }

  /** Looks at all that has come: calls `become`, or ends the connection, or neither when it has to be more. */
  protected abstract open(bytes: Buffer): void;
  /** Ends the connection before anybody speaks. */
  protected abstract leave(reason: EndingReason): void;

  /** @param rest the bytes that are for the inner handler. */
  protected become(inner: ConnectionHandler, rest: Buffer): void {
    this.inner = inner;
    if (rest.length > 0 && !this.connection.closing) inner.onData(rest);
  }

  onData(chunk: Buffer): void {
    if (this.inner !== null) {
      this.inner.onData(chunk);
      return;
    }
    const bytes = this.bytes === null ? chunk : Buffer.concat([this.bytes, chunk]);
    this.bytes = null;
    this.open(bytes);
    // The chunk is lent for this call only.
    if (this.inner === null && !this.connection.closing) this.bytes = ownCopy(bytes);
  }

  onDrain(): void {
    this.inner?.onDrain();
  }

  onEnd(): void {
    if (this.inner === null) this.leave('client-closed');
    else this.inner.onEnd();
  }

  onClose(reason: EndingReason): void {
    this.inner?.onClose(reason);
  }

  onTick(nowMs: number): void {
    const { inner, openingMs } = this;
    if (inner !== null) inner.onTick?.(nowMs);
    else if (openingMs > 0 && nowMs - this.sinceMs >= openingMs) this.leave('head-timeout');
  }

  onDrainRequested(): void {
    if (this.inner?.onDrainRequested !== undefined) this.inner.onDrainRequested();
    else this.connection.close('server-drain');
  }
}
