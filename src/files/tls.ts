/** Certificates of a door, read from their files. */
import { type Disk, ListenError, type TlsOptions } from '../core/runtime/index.ts';
import { readFileWhole } from '../core/store/index.ts';
import type { TlsSettings } from './tls-fields.ts';

/** Undefined: the door speaks without TLS. @throws ListenError 'tls-invalid' */
export function tlsOf(disk: Disk, tls: TlsSettings, door: string): TlsOptions | undefined {
  const [first, ...others] = tls.certificates;
  if (first === undefined) return undefined;
  const certificate = ({ cert, key }: { readonly cert: string; readonly key: string }) => ({
    cert: readPem(disk, cert, door),
    key: readPem(disk, key, door),
  });
  return {
    ...certificate(first),
    certificates: others.map(certificate),
    minVersion: tls.minVersion,
    alpn: tls.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    requestCert: false,
    rejectUnauthorized: false,
  };
}

function readPem(disk: Disk, file: string, door: string): Buffer {
  let cause: unknown;
  try {
    const bytes = readFileWhole(disk, file);
    if (bytes !== null) return bytes;
  } catch (error) {
    cause = error;
  }
  throw new ListenError('tls-invalid', door, new Error(`${file} can not be read`, { cause }));
}
