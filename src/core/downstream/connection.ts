/**
 * What a protocol sees of an accepted connection, and what it must answer to.
 *
 * A protocol makes one `ConnectionHandler` per connection. All calls come from the event loop, one
 * at a time; `onClose` is the last one and comes exactly once.
 */
import type { PeerCertificate } from '../runtime/index.ts';
import type { EndingReason } from './ending-reasons.ts';

/** One object per connection, implemented by the protocol. */
export interface ConnectionHandler {
  /** `chunk` is a view of the shared read buffer: valid only during this call, copy what stays. */
  onData(chunk: Buffer): void;
  /** All that was buffered has been handed to the kernel. */
  onDrain(): void;
  /** The peer has sent its last byte; it may still read. Close when nothing is left to say. */
  onEnd(): void;
  /** Exactly once, last. */
  onClose(reason: EndingReason): void;
  /** Now and then, a second apart at most, with the monotonic time; for timeouts of the protocol. */
  onTick?(nowMs: number): void;
  /** The listener drains: finish what runs, then close. Without it the connection is closed at once, flushed. */
  onDrainRequested?(): void;
}

/** One accepted connection. */
export interface Connection {
  /** Unique in this process, rising, from 1. */
  readonly id: number;
  /** IP address, or the socket's path for a Unix socket. */
  readonly remoteAddress: string;
  /** 0 for a Unix socket. */
  readonly remotePort: number;
  /** Our end's IP address; empty for a Unix socket. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly encrypted: boolean;
  /** TLS: the application protocol agreed on (RFC 7301); empty when there is none. */
  readonly alpn: string;
  /** TLS: the name the client asked for (SNI); empty when there is none. */
  readonly serverName: string;
  /** As of `ByteStream`: whether a chunk's memory stays until the connection is read again. */
  readonly chunksStay: boolean;
  /** Bytes given to `write` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** True from the first `close` or `destroy` on; writes are then dropped. */
  readonly closing: boolean;
  /** The client's certificate when TLS asked for one and the client sent it. */
  peerCertificate(): PeerCertificate | undefined;
  /**
   * Hands bytes to the kernel.
   * @returns true: the memory may be reused at once; false: not before `onDrain` or `onClose`.
   * `onDrain` follows whenever `bufferedBytes` is above zero after the call. Above
   * `bufferedBytesMax` of the listener the connection is destroyed with 'output-limit'.
   */
  write(bytes: Buffer): boolean;
  /** As `write`, for several pieces in order. */
  writev(list: readonly Buffer[]): boolean;
  /** Stops `onData` until `resume`. The kernel's window then slows the peer. */
  pause(): void;
  resume(): void;
  /** As of `ByteStream`: reads land in this memory, null: in the shared buffer again. */
  useReadBuffer(buffer: Buffer | null): void;
  /**
   * Sends what is buffered, then ends. Cut off when the peer takes nothing for `flushTimeoutMs` or not
   * all within `flushTotalMs`.
   */
  close(reason: EndingReason): void;
  /**
   * Half-close: sends FIN behind what is buffered, nothing can be written any more, and the peer's bytes go on
   * coming. `close`, `destroy` or `reset` is still to follow.
   */
  shutdown(): void;
  /** Ends at once. `onClose` follows soon, not inside this call. */
  destroy(reason: EndingReason): void;
  /** As `destroy`, with RST whatever is buffered, so that the peer does not take what it has for whole. */
  reset(reason: EndingReason): void;
  /** Silence from the peer after which the connection ends with 'idle-timeout'; 0: never. Coarse: up to one tick late. */
  setIdleTimeout(ms: number): void;
}
