/** Accepted connections: limits, timeouts, back-pressure, drain, TLS. */
export type { Connection, ConnectionHandler } from './connection.ts';
export type { EndingReason } from './ending-reasons.ts';
export { connectionEndings, endingReasonTable } from './ending-reasons.ts';
export * from './http/index.ts';
export { listen } from './listen.ts';
export type { Listener, ListenerStats, ListenOptions } from './listener.ts';
