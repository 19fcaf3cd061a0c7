/** TLS of a door: its settings, and certificates read from their files. */
import {
  choice,
  flag,
  group,
  path,
  records,
  required,
  type ValuesOf,
} from '../core/config/index.ts';
import { type Disk, ListenError, type TlsOptions } from '../core/runtime/index.ts';
import { readFileWhole } from '../core/store/index.ts';

const reloadable = true;

const fields = {
  certificates: records(
    'Certificates, chosen by the name that a client asks for; the first is for all others.',
    {
      cert: required(path({ default: undefined, about: 'File of the chain, PEM.', reloadable })),
      key: required(
        path({ default: undefined, about: 'File of the private key, PEM.', reloadable }),
      ),
    },
    { one: 'certificate', max: 1000, reloadable },
  ),
  minVersion: choice(['TLSv1.2', 'TLSv1.3'], {
    default: 'TLSv1.2',
    about: 'Oldest version of TLS.',
    reloadable,
  }),
  http2: flag({ default: true, about: 'Offer HTTP/2 by ALPN.', reloadable }),
} as const;

export type TlsSettings = ValuesOf<typeof fields>;

/** @param door as people call it: `WebHDFS`. */
export function tlsGroup(door: string) {
  return group(`TLS of the ${door} door; on when it has a certificate.`, fields);
}

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
