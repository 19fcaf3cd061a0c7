/** What a certificate says of itself, read from PEM. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Validity } from './schedule.ts';

export interface CertificateFacts extends Validity {
  /** DNS names of subjectAltName, small letters. */
  readonly names: readonly string[];
  /** Common name of the issuer, else all of its name. */
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** SHA-256, as in `PeerCertificate`. */
  readonly fingerprint256: string;
  /** Signed by its own key: no authority has seen it. */
  readonly isOwn: boolean;
}

/** A certificate with the chain below it, and its key; PEM. */
export interface Pair {
  readonly chain: string;
  readonly key: string;
}

/** Facts of the first certificate of a chain; undefined: it can not be read, or the key is not its own. */
export function factsOf({ chain, key }: Pair): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(chain);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    return factsOfCertificate(certificate);
  } catch {
    return undefined;
  }
}

function factsOfCertificate(certificate: X509Certificate): CertificateFacts {
  const { issuer, subject, serialNumber, fingerprint256, subjectAltName } = certificate;
  return {
    names: [...(subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(([, name]) =>
      String(name).toLowerCase(),
    ),
    issuer: /^CN=(.+)$/m.exec(issuer)?.[1] ?? issuer.replaceAll('\n', ', '),
    serial: serialNumber,
    fingerprint256,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    isOwn: issuer === subject && certificate.verify(certificate.publicKey),
  };
}
