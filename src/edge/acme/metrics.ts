/** What certificates tell Prometheus. */
import type { MetricSpec } from '../../core/observe/index.ts';
import { type AcmeErrorCode, acmeErrorTable } from './acme-error.ts';
import type { Keeping } from './keeping.ts';

/** What metrics read. */
export interface Certified {
  readonly all: Iterable<Keeping>;
  readonly counts: {
    readonly renewals: number;
    readonly received: number;
    readonly failures: ReadonlyMap<AcmeErrorCode, number>;
  };
}

/** All metrics there are, for documentation. */
export function acmeMetricTable(): readonly MetricSpec[] {
  return acmeMetrics(
    { all: [], counts: { renewals: 0, received: 0, failures: new Map() } },
    { answered: 0 },
  );
}

export function acmeMetrics(
  certified: Certified,
  challenges: { readonly answered: number },
): readonly MetricSpec[] {
  const { counts } = certified;
  return [
    {
      name: 'plinth_edge_certificate_expiry_timestamp_seconds',
      help: 'Until when a certificate holds, seconds since 1970; 0: an authority has not signed one yet.',
      type: 'gauge',
      labels: ['certificate'],
      collect(emit) {
        for (const { wanted, signed } of certified.all) {
          emit((signed?.notAfterMs ?? 0) / 1000, wanted.name);
        }
      },
    },
    {
      name: 'plinth_edge_certificate_renewals_total',
      help: 'Certificates that this PoP has obtained from an authority.',
      type: 'counter',
      collect: (emit) => emit(counts.renewals),
    },
    {
      name: 'plinth_edge_certificates_received_total',
      help: 'Certificates that this PoP has got from another PoP.',
      type: 'counter',
      collect: (emit) => emit(counts.received),
    },
    {
      name: 'plinth_edge_certificate_failures_total',
      help: 'Tries to obtain a certificate that failed, by reason.',
      type: 'counter',
      labels: ['reason'],
      collect(emit) {
        for (const reason of Object.keys(acmeErrorTable) as AcmeErrorCode[]) {
          emit(counts.failures.get(reason) ?? 0, reason);
        }
      },
    },
    {
      name: 'plinth_edge_challenges_answered_total',
      help: 'Requests of authorities for answers to challenges.',
      type: 'counter',
      collect: (emit) => emit(challenges.answered),
    },
  ];
}
