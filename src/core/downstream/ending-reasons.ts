/**
 * Every way a connection can end. Each has a counter per listener; 'other' is not a reason.
 *
 * `by` says who ended it, so that a chart can part clients that left from work we refused.
 */
export const endingReasonTable = {
  'client-closed': { by: 'client', sentence: 'the client closed the connection' },
  'client-quit': { by: 'client', sentence: 'the client asked to be disconnected' },
  reset: { by: 'client', sentence: 'the client or the network broke the connection off' },
  'read-error': { by: 'network', sentence: 'reading from the socket failed' },
  'write-error': { by: 'network', sentence: 'writing to the socket failed' },
  'handshake-failed': { by: 'client', sentence: 'the TLS handshake failed' },
  'handshake-timeout': { by: 'limit', sentence: 'the TLS handshake took too long' },
  'idle-timeout': { by: 'limit', sentence: 'nothing came from the client for too long' },
  'flush-timeout': { by: 'limit', sentence: 'the client did not take the last bytes in time' },
  'input-limit': { by: 'limit', sentence: 'the client sent more than a request may hold' },
  'output-limit': { by: 'limit', sentence: 'the client did not read its replies' },
  'memory-limit': { by: 'limit', sentence: 'all clients together held too much memory' },
  'connections-limit': { by: 'limit', sentence: 'too many connections were open' },
  'protocol-error': { by: 'client', sentence: 'the client broke the protocol' },
  'auth-failed': { by: 'server', sentence: 'the client was not allowed in' },
  killed: { by: 'server', sentence: 'an operator or another client ended it' },
  'server-drain': { by: 'server', sentence: 'the listener was drained' },
  'server-stop': { by: 'server', sentence: 'the listener was stopped' },
} as const satisfies Record<string, { by: EndedBy; sentence: string }>;

export type EndedBy = 'client' | 'network' | 'limit' | 'server';
export type EndingReason = keyof typeof endingReasonTable;

export const endingReasons = Object.keys(endingReasonTable) as readonly EndingReason[];
