/** The listeners of a PoP: users without and with TLS, and other PoPs. */
import { type ListenerSettings, listenerRecords } from '../../balancer/index.ts';
import { parseIp } from '../../core/base/index.ts';
import { recordDefaults } from '../../core/config/index.ts';
import type { PopSettings } from '../pop-fields.ts';
import { HTTP_LISTENER, HTTPS_LISTENER, TIER_LISTENER } from './names.ts';

/** Files of a certificate. */
export interface CertificateFiles {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  readonly ocsp: string | undefined;
}

export function listenersOf(
  own: PopSettings,
  pops: readonly PopSettings[],
  certificates: readonly CertificateFiles[],
): ListenerSettings[] {
  const { bind, httpPort, httpsPort, tierPort } = own;
  const http = { ...recordDefaults(listenerRecords, HTTP_LISTENER), bind, port: httpPort };
  const tier = {
    ...recordDefaults(listenerRecords, TIER_LISTENER),
    ...{ bind, port: tierPort, trusted: addressesOf(pops) },
  };
  if (httpsPort === undefined || certificates.length === 0) return [http, tier];
  const https = recordDefaults(listenerRecords, HTTPS_LISTENER);
  return [http, { ...https, bind, port: httpsPort, tls: { ...https.tls, certificates } }, tier];
}

/** Whose word on clients is believed: PoPs', by what they bind and are reached at. */
function addressesOf(pops: readonly PopSettings[]): string[] {
  const found = pops.flatMap(({ bind, host, addresses }) => [bind, host ?? bind, ...addresses]);
  return [...new Set(found)].filter(
    (text) => parseIp(text) !== null && text !== '0.0.0.0' && text !== '::',
  );
}
