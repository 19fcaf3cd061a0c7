/** Certificates and keys from the files that settings name. */
import {
  type Disk,
  ListenError,
  type Network,
  type TlsClient,
  type TlsOptions,
} from '../core/runtime/index.ts';
import { readFileWhole } from '../core/store/index.ts';
import type { ListenerSettings, PoolSettings } from './config/config.ts';

/** @throws ListenError 'tls-invalid' when a file can not be read. Undefined: the listener has no certificate. */
export function tlsOfListener(
  disk: Disk,
  { name, protocol, tls }: ListenerSettings,
  sessionSecret: Buffer | null,
): TlsOptions | undefined {
  const [first, ...others] = tls.certificates;
  if (first === undefined) return undefined;
  const read = (path: string): Buffer => {
    let cause: unknown;
    try {
      const bytes = readFileWhole(disk, path);
      if (bytes !== null) return bytes;
    } catch (error) {
      cause = error;
    }
    const problem = new Error(`${path} can not be read`, { cause });
    throw new ListenError('tls-invalid', name, problem);
  };
  const certificate = ({ cert, key, ocsp }: (typeof tls.certificates)[number]) => ({
    cert: read(cert),
    key: read(key),
    ...(ocsp !== undefined && { ocsp: read(ocsp) }),
  });
  return {
    ...certificate(first),
    certificates: others.map(certificate),
    minVersion: tls.minVersion,
    ...(tls.ciphers !== undefined && { ciphers: tls.ciphers }),
    ...(protocol === 'http' && { alpn: tls.http2 ? ['h2', 'http/1.1'] : ['http/1.1'] }),
    ...(tls.clientCa !== undefined && { ca: read(tls.clientCa) }),
    requestCert: tls.clients !== 'no',
    rejectUnauthorized: tls.clients === 'required',
    ...(sessionSecret !== null && { sessionSecret }),
  };
}

/** @throws DialError 'tls-settings'. Undefined: the pool's servers are spoken to without TLS. */
export function tlsOfPool(
  disk: Disk,
  network: Network,
  { upstream }: PoolSettings,
): TlsClient | undefined {
  if (!upstream.tls) return undefined;
  const read = (path: string): Buffer => {
    const bytes = readFileWhole(disk, path);
    if (bytes === null) throw new Error(`${path} can not be read`);
    return bytes;
  };
  const { tlsCert, tlsKey, tlsCa, tlsName, tlsVerify, protocol } = upstream;
  return network.tlsClient({
    verify: tlsVerify,
    alpn: protocol === 'http2' ? ['h2'] : ['http/1.1'],
    ...(tlsName !== undefined && { serverName: tlsName }),
    ...(tlsCa !== undefined && { ca: read(tlsCa) }),
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && { certificate: { cert: read(tlsCert), key: read(tlsKey) } }),
  });
}
