/** What operators can ask of certificates, one row each. */
import type { Operation, OperationRefused } from '../../core/base/index.ts';
import type { CertificatesShown } from './shown.ts';

/** What operations speak with. */
export interface CertificatesDoor {
  shown(): CertificatesShown;
  /** False: there is none of this name. */
  renew(name: string): boolean;
}

const refusals = {
  'no-such-certificate': [404, 'There is no such certificate.'],
  'not-coordinator': [409, 'Another PoP asks the authority.'],
} as const;

function refuse(problem: keyof typeof refusals, detail: string): OperationRefused {
  const [status, title] = refusals[problem];
  return { ok: false, status, problem, title, detail };
}

export function acmeOperations(certificates: CertificatesDoor): readonly Operation[] {
  return [
    {
      method: 'GET',
      path: '/certificates',
      about: 'Certificates of the sites: names, issuer, times, next renewal, last failure.',
      needsToken: false,
      run: () => ({ ok: true, body: certificates.shown() }),
    },
    {
      method: 'POST',
      path: '/certificates/:certificate/renew',
      about: 'Asks the authority for a new certificate now, or as soon as it allows it.',
      needsToken: true,
      run: ({ names: { certificate = '' } }) => {
        if (!certificates.shown().isCoordinator) {
          return refuse('not-coordinator', 'ask the PoP that coordinates the network');
        }
        if (!certificates.renew(certificate)) {
          return refuse('no-such-certificate', `no certificate is called ${certificate}`);
        }
        return { ok: true, status: 202, body: { asked: true, certificate } };
      },
    },
  ];
}
