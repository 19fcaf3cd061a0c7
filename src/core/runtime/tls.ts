/**
 * What is chosen for TLS, on either side. Texts are PEM; the fields mean what they mean in `node:tls`.
 */

/**
 * What a server takes if it is not told otherwise: forward secrecy and authenticated encryption only, so nothing
 * that RFC 9113 appendix A forbids below HTTP/2, and what RFC 9325 section 4.2 recommends. Every client of the last
 * ten years has one of them.
 */
export const MODERN_CIPHERS: string = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** A certificate with the chain below it, and its key. */
export interface TlsCertificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly passphrase?: string;
  /** What its authority says of it (OCSP, DER): sent to clients that ask in the handshake, RFC 6066 section 8. */
  readonly ocsp?: Buffer;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

interface TlsChoices {
  /** Default TLSv1.2. */
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** Cipher suites, as in OpenSSL's ciphers(1). A server's default: `MODERN_CIPHERS`; a client's: those of Node. */
  readonly ciphers?: string;
  /** Application protocols (RFC 7301), the one wanted most first. */
  readonly alpn?: readonly string[];
  /** Authorities that the peer's certificate must chain to. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

/**
 * A TLS server. Its own `cert` is shown to clients that name no server or one that no certificate has.
 *
 * A client that offers protocols of which `alpn` has none is turned away (RFC 7301 section 3.2).
 */
export interface TlsOptions extends TlsCertificate, TlsChoices {
  /**
   * More certificates. Each is shown to clients that ask (SNI) for one of the DNS names in its subjectAltName;
   * `*.example.org` stands for one label (RFC 9525 section 6.3). Of two for one name the earlier wins.
   */
  readonly certificates?: readonly TlsCertificate[];
  /** Ask the client for a certificate. */
  readonly requestCert?: boolean;
  /** With `requestCert`: end the handshake when it is missing or not trusted. Default true. */
  readonly rejectUnauthorized?: boolean;
  /** How long a client may resume its session, seconds. Default 7200; 0: never. */
  readonly sessionSeconds?: number;
  /**
   * Servers of one secret resume each other's sessions if they ask the same of clients' certificates. Under another
   * secret, as after a change of it, a session is not resumed: the handshake is a whole one and does not fail. At
   * least 32 bytes that nobody guesses. Default: one of the listener's own.
   */
  readonly sessionSecret?: Buffer;
}

/** A TLS client, for dialling. Without `ca` the authorities of the system's Node are trusted. */
export interface TlsClientOptions extends TlsChoices {
  /** Shown to a server that asks for it. */
  readonly certificate?: TlsCertificate;
  /** The name that is sent (SNI) and that the certificate must have. Default: the host that is dialled. */
  readonly serverName?: string;
  /** False: any certificate will do, the connection is then open to whoever sits between. Default true. */
  readonly verify?: boolean;
  /** Resume sessions with servers that were verified before. Default true. */
  readonly sessionReuse?: boolean;
}

/** `TlsClientOptions`, checked and ready, with the sessions that may be resumed. Made by `Network.tlsClient`. */
export interface TlsClient {
  readonly options: TlsClientOptions;
}

/** What is known of a peer's certificate. */
export interface PeerCertificate {
  /** Common name of the subject, the usual user name of certificate authentication. */
  readonly subjectCommonName: string | undefined;
  readonly issuerCommonName: string | undefined;
  /** SHA-256 of the certificate, upper-case hexadecimal pairs joined by colons. */
  readonly fingerprint256: string;
  /** True when it chains to an authority of `ca`, and, of a server, has its name. */
  readonly authorized: boolean;
}
