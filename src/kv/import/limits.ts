/** Bounds of an import. What happens at each is said beside it. */
import type { ReplyLimits } from '../../core/wire/index.ts';

/** Time to connect to either side, milliseconds; then the import ends with `unreachable`. */
export const CONNECT_WAIT_MS = 10_000;
/** A source that says nothing for so long is lost, milliseconds. A master pings every ten seconds. */
export const SILENCE_MAX_MS = 60_000;
/** How often a source that is loading, or has no link to its own master, is asked again. */
export const TRY_LATER_MAX = 60;
export const TRY_LATER_WAIT_MS = 1_000;
/** A lost link is taken up again so often where it stopped, then the import ends with `source-lost`. */
export const RESUME_MAX = 10;
export const RESUME_WAIT_MS = 500;
/** Time between two REPLCONF ACK, milliseconds. */
export const ACK_EVERY_MS = 1_000;
/** A line of the handshake longer than this is none. */
export const LINE_BYTES_MAX = 64 * 1024;

/** Unanswered requests to the target, in bytes and in number: above either the source is not read. */
export const IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024;
export const IN_FLIGHT_COUNT_MAX = 16_384;
/** Requests are sent together when they are so many bytes. */
export const BATCH_BYTES = 64 * 1024;

/** A value whose payload grows beyond this is sent in pieces, by the commands of its type. */
export const VALUE_BYTES_MAX = 8 * 1024 * 1024;
/** As `VALUE_BYTES_MAX` for streams, of which only a whole payload keeps everything. */
export const STREAM_BYTES_MAX = 256 * 1024 * 1024;
/** Bytes and elements of one such piece. */
export const PIECE_BYTES_MAX = 256 * 1024;
export const PIECE_COUNT_MAX = 1_000;

/** Errors of the target that are kept word by word; further ones are counted. */
export const REFUSALS_KEPT = 10;

/** Keys compared at one point of the stream. */
export const COMPARE_BATCH_KEYS = 128;
/** Keys that differ are looked at so often before they count as different. */
export const COMPARE_ROUNDS = 5;
export const COMPARE_ROUND_WAIT_MS = 200;
/** Keys that are compared in each database unless all are. */
export const SAMPLE_KEYS = 10_000;
/** Differences that are named. */
export const DIFFERENCES_KEPT = 100;

/** Longest string that a reply may hold: DUMP of the largest value. */
const VALUE_REPLY_BYTES_MAX = 1024 * 1024 * 1024;
/** What a server may answer; beyond it the connection is lost. */
export const REPLY_LIMITS: ReplyLimits = {
  lineBytesMax: LINE_BYTES_MAX,
  bulkBytesMax: VALUE_REPLY_BYTES_MAX,
  // The values of one batch of a comparison are the reply of one transaction.
  replyBytesMax: COMPARE_BATCH_KEYS * VALUE_REPLY_BYTES_MAX,
  itemsMax: 2 ** 26,
};
