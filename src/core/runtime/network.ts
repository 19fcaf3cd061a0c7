/**
 * Streams and datagrams between this process and others: accepting is `Transport`, dialling is here.
 */
import type { DatagramOptions, DatagramSocket } from './datagram.ts';
import { DialError, type DialErrorCode } from './dial-error.ts';
import type { TlsClient, TlsClientOptions } from './tls.ts';
import type { ByteStream, ListenAddress, Transport } from './transport.ts';

export interface DialOptions {
  /** A host that is no IP address is looked up by the system, and its addresses tried one after another. */
  readonly address: ListenAddress;
  /** Time for all of it, look-up and handshake included, milliseconds. */
  readonly timeoutMs: number;
  /** Idle time before the kernel probes a silent TCP peer, milliseconds; default 0, no probes. */
  readonly keepAliveMs?: number;
  /** Our end's IP address; default: the kernel's choice. */
  readonly localAddress?: string;
  /** TLS: speak it, by these choices. */
  readonly tls?: TlsClient;
  /** TLS: sent before the handshake, as a PROXY protocol header is. */
  readonly preface?: Buffer;
}

/** What became of a dial: one call of one of them, or none after `cancel`; never inside `dial`. */
export interface DialEvents {
  /** Noted: TCP does not wait for more to send (TCP_NODELAY). `attach` the stream inside this call. */
  onConnected(stream: ByteStream): void;
  /** `detail`: what the system or TLS said, for messages. */
  onFailed(code: DialErrorCode, detail: string): void;
}

export interface Dialling {
  /** Forgets it. Nothing happens when the outcome was told. */
  cancel(): void;
}

export interface Network extends Transport {
  dial(options: DialOptions, events: DialEvents): Dialling;
  /** @throws DialError 'tls-settings' when a certificate, key or authority cannot be used. */
  tlsClient(options: TlsClientOptions): TlsClient;
  /** @throws ListenError when the address cannot be had. */
  bindUdp(options: DatagramOptions): Promise<DatagramSocket>;
}

/** For cold callers: as `dial`, awaited. `attach` at once. @throws DialError */
export function connected(dial: Network['dial'], options: DialOptions): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    dial(options, {
      onConnected: resolve,
      onFailed: (code, detail) => reject(new DialError(code, options.address, detail)),
    });
  });
}
