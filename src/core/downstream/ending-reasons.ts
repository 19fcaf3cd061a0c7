/**
 * Every way a connection can end. Each has a counter; 'other' is not a reason.
 *
 * Connections turned away at the limit and failed handshakes never had a handler; they are counted
 * all the same, so that the counters add up to the connections accepted.
 */
import { createEndings, type Endings } from '../observe/index.ts';

export const endingReasonTable = {
  'client-closed': 'the client closed the connection',
  'client-quit': 'the client asked to be disconnected',
  reset: 'the client or the network broke the connection off',
  'peer-unreachable': 'the client or the network to it vanished without a word',
  'socket-error': 'the system reported another error of the socket',
  'handshake-failed': 'the TLS handshake failed',
  'handshake-timeout': 'the TLS handshake took too long',
  'idle-timeout': 'nothing came from the client for too long',
  complete: 'the last response was sent and the connection was not to be used again',
  'head-timeout': 'no whole head of a request came in time',
  'body-timeout': 'nothing came of a body for too long',
  'send-timeout': 'the client took nothing of its response for too long',
  'request-timeout': 'a request took too long as a whole',
  'response-aborted': 'a response could not be completed',
  'upstream-failed': 'no server could take the connection, or its server broke it off',
  'flush-timeout': 'the client did not take the last bytes in time',
  'input-limit': 'the client sent more than a request may hold',
  'output-limit': 'the client did not read its replies',
  'reply-too-large': 'a reply was larger than the room there was for it',
  'memory-limit': 'all clients together held too much memory',
  'connections-limit': 'too many connections were open',
  'not-admitted': 'the client was not wanted',
  'protocol-error': 'the client broke the protocol',
  'auth-failed': 'the client was not allowed in',
  'log-failed': 'what the client was told depends on data that could not be made durable',
  killed: 'an operator or another client ended it',
  'server-drain': 'the listener was drained',
  'server-stop': 'the listener was stopped',
} as const;

export type EndingReason = keyof typeof endingReasonTable;

/** Counters for a system's connections. `metric` ends in `_total`: `plinth_kv_connections_ended_total`. */
export function connectionEndings(metric: string): Endings<EndingReason> {
  return createEndings(metric, 'Connections ended, by reason', endingReasonTable);
}
