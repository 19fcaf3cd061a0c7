/**
 * Every way in which a server behind us can fail a request. Each has a counter, a status for the client when
 * nothing better can be done, and says whether the server may have seen the request.
 */

export interface UpstreamFailure {
  readonly name: string;
  readonly status: 502 | 503 | 504;
  /** False: no byte of the request reached the server. */
  readonly sent: boolean;
  readonly says: string;
}

const rows = {
  noServer: [503, false, 'no server can take the request'],
  queueFull: [503, false, 'too many requests wait for this server'],
  queueTimeout: [503, false, 'the request waited too long for a connection'],
  connectRefused: [502, false, 'the server refused the connection'],
  connectFailed: [502, false, 'the server cannot be reached'],
  connectTimeout: [504, false, 'the server did not answer the connection in time'],
  tlsFailed: [502, false, 'TLS with the server failed'],
  resetUnused: [502, true, 'the server closed a kept connection as it was used again'],
  reset: [502, true, 'the server broke the connection off'],
  closedEarly: [502, true, 'the server ended the connection before its response'],
  badResponse: [502, true, 'the response is not valid HTTP'],
  refusedUnseen: [503, false, 'the server refused the request without looking at it'],
  lost: [504, true, 'the server does not answer any more'],
  truncated: [502, true, 'the response ended before its end'],
  headTimeout: [504, true, 'the response did not begin in time'],
  bodyTimeout: [504, true, 'nothing came of the response for too long'],
  sendTimeout: [504, true, 'the server took nothing of the request for too long'],
  drained: [503, false, 'the server was taken away'],
} as const;

export type UpstreamFailureKey = keyof typeof rows;

export const upstreamFailures: Readonly<Record<UpstreamFailureKey, UpstreamFailure>> =
  Object.fromEntries(
    Object.entries(rows).map(([key, [status, sent, says]]): [string, UpstreamFailure] => [
      key,
      { name: key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), status, sent, says },
    ]),
  ) as Record<UpstreamFailureKey, UpstreamFailure>;
