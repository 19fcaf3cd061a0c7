/**
 * What a `TLSSocket` knows of its connection, in our words.
 */
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '../tls.ts';

/** Empty when no protocol was agreed on. */
export function alpnOf(socket: TLSSocket): string {
  return socket.alpnProtocol || '';
}

/** Empty when no name was asked for. */
export function serverNameOf(socket: TLSSocket): string {
  const name: unknown = socket.servername;
  return typeof name === 'string' ? name : '';
}

export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate();
  if (certificate?.fingerprint256 === undefined) return undefined;
  return {
    subjectCommonName: single(certificate.subject?.CN),
    issuerCommonName: single(certificate.issuer?.CN),
    fingerprint256: certificate.fingerprint256,
    authorized: socket.authorized,
  };
}

function single(name: string | string[] | undefined): string | undefined {
  return Array.isArray(name) ? name[0] : name;
}
