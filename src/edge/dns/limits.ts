/** What the name server holds at most, and what happens then. */
export const limits = {
  /** Aliases followed for one question; a longer chain is SERVFAIL. */
  aliasesMax: 8,
  /** Answers kept as bytes, in each of two halves; the older half is forgotten whole. */
  answersHalf: 8_192,
  /** Bytes of one answer, TCP's length field. */
  messageBytesMax: 65_535,
  /** Bytes of a query by TCP; a longer one ends the connection. */
  queryBytesMax: 4_096,
  /** Prefixes of clients whose place is remembered, in each of two halves. */
  placesHalf: 32_768,
  /** PoPs named by one answer, nearest first, when none is up. */
  popsPerAnswerMax: 8,
  /** Names set at run time, and texts of each. */
  textNamesMax: 1_000,
  textsPerNameMax: 50,
  /** Answers that wait for the kernel, of all clients; more are dropped. */
  waitingCountMax: 4_096,
  waitingBytesMax: 4 * 1024 * 1024,
  /** Of the kernel, for queries that wait for us; it gives no more than net.core.rmem_max. */
  receiveBufferBytes: 1024 * 1024,
  /** Unread answers of a TCP connection at which its queries wait. */
  tcpWaitingBytesMax: 64 * 1024,
  /** Queries of one TCP connection that are answered before others have their turn. */
  tcpQueriesPerTurn: 64,
  /** Time for a query that has begun to be whole, milliseconds. */
  tcpQueryMs: 10_000,
} as const;
