/**
 * Which certificate a client gets for the name it asks for (SNI).
 *
 * Names are those of subjectAltName; the common name is not one (RFC 9525 section 2). An exact name goes before
 * a wildcard, and a wildcard stands for exactly one label, the leftmost.
 */
import { X509Certificate } from 'node:crypto';

export class CertificateNames<T> {
  private readonly exact = new Map<string, T>();
  private readonly wildcard = new Map<string, T>();

  /**
   * Of two for one name the earlier stays.
   * @param pem a certificate, those after the first do not count.
   * @throws when it is no certificate or has no DNS name.
   */
  add(pem: string | Buffer, value: T): void {
    const names = dnsNamesOf(pem);
    if (names.length === 0) throw new Error('a certificate has no DNS name in its subjectAltName');
    for (const name of names) {
      const map = name.startsWith('*.') ? this.wildcard : this.exact;
      const key = name.startsWith('*.') ? name.slice(2) : name;
      if (!map.has(key)) map.set(key, value);
    }
  }

  find(serverName: string): T | undefined {
    const name = serverName.toLowerCase();
    const exact = this.exact.get(name);
    if (exact !== undefined || this.wildcard.size === 0) return exact;
    const dot = name.indexOf('.');
    return dot > 0 ? this.wildcard.get(name.slice(dot + 1)) : undefined;
  }
}

/** DNS names of subjectAltName, in lower case. @throws when it is no certificate. */
export function dnsNamesOf(pem: string | Buffer): string[] {
  const names = new X509Certificate(pem).subjectAltName ?? '';
  // Node puts names with odd characters into quotes; those are none of a host.
  return names
    .split(', ')
    .filter((name) => /^DNS:[\w*.-]+$/.test(name))
    .map((name) => name.slice(4).toLowerCase());
}
