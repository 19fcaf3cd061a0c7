/** The settings of TLS of a door. */
import {
  choice,
  flag,
  group,
  path,
  records,
  required,
  type ValuesOf,
} from '../core/config/index.ts';

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
