/** What layer 4 allows where no setting says otherwise. */
export const l4Limits = {
  /** Time without a byte taken after which a side that has been told everything is cut off, milliseconds. */
  flushMs: 5_000,
  /** Bounds of the period at which timeouts are looked at, milliseconds. */
  tickMinMs: 10,
  tickMaxMs: 1_000,
  /** UDP sessions of one listener. Each has a socket. */
  udpSessionsMax: 8_192,
  /** A full table gives up a session only when nothing came from its client for so long, milliseconds. */
  udpEvictMs: 1_000,
  /** Datagrams that wait for one socket of a session, and their bytes. */
  udpWaitingCount: 64,
  udpWaitingBytes: 262_144,
  /** Answers that wait for the socket of the listener. */
  udpAnswersCount: 4_096,
  udpAnswersBytes: 8_388_608,
} as const;
