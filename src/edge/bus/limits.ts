/** Limits of links between PoPs, and what happens at each. */

/** Bytes of one line; a longer one ends the link as `line-too-long`. */
export const LINE_BYTES_MAX = 1024 * 1024;
/** Bytes of a line before it is known who sends it; the same. */
export const GREETING_BYTES_MAX = 2048;
/** Time for the greeting, milliseconds; then the link ends as `greeting-late`. */
export const GREETING_MS = 5000;
/** Bytes that the other end has not taken; more end the link as `slow`. */
export const UNSENT_BYTES_MAX = 8 * 1024 * 1024;
/** Connections at once; further ones are closed at once. */
export const LINKS_MAX = 2048;
/** Connections at once that have not greeted; the same, so that strangers do not keep PoPs out for long. */
export const STRANGERS_MAX = 256;
/** Links of one PoP; one more ends the oldest as `superseded`. */
export const LINKS_PER_POP_MAX = 4;
/** Lines of the log about strangers. */
export const STRANGERS_LOGGED = { capacity: 10, perSecond: 0.2 };
/** A link without a sign of life for so many heartbeats ends as `silent`. */
export const SILENT_BEATS = 3;
/** Waits between attempts to reach a PoP, milliseconds. */
export const REDIAL = { baseMs: 100, maxMs: 3000 };
/** Time for one attempt, milliseconds. */
export const DIAL_MS = 5000;
