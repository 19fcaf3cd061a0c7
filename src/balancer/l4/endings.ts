/** Every way a session of layer 4 can end, streams and datagrams. Each has a counter. */
import { createEndings, type Endings } from '../../core/observe/index.ts';

export const sessionEndingTable = {
  complete: 'both sides ended in order',
  'client-left': 'the client went before it had a server',
  'client-reset': 'the client or the network broke the connection off',
  'client-vanished': 'the client or the network to it vanished without a word',
  'client-stalled': 'the client did not take its last bytes in time',
  'server-reset': 'the server or the network broke the connection off',
  'server-stalled': 'the server did not take the last bytes in time',
  'server-refused': 'nobody listens for the datagrams at the server',
  'server-unreachable': 'no way to the server: a router or this host said so',
  'idle-timeout': 'nothing came from either side for too long',
  'no-server': 'no server could take the session',
  'dial-failed': 'no server that was tried took the connection',
  'resources-exhausted': 'this process has no descriptor or port left to reach a server',
  'proxy-header-timeout': 'no whole PROXY header came in time',
  'proxy-header-invalid': 'a trusted sender did not begin with a valid PROXY header',
  'hello-timeout': 'no whole ClientHello came in time',
  'hello-invalid': 'the ClientHello cannot be read',
  'not-tls': 'the connection did not begin with TLS',
  'name-missing': 'the client named no server and there is no default',
  'name-unknown': 'the client named a server that no row has and there is no default',
  evicted: 'the table of sessions was full and this one was idle for longest',
  cut: 'an operator ended the sessions of its server',
  drained: 'the listener was drained and the session was still open at the deadline',
  stopped: 'the listener was stopped',
} as const;

export type SessionEnding = keyof typeof sessionEndingTable;

/** @param metric ends in `_total`: `plinth_balancer_sessions_ended_total`. */
export function sessionEndings(metric: string): Endings<SessionEnding> {
  return createEndings(metric, 'Sessions of layer 4 ended, by reason', sessionEndingTable);
}

/** Why a datagram was not passed on. */
export const datagramDropTable = {
  'no-server': 'no server could take the session',
  'table-full': 'the table of sessions was full and all had been busy a moment ago',
  'session-queue': 'too many datagrams of the session waited to be sent to its server',
  'answer-queue': 'too many answers waited to be sent to clients',
  'too-large': 'the datagram was larger than the way allows',
  'send-failed': 'the system refused to send it',
  draining: 'the listener is drained and takes no new session',
} as const;

export type DatagramDrop = keyof typeof datagramDropTable;

/** @param metric ends in `_total`: `plinth_balancer_datagrams_dropped_total`. */
export function datagramDrops(metric: string): Endings<DatagramDrop> {
  return createEndings(metric, 'Datagrams dropped, by reason', datagramDropTable);
}
