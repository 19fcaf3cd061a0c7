/**
 * The seam between the program and its stream sockets: TCP, Unix sockets, TLS. Accepted ones come from
 * here, dialled ones from `network.ts`.
 *
 * A tier is one way to move bytes between the kernel and us. Every tier keeps the same promise and
 * passes the same contract suite (`node/transport-contract.test.ts`), so what stands above cannot
 * tell them apart, only count the processor time:
 *
 *   streams   documented API only, always there
 *   onread    one read buffer for the whole process behind `net.Socket`
 *   handle    that buffer and the kernel handle itself, no stream between
 *
 * Invariants of a tier:
 *  - `onData` is never called inside a call of ours (write, pause, resume, attach, destroy) nor
 *    after `pause`, `destroy` or `onClosed`.
 *  - `onClosed` comes exactly once, last, and never inside a call of ours.
 *  - Bytes given to `write` leave in order, or the stream closes with an error.
 */

import type { PeerCertificate, TlsOptions } from './tls.ts';

export type TransportTier = 'streams' | 'onread' | 'handle';

/** Where to listen: a TCP address (port 0: the kernel chooses) or the path of a Unix socket. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** What one stream tells its owner. */
export interface StreamEvents {
  /**
   * `chunk` is valid only during this call, unless `ByteStream.chunksStay`: it may be a view of the read
   * buffer that all streams share.
   */
  onData(chunk: Buffer): void;
  /** All that was buffered has been handed to the kernel. */
  onDrain(): void;
  /** The peer has sent its last byte; we may still write. */
  onEnd(): void;
  /** The stream is gone. `error` is the system's code (`ECONNRESET`, ...), null if none. */
  onClosed(error: string | null): void;
}

/** One stream, accepted or dialled. Nothing is read until `attach`. */
export interface ByteStream {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Our end's IP address; empty for a Unix socket or when the stream is gone. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly encrypted: boolean;
  /** TLS: the application protocol agreed on (RFC 7301); empty when there is none. */
  readonly alpn: string;
  /** TLS: the name the client asked for (SNI, RFC 6066 section 3); empty when there is none. */
  readonly serverName: string;
  /**
   * True: the memory of a chunk stays as it is until the stream is read again, so while it is paused
   * inside the `onData` that brought it. False: only during that `onData`.
   */
  readonly chunksStay: boolean;
  /** Bytes given to `write` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** Names the owner of the events and starts reading. Called once. */
  attach(events: StreamEvents): void;
  /**
   * Sends bytes. True: nothing refers to `bytes` any more, its memory may be reused at once.
   * False: the memory must stay as it is until `onDrain`. `onDrain` follows whenever
   * `bufferedBytes` is above zero after the call.
   */
  write(bytes: Buffer): boolean;
  /** As `write`, for several pieces; the list itself may be reused at once. */
  writev(list: readonly Buffer[]): boolean;
  /**
   * Reads of this stream land in `buffer` from now on, null: in the shared one again. Each chunk is then
   * its beginning or, from a tier that makes memory for every chunk, has nothing to do with it; either way
   * `chunksStay`. Called inside `onData`, as it should be, it costs nothing and the chunk at hand keeps its
   * memory: the buffer it lies in is the caller's again when the caller has done with the chunk. Called
   * elsewhere the first chunk may be copied, and each call with null costs some 50 bytes until the stream closes.
   */
  useReadBuffer(buffer: Buffer | null): void;
  pause(): void;
  resume(): void;
  /** Sends FIN (TLS: close_notify first) after what is buffered. Reading goes on. */
  shutdown(): void;
  /** Closes now and forgets what is buffered. */
  destroy(): void;
  /** Closes now with RST, so that the peer learns that bytes were lost. */
  reset(): void;
  /** The peer's certificate: of a client if TLS asked for one and it came. */
  peerCertificate(): PeerCertificate | undefined;
}

/**
 * What a peer sends before its TLS handshake, as a PROXY protocol header: made for one connection, it takes
 * the bytes and keeps what they say.
 */
export interface Preface {
  /**
   * Told all bytes that have come so far, each time more have.
   * @returns how many of them are the preface, once it is whole (0: there is none); 'more'; 'refuse' ends it
   * as a failed handshake.
   */
  take(bytes: Buffer): number | 'more' | 'refuse';
}

export interface TransportListenOptions {
  readonly address: ListenAddress;
  readonly tls?: TlsOptions;
  /** Connections the kernel keeps for us before we accept them. */
  readonly backlog: number;
  /** Idle time before the kernel probes a silent TCP peer, milliseconds; 0 turns probes off. */
  readonly keepAliveMs: number;
  /** TLS: time for the handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** TLS: false turns the connection away before the handshake is paid for. */
  admit(): boolean;
  /** TLS: what to read before the handshake of a connection from `remoteAddress`, if anything. */
  preface?(remoteAddress: string): Preface | null;
  /**
   * A stream is ready (TLS: the handshake is done). `attach` it inside this call. `preface` is the connection's
   * own, if it had one.
   */
  onAccept(stream: ByteStream, preface?: Preface): void;
  /** TLS: a connection ended before it was ready. */
  onHandshakeEnd(why: 'handshake-failed' | 'handshake-timeout'): void;
  /** An accept failed (`EMFILE`, ...); the listener goes on. */
  onAcceptError(code: string): void;
}

/** A listening socket. */
export interface TransportListener {
  /** The bound TCP port, 0 for a Unix socket. */
  readonly port: number;
  /** For messages: `host:port` or the path. */
  readonly name: string;
  /** TLS: connections in the handshake. */
  readonly handshaking: number;
  /** `keepAliveMs` of connections accepted from now on. */
  setKeepAlive(ms: number): void;
  /** Connections accepted from now on use these; open ones keep what they have. Throws on bad PEM. */
  updateTls(tls: TlsOptions): void;
  /** Stops accepting and ends handshakes. Ready streams live on. Resolves when the address is free. */
  close(): Promise<void>;
}

export interface Transport {
  readonly tier: TransportTier;
  /** @throws ListenError when the address cannot be had. */
  listen(options: TransportListenOptions): Promise<TransportListener>;
}

/** Why an address could not be had, with what an operator can do about it. */
export const listenErrorTable = {
  'address-in-use': 'another program already listens there: stop it or choose another port',
  'not-permitted': 'this user may not listen there: use a port above 1023 or another folder',
  'bad-address': 'this host has no such address or the path cannot be used',
  'tls-invalid': 'the certificate, key or authority cannot be used',
} as const;

export type ListenErrorCode = keyof typeof listenErrorTable;

/** The world's failure to give us an address. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: ListenErrorCode;
  /** `host:port` or path that was asked for. */
  readonly address: string;

  constructor(code: ListenErrorCode, address: string, cause: unknown) {
    const detail = cause instanceof Error ? ` (${cause.message})` : '';
    super(`cannot listen on ${address}: ${listenErrorTable[code]}${detail}`, { cause });
    this.code = code;
    this.address = address;
  }
}
