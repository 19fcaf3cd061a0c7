/** What the admin door takes from one client; beyond it the connection is closed. */

/** Open connections; further ones are closed at once. */
export const CONNECTIONS_MAX = 64;
/** Bytes of a request's head; beyond it the answer is 431. */
export const HEADER_BYTES_MAX = 8 * 1024;
/** Time for a whole request, milliseconds; beyond it the answer is 408. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** How long an idle connection stays open, milliseconds. */
export const KEEP_ALIVE_MS = 5_000;
/** Bytes of a request's body; beyond it the answer is 413. */
export const BODY_BYTES_MAX = 1024 * 1024;
/** How long a client may take nothing of an answer that streams, milliseconds; then it has gone. */
export const STALL_MS = 60_000;
