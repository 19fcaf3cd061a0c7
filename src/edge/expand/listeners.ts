/** The listeners of a PoP: users without and with TLS, and other PoPs. */
import { type ListenerSettings, listenerRecords } from '../../balancer/config/index.ts';
import { recordDefaults } from '../../core/config/index.ts';
import type { BusTlsSettings } from '../bus/index.ts';
import type { PopSettings } from '../pop-fields.ts';
import { HTTP_LISTENER, HTTPS_LISTENER, TIER_LISTENER } from './names.ts';

/** Files of a certificate. */
export interface CertificateFiles {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  readonly ocsp: string | undefined;
}

/** Only who shows the token of PoPs gets past the gate: what PoPs say of users is believed wherever they come from. */
const EVERYBODY: readonly string[] = ['0.0.0.0/0', '::/0'];

export interface ListenersWanted {
  /** Of requests between PoPs. */
  readonly tierTls: BusTlsSettings;
  /** Connections of one user at once; 0: no limit. */
  readonly clientConnectionsMax: number;
  /** Of sites that have one, in their order. */
  readonly certificates: readonly CertificateFiles[];
}

export function listenersOf(
  own: PopSettings,
  { tierTls, clientConnectionsMax, certificates }: ListenersWanted,
): ListenerSettings[] {
  const { bind, httpPort, httpsPort, tierPort } = own;
  const forUsers = (name: string): ListenerSettings => {
    const defaults = recordDefaults(listenerRecords, name);
    const limits = { ...defaults.limits, connectionsPerAddress: clientConnectionsMax };
    return { ...defaults, bind, limits };
  };
  const http = { ...forUsers(HTTP_LISTENER), port: httpPort };
  const plain = recordDefaults(listenerRecords, TIER_LISTENER);
  const tier = {
    ...plain,
    ...{ bind, port: tierPort, trusted: EVERYBODY },
    tls: { ...plain.tls, certificates: certificatesOf(tierTls) },
  };
  if (httpsPort === undefined || certificates.length === 0) return [http, tier];
  const https = forUsers(HTTPS_LISTENER);
  return [http, { ...https, port: httpsPort, tls: { ...https.tls, certificates } }, tier];
}

function certificatesOf({ certFile, keyFile }: BusTlsSettings): CertificateFiles[] {
  if (certFile === undefined || keyFile === undefined) return [];
  return [{ name: TIER_LISTENER, cert: certFile, key: keyFile, ocsp: undefined }];
}
