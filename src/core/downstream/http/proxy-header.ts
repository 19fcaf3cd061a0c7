/**
 * A PROXY protocol header at the beginning of a connection, before HTTP or before TLS.
 *
 * Whoever is believed must send one; from others none is read, so that what they send is taken for HTTP or TLS,
 * where it is an error.
 */
import type { Preface } from '../../runtime/index.ts';
import { type ProxyEndpoints, parseProxyHeader } from '../../wire/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { EndingReason } from '../ending-reasons.ts';

const EMPTY = Buffer.alloc(0);

/** Takes the header from the first bytes. */
export class ProxyHeaderReader implements Preface {
  /** What the header says; null: the connection's own addresses count. Set once it is whole. */
  endpoints: ProxyEndpoints | null = null;

  take(bytes: Buffer): number | 'more' | 'refuse' {
    const parsed = parseProxyHeader(bytes);
    if (parsed.kind === 'more') return 'more';
    if (parsed.kind === 'problem') return 'refuse';
    const { endpoints } = parsed.header;
    // Paths of Unix sockets are no addresses of clients.
    this.endpoints = endpoints?.family === 'unix' ? null : endpoints;
    return parsed.bytes;
  }
}

export interface ProxiedOptions {
  /** Time for the header, milliseconds; 0 for no limit. */
  readonly headerMs: number;
  readonly nowMs: number;
  /** The header is there: who speaks behind it. */
  open(endpoints: ProxyEndpoints | null): ConnectionHandler;
}

/** A plain connection that begins with a header: the protocol stands behind this one for as long as it lasts. */
export class ProxiedConnection implements ConnectionHandler {
  private readonly connection: Connection;
  private readonly options: ProxiedOptions;
  private bytes: Buffer = EMPTY;
  private inner: ConnectionHandler | null = null;

  constructor(connection: Connection, options: ProxiedOptions) {
    this.connection = connection;
    this.options = options;
  }

  onData(chunk: Buffer): void {
    if (this.inner !== null) {
      this.inner.onData(chunk);
      return;
    }
    const bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    const reader = new ProxyHeaderReader();
    const taken = reader.take(bytes);
    if (taken === 'refuse') {
      this.connection.destroy('protocol-error');
    } else if (taken === 'more') {
      this.bytes = Buffer.from(bytes);
    } else {
      this.bytes = EMPTY;
      this.inner = this.options.open(reader.endpoints);
      if (taken < bytes.length && !this.connection.closing)
        this.inner.onData(bytes.subarray(taken));
    }
  }

  onDrain(): void {
    this.inner?.onDrain();
  }

  onEnd(): void {
    if (this.inner === null) this.connection.destroy('client-closed');
    else this.inner.onEnd();
  }

  onClose(reason: EndingReason): void {
    this.inner?.onClose(reason);
  }

  onTick(nowMs: number): void {
    const { headerMs, nowMs: sinceMs } = this.options;
    if (this.inner !== null) this.inner.onTick?.(nowMs);
    else if (headerMs > 0 && nowMs - sinceMs >= headerMs) this.connection.destroy('head-timeout');
  }

  onDrainRequested(): void {
    const { inner } = this;
    if (inner === null) this.connection.close('server-drain');
    else if (inner.onDrainRequested !== undefined) inner.onDrainRequested();
    else this.connection.close('server-drain');
  }
}
