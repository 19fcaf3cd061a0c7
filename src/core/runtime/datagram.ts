/**
 * The seam to UDP.
 *
 * Promises: a datagram is sent whole or dropped and counted, never cut; what waits for the kernel is bounded;
 * nothing is told after `close`, and nothing inside a call of ours.
 */

export interface DatagramOptions {
  /** An IP address; port 0: the kernel chooses. The family is the address's. */
  readonly address: { readonly host: string; readonly port: number };
  /**
   * The only peer: the kernel drops datagrams of others, `send` needs no address, and that nobody listens
   * there is told by `onError('ECONNREFUSED')`.
   */
  readonly peer?: { readonly host: string; readonly port: number };
  /** Datagrams that wait for the kernel at most; more are dropped. */
  readonly waitingCountMax: number;
  readonly waitingBytesMax: number;
  /** Size of the kernel's buffers, bytes (SO_RCVBUF, SO_SNDBUF); default: the system's. */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
  /** `bytes` is memory of its own. */
  onMessage(bytes: Buffer, fromAddress: string, fromPort: number): void;
  /** A datagram could not be sent or an ICMP error came back; the socket goes on. `code`: errno(3). */
  onError(code: string): void;
}

export interface DatagramSocket {
  readonly address: string;
  readonly port: number;
  /** Datagrams given to `send` that were not sent, because too many waited or the system refused. */
  readonly dropped: number;
  readonly waitingCount: number;
  readonly waitingBytes: number;
  /**
   * The memory must stay as it is until the datagram is sent, so give memory that is not used again.
   * `address` is an IP address of the socket's family; with a `peer` both are left out.
   * @returns false when it was dropped at once because too much waits.
   */
  send(bytes: Buffer, address?: string, port?: number): boolean;
  /** Forgets what waits. Resolves when the address is free. */
  close(): Promise<void>;
}
