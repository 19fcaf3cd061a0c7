/**
 * What a listener can do and what it counts; `listen` makes one.
 */
import type { Endings } from '../observe/index.ts';
import type { Clock, ListenAddress, Preface, TlsOptions, Transport } from '../runtime/index.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import type { EndingReason } from './ending-reasons.ts';

export interface ListenOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly address: ListenAddress;
  readonly tls?: TlsOptions;
  /** Open connections at once, handshakes counted; above it `onReject` speaks. Default 10,000. */
  readonly connectionsMax?: number;
  /** Connections waiting in the kernel. Default 511. */
  readonly backlog?: number;
  /** Silence from the peer that ends a connection, milliseconds; default 0: never. */
  readonly idleTimeoutMs?: number;
  /** Time for the TLS handshake, milliseconds. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** Time without a byte taken after which a closed connection is cut off, milliseconds. Default 5,000. */
  readonly flushTimeoutMs?: number;
  /** Time a closed connection has to take its last bytes, however slowly, milliseconds. Default 300,000. */
  readonly flushTotalMs?: number;
  /** Silence before the kernel probes the peer, milliseconds; 0: no probes. Default 300,000. */
  readonly keepAliveMs?: number;
  /** Unsent bytes at which a connection is destroyed with 'output-limit'. Default 1 GiB. */
  readonly bufferedBytesMax?: number;
  /** Counts endings; listeners of one system may share it. Default: one of its own. */
  readonly endings?: Endings<EndingReason>;
  /** TLS: what to read before the handshake of a connection from `remoteAddress`, if anything. */
  preface?(remoteAddress: string): Preface | null;
  /** A connection is ready (TLS: the handshake is done). `preface` is its own, if it had one. */
  onConnection(connection: Connection, preface?: Preface): ConnectionHandler;
  /** A connection is gone, counted and out of the listener; its handler is told next. */
  onClosed?(connection: Connection): void;
  /** A connection above `connectionsMax`: bytes to say before it is closed. Plain connections only. */
  onReject?(remoteAddress: string): Buffer | undefined;
}

export interface ListenerStats {
  readonly accepted: number;
  /** Of these: turned away at `connectionsMax`. */
  readonly rejected: number;
  /** Accepts the system refused (out of descriptors). */
  readonly acceptErrors: number;
  readonly open: number;
  /** Of these: in the TLS handshake. */
  readonly handshaking: number;
  readonly bufferedBytes: number;
}

export interface Listener {
  /** The bound TCP port; 0 for a Unix socket. */
  readonly port: number;
  /** For messages: `host:port` or the path. */
  readonly name: string;
  readonly connections: number;
  readonly endings: Endings<EndingReason>;
  stats(): ListenerStats;
  /** For those accepted from now on. */
  setConnectionsMax(count: number): void;
  /** Idle time before a silent peer is probed, of those accepted from now on; 0: never. */
  setKeepAlive(ms: number): void;
  /** Connections accepted from now on use these. @throws ListenError 'tls-invalid'; the old stay then. */
  updateTls(tls: TlsOptions): void;
  /**
   * Stops accepting, asks every handler to finish, waits, destroys the rest with 'server-drain'.
   * @returns how many had to be destroyed.
   */
  drain(deadlineMs: number): Promise<number>;
  /** Stops accepting and destroys all with 'server-stop'. Resolves when every `onClose` has come. */
  stop(): Promise<void>;
}
