/** Accepted connections: limits, timeouts, back-pressure, drain, TLS. */
export type { Connection, ConnectionHandler } from './connection.ts';
export type { EndedBy, EndingReason } from './ending-reasons.ts';
export { endingReasons, endingReasonTable } from './ending-reasons.ts';
export type { Listener, ListenerStats, ListenOptions } from './listener.ts';
