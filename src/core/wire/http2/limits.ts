/**
 * Bounds of one HTTP/2 connection, and what reaching them means.
 *
 * Budgets are leaky buckets: an event adds one, time takes `perSecond` away, and a level above `burst` ends
 * the connection with the budget's problem. Work that the connection did for real earns some of it back, so
 * that a busy honest peer, who must send window updates, never comes near.
 */
import type { Http2Problem } from './problems.ts';

/** One kind of event that costs the peer nothing and us something. */
export interface Budget {
  readonly problem: Http2Problem;
  readonly burst: number;
  readonly perSecond: number;
  /** Taken off the level for each DATA frame sent. */
  readonly perDataFrame: number;
  /** Taken off the level for each stream opened. */
  readonly perStream: number;
}

/** In the order of `BudgetId`. */
export const budgets: readonly Budget[] = [
  // CVE-2023-44487: a stream costs its opener nothing when it is cancelled at once.
  { problem: 'reset-flood', burst: 300, perSecond: 50, perDataFrame: 0, perStream: 0 },
  // CVE-2025-8671: the same, with us talked into sending the reset.
  { problem: 'provoked-reset-flood', burst: 200, perSecond: 20, perDataFrame: 0, perStream: 0 },
  { problem: 'settings-flood', burst: 50, perSecond: 5, perDataFrame: 0, perStream: 0 },
  { problem: 'ping-flood', burst: 100, perSecond: 20, perDataFrame: 1, perStream: 1 },
  // CVE-2019-9518.
  { problem: 'empty-frame-flood', burst: 100, perSecond: 20, perDataFrame: 0, perStream: 0.25 },
  { problem: 'window-update-flood', burst: 1000, perSecond: 500, perDataFrame: 2, perStream: 4 },
  { problem: 'idle-frame-flood', burst: 500, perSecond: 100, perDataFrame: 0, perStream: 3 },
];

export const BudgetId = {
  reset: 0,
  provokedReset: 1,
  settings: 2,
  ping: 3,
  emptyFrame: 4,
  windowUpdate: 5,
  /** PRIORITY, PRIORITY_UPDATE, unknown frames, and frames for streams that are closed. */
  idleFrame: 6,
} as const;
export type BudgetId = (typeof BudgetId)[keyof typeof BudgetId];

/** Settings of one connection; the ones named as in RFC 9113 are announced to the peer. */
export interface Http2Limits {
  /** Streams that the peer may have open at once. */
  readonly concurrentStreamsMax: number;
  /** Octets that a stream may send before we took some. */
  readonly streamWindowBytes: number;
  /** The same for the whole connection, at least 65,535. */
  readonly connectionWindowBytes: number;
  /** Payload of one frame from the peer, 16,384 to 16,777,215. */
  readonly frameBytesMax: number;
  /** A decoded head in the sense of SETTINGS_MAX_HEADER_LIST_SIZE: names, values and 32 a field. */
  readonly headBytesMax: number;
  /** Fields of a head or of trailers. */
  readonly fieldsMax: number;
  /** Bound of the table for heads from the peer. */
  readonly tableBytesMax: number;
  /** Bound of the table for heads from us; the peer may lower it. */
  readonly sendTableBytesMax: number;
  /** A head as sent, all its frames together (CVE-2024-27316). */
  readonly blockBytesMax: number;
  /** CONTINUATION frames of a head (CVE-2024-27316). */
  readonly continuationsMax: number;
  /** Octets that may wait in `output` before `sendData` takes no more. */
  readonly outputBytesMax: number;
  /** Time for the peer to acknowledge our SETTINGS. */
  readonly settingsAckMs: number;
  /** RFC 8441: take CONNECT with `:protocol`. */
  readonly connectProtocol: boolean;
}

export const limitsDefault: Http2Limits = {
  concurrentStreamsMax: 128,
  streamWindowBytes: 262_144,
  connectionWindowBytes: 1_048_576,
  frameBytesMax: 16_384,
  headBytesMax: 32_768,
  fieldsMax: 128,
  tableBytesMax: 4096,
  sendTableBytesMax: 4096,
  blockBytesMax: 49_152,
  continuationsMax: 16,
  outputBytesMax: 262_144,
  settingsAckMs: 10_000,
  connectProtocol: false,
};

/**
 * A window that lets less than this through is a stall all the same: a peer that opens it octet by octet
 * keeps a response alive for ever (CVE-2019-9511, CVE-2019-9517).
 */
export const TINY_WINDOW_BYTES = 1024;
/** Streams of the peer that we reset and whose frames under way are let pass (RFC 9113, 5.4.2). */
export const RESET_STREAMS_KEPT = 128;
