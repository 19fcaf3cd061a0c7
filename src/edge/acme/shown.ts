/** Certificates as operators see them. */
import type { Keeping } from './keeping.ts';
import type { LeftOut } from './wanted.ts';

/** Times as in RFC 3339. */
export interface CertificateShown {
  readonly name: string;
  readonly names: readonly string[];
  /** `placeholder`: no authority has signed one yet; `unfit`: it is used although other names are wanted now. */
  readonly state: 'valid' | 'expired' | 'unfit' | 'placeholder';
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly fingerprint256: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  /** When the authority is asked next, by the PoP that does; null: at once. */
  readonly nextRenewal: string | null;
  readonly isBusy: boolean;
  /** Tries since the last success. */
  readonly failures: number;
  readonly lastFailure: {
    readonly at: string;
    readonly code: string;
    readonly says: string;
  } | null;
}

export interface CertificatesShown {
  readonly isCoordinator: boolean;
  readonly certificates: readonly CertificateShown[];
  /** Hosts for which there are none. */
  readonly leftOut: readonly LeftOut[];
}

export function showCertificate(keeping: Keeping, nowMs: number): CertificateShown {
  const { wanted, signed, course, lastFailure, isBusy } = keeping;
  const dueMs = keeping.dueAtMs();
  return {
    ...{ name: wanted.name, names: wanted.names, state: stateOf(keeping, nowMs) },
    issuer: signed?.issuer ?? null,
    serial: signed?.serial ?? null,
    fingerprint256: signed?.fingerprint256 ?? null,
    notBefore: signed === undefined ? null : time(signed.notBeforeMs),
    notAfter: signed === undefined ? null : time(signed.notAfterMs),
    nextRenewal: dueMs <= nowMs ? null : time(dueMs),
    ...{ isBusy, failures: course.failures },
    lastFailure:
      lastFailure === undefined
        ? null
        : { at: time(lastFailure.atMs), code: lastFailure.code, says: lastFailure.says },
  };
}

function stateOf({ signed, course }: Keeping, nowMs: number): CertificateShown['state'] {
  if (signed === undefined) return 'placeholder';
  if (signed.notAfterMs <= nowMs) return 'expired';
  return course.held === undefined ? 'unfit' : 'valid';
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
