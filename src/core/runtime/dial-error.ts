/**
 * Why a stream to somewhere could not be had.
 */
import type { ListenAddress } from './transport.ts';

/** What an operator can make of each code. Before the handshake nothing but `DialOptions.preface` was sent. */
export const dialErrorTable = {
  refused: 'nobody listens there',
  timeout: 'no answer in time',
  unreachable: 'no way to that address: look at routes and firewalls',
  reset: 'the other end broke the connection off',
  'path-missing': 'there is no such socket file',
  'not-permitted': 'this user may not connect there',
  'name-unknown': 'the host has no address by that name',
  'name-failed': 'the name could not be looked up: look at the name servers',
  'local-address': 'our own address cannot be used, or all its ports are taken',
  'descriptors-limit': 'this process has too many files open: raise its limit (ulimit -n)',
  'socket-failed': 'the system could not connect',
  'tls-settings': 'our certificate, key or authority cannot be used',
  'tls-closed': 'the other end closed in the handshake',
  'tls-not-spoken': 'the other end does not speak TLS',
  'tls-version': 'no version of TLS in common',
  'tls-refused': 'the other end refused the handshake with an alert',
  'tls-protocol': 'the handshake went wrong',
  'tls-expired': "the server's certificate has expired",
  'tls-not-yet-valid': "the server's certificate is not valid yet",
  'tls-name-mismatch': "the server's certificate is for another name",
  'tls-unknown-authority': "the server's certificate is of an authority that is not trusted",
  'tls-revoked': "the server's certificate was revoked",
  'tls-certificate': "the server's certificate cannot be used",
} as const;

export type DialErrorCode = keyof typeof dialErrorTable;

/** The world's failure to let us connect. */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly code: DialErrorCode;
  /** What the system or TLS said. */
  readonly detail: string;

  constructor(code: DialErrorCode, address: ListenAddress, detail: string, cause?: unknown) {
    const where = 'path' in address ? address.path : hostPort(address.host, address.port);
    super(`cannot connect to ${where}: ${dialErrorTable[code]} (${detail})`, { cause });
    this.code = code;
    this.detail = detail;
  }
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
