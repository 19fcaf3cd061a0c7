/**
 * A certificate signed by its own key, so that listeners can start before an authority has signed one. Clients do
 * not trust it, as they should not.
 */
import type { Pair } from './certificate-facts.ts';
import { PLACEHOLDER_MS } from './limits.ts';

/** Only the curve: browsers that meet it stop anyway. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** @param serial 16 bytes of chance. */
export async function placeholderFor(
  names: readonly string[],
  nowMs: number,
  serial: Buffer,
): Promise<Pair> {
  const { KeyUsageFlags, KeyUsagesExtension, SubjectAlternativeNameExtension, ...x509 } =
    await import('@peculiar/x509');
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // The first bit is that of the sign, and a serial number is positive (RFC 5280 section 4.1.2.2).
    serialNumber: `01${serial.toString('hex')}`,
    name: 'CN=no certificate yet,O=Plinth',
    notBefore: new Date(nowMs),
    notAfter: new Date(nowMs + PLACEHOLDER_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
    ],
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    chain: `${certificate.toString('pem')}\n`,
    key: x509.PemConverter.encode(key, 'PRIVATE KEY'),
  };
}
