/**
 * What TLS sessions are resumed by: the keys of session tickets (RFC 5077, RFC 8446 section 4.6.1) and the context
 * that OpenSSL compares before it resumes one.
 *
 * Invariants: both follow from a secret and from what is asked of clients' certificates, so servers of one secret
 * agree without a word, and no session outlives the rules that its client was let in by.
 */
import { createHash, hkdfSync } from 'node:crypto';
import type { TlsOptions } from '../tls.ts';

/** As `ticketKeys` of `node:tls` wants them: name, HMAC key and AES key, 16 bytes each. */
const TICKET_KEY_BYTES = 48;
/** As many as OpenSSL takes (SSL_MAX_SID_CTX_LENGTH). */
const SESSION_CONTEXT_LENGTH = 32;

export interface SessionRules {
  readonly ticketKeys: Buffer;
  /** Node's own differs from one command line to the next. */
  readonly sessionIdContext: string;
}

/** @param ownSecret takes the place of `tls.sessionSecret` where there is none. */
export function sessionRulesOf(tls: TlsOptions, ownSecret: Buffer): SessionRules {
  const { ca, requestCert, rejectUnauthorized, sessionSecret } = tls;
  const rules = JSON.stringify([[ca ?? []].flat().map(String), requestCert, rejectUnauthorized]);
  const digest = createHash('sha256').update(rules).digest();
  const info = Buffer.concat([Buffer.from('plinth tls tickets '), digest]);
  const keys = hkdfSync('sha256', sessionSecret ?? ownSecret, '', info, TICKET_KEY_BYTES);
  return {
    ticketKeys: Buffer.from(keys),
    sessionIdContext: digest.toString('hex').slice(0, SESSION_CONTEXT_LENGTH),
  };
}
