/**
 * What layer 4 asks of a pool: which server gets this session, and what became of it.
 *
 * Every `began` of a target is followed by exactly one `ended` with the number that `began` gave.
 */

import type { Endings } from '../../core/observe/index.ts';
import type { ListenAddress, TlsClient } from '../../core/runtime/index.ts';
import type { AttemptResult } from '../policies/attempts.ts';
import type { DatagramDrop, SessionEnding } from './endings.ts';

/** What is known of a session when a server is chosen for it. Valid as long as the session. */
export interface SessionFacts {
  /** Where the client is: of its socket, or what a PROXY header said. The path of a Unix socket. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** What the client connected to. */
  readonly localAddress: string;
  readonly localPort: number;
  /** SNI; empty when there is none or nobody looked. */
  readonly serverName: string;
}

/** A session that has a server, since when in monotonic milliseconds. */
export interface JoinedSession {
  readonly facts: SessionFacts;
  readonly target: Target | null;
  readonly begunMs: number;
}

/** A session that is over. */
export interface SessionReport {
  readonly kind: 'stream' | 'datagrams';
  readonly facts: SessionFacts;
  /** TLS of the client was ended here. */
  readonly encrypted: boolean;
  /** The server that it had, or that was tried last; null when there was none. */
  readonly target: Target | null;
  /** Servers that were tried. */
  readonly attempts: number;
  readonly ending: SessionEnding;
  /** Bytes from the client, and from the server. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** To the connection, or of UDP to the first answer; NaN when neither came. */
  readonly latencyMs: number;
  readonly totalMs: number;
}

export interface SessionStats {
  readonly open: number;
  /** Bytes from clients and from servers, of sessions that are over. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** The sessions of one listener, for operators. */
export interface SessionTable {
  readonly kind: 'stream' | 'datagrams';
  readonly endings: Endings<SessionEnding>;
  /** Of datagrams. */
  readonly drops?: Endings<DatagramDrop>;
  stats(): SessionStats;
  /** All of them; those without a target wait for a server. */
  joined(): Iterable<JoinedSession>;
  /** Ends the sessions of a server. @returns how many. */
  cutAt(target: Target): number;
}

/** One server of a pool. The same object for as long as it is the same server. */
export interface Target {
  /** For logs. */
  readonly name: string;
  readonly pool: string;
  readonly address: ListenAddress;
  /** TLS to speak to it, of streams. */
  readonly tls?: TlsClient | undefined;
  /** A session goes there now. @returns a number for `ended`. */
  began(nowMs: number): number;
  /** It took the connection, `connectMs` after `began`. Of UDP: it has answered for the first time. */
  connected(connectMs: number, nowMs: number): void;
  /**
   * @param result 'failure': it could not be reached, or broke off without a byte; 'unknown': nothing can be said
   * of it. `latencyMs`: to the connection or the first answer, NaN when neither came.
   */
  ended(ticket: number, result: AttemptResult, latencyMs: number, nowMs: number): void;
}

/** One pool. */
export interface Backends {
  /** Time for one attempt to connect, milliseconds. */
  readonly connectMs: number;
  /** Our end's address towards its servers; undefined: the system's choice. */
  readonly source: string | undefined;
  /** The PROXY header that its servers are sent. */
  readonly proxyProtocol: 'no' | 'v1' | 'v2';
  /**
   * A server, those in `tried` only when there is no other. The first call for a session has an empty list.
   * @returns undefined when there is none.
   */
  choose(facts: SessionFacts, tried: readonly Target[], nowMs: number): Target | undefined;
  /** Whether to try again after so many failed attempts; true takes one retry from the budget. */
  mayRetry(attempts: number, nowMs: number): boolean;
}
