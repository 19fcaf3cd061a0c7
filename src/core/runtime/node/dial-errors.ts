/**
 * What the codes of the system (errno(3)), of OpenSSL and of `node:tls` mean for a dial.
 */
import type { DialErrorCode } from '../dial-error.ts';
import { errorCode } from '../disk.ts';

/** For a failed connect(2). */
export function dialErrorCode(code: string): DialErrorCode {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
      return 'unreachable';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
      return 'path-missing';
    case 'EACCES':
    case 'EPERM':
      return 'not-permitted';
    case 'EADDRNOTAVAIL':
    case 'EADDRINUSE':
      return 'local-address';
    case 'EMFILE':
    case 'ENFILE':
      return 'descriptors-limit';
    default:
      return 'socket-failed';
  }
}

/** Verdicts on the server's certificate: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const verdicts: ReadonlyMap<string, DialErrorCode> = new Map([
  ['CERT_HAS_EXPIRED', 'tls-expired'],
  ['CERT_NOT_YET_VALID', 'tls-not-yet-valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-name-mismatch'],
  ['HOSTNAME_MISMATCH', 'tls-name-mismatch'],
  ['CERT_REVOKED', 'tls-revoked'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'tls-unknown-authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls-unknown-authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls-unknown-authority'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls-unknown-authority'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls-unknown-authority'],
  ['CERT_UNTRUSTED', 'tls-unknown-authority'],
  ['INVALID_CA', 'tls-unknown-authority'],
  ['CERT_SIGNATURE_FAILURE', 'tls-certificate'],
  ['CERT_CHAIN_TOO_LONG', 'tls-certificate'],
  ['PATH_LENGTH_EXCEEDED', 'tls-certificate'],
  ['INVALID_PURPOSE', 'tls-certificate'],
  ['CERT_REJECTED', 'tls-certificate'],
  ['ERROR_IN_CERT_NOT_BEFORE_FIELD', 'tls-certificate'],
  ['ERROR_IN_CERT_NOT_AFTER_FIELD', 'tls-certificate'],
  ['UNSPECIFIED', 'tls-certificate'],
]);

/** For what ended a handshake. */
export function handshakeErrorCode(error: unknown): DialErrorCode {
  const code = errorCode(error);
  const verdict = verdicts.get(code);
  if (verdict !== undefined) return verdict;
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return 'tls-closed';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
      return 'tls-not-spoken';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
    case 'ERR_SSL_NO_PROTOCOLS_AVAILABLE':
      return 'tls-version';
    default:
      return code.includes('_ALERT_') ? 'tls-refused' : 'tls-protocol';
  }
}

/** The code with the words that say more, if there are any. */
export function detailOf(error: unknown): string {
  const code = errorCode(error);
  if (!(error instanceof Error) || error.message === '' || error.message.includes(code)) {
    return error instanceof Error && error.message !== '' ? error.message : code;
  }
  return `${code}: ${error.message}`;
}
