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
import { OpeningConnection } from './opening-connection.ts';

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

/** A plain connection that begins with a header. */
export class ProxiedConnection extends OpeningConnection {
  private readonly options: ProxiedOptions;

  constructor(connection: Connection, options: ProxiedOptions) {
    super(connection, options.headerMs, options.nowMs);
    this.options = options;
  }

  protected open(bytes: Buffer): void {
    const reader = new ProxyHeaderReader();
    const taken = reader.take(bytes);
    if (taken === 'refuse') this.connection.destroy('protocol-error');
    else if (taken !== 'more') {
      this.become(this.options.open(reader.endpoints), bytes.subarray(taken));
    }
  }

  /** Nothing can be said to a proxy that has not said who it speaks for. */
  protected leave(reason: EndingReason): void {
    this.connection.destroy(reason);
  }
}
