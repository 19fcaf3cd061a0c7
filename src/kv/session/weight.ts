/** What a client holds in memory: `tot-mem` of CLIENT LIST, and what `maxmemory-clients` limits. */
import type { Session } from './session.ts';

/** Bytes of a session's objects that no counter follows; an estimate. */
const SESSION_BYTES = 2048;
const WATCHED_KEY_BYTES = 64;

/** Bytes: requests that are not run, replies that are not sent, queued commands, watched keys. */
export function weightOf(session: Session): number {
  const { output, transaction } = session;
  return (
    SESSION_BYTES +
    session.inputBytes() +
    (output?.pendingBytes ?? 0) +
    transaction.queuedBytes +
    (transaction.watched?.size ?? 0) * WATCHED_KEY_BYTES
  );
}
