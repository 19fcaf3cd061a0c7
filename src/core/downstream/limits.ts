/** What a listener assumes when its owner does not say otherwise. */
export const limits = {
  /** As Redis' `maxclients`; every connection costs a descriptor, see `ulimit -n`. */
  connectionsMax: 10_000,
  /** As Redis' `tcp-backlog`; the kernel cuts it to net.core.somaxconn. */
  backlog: 511,
  handshakeTimeoutMs: 10_000,
  flushTimeoutMs: 5_000,
  /** A gigabyte at 3.5 MB a second. */
  flushTotalMs: 300_000,
  keepAliveMs: 300_000,
  /** The last resort: a protocol should act long before. */
  bufferedBytesMax: 1 << 30,
  /** Turned-away connections that may wait for their peer to read why; more are cut off. */
  rejectingMax: 128,
  /** Bounds of the period at which timeouts are looked at, milliseconds. */
  tickMinMs: 10,
  tickMaxMs: 1_000,
} as const;
