/** The door of edge/acme: certificates by ACME for the hosts of sites, shared by all PoPs. */
export { AccountFile } from './account-file.ts';
export { AcmeAuthority, type AcmeAuthorityOptions } from './acme-authority.ts';
export { AcmeError, type AcmeErrorCode, acmeErrorTable } from './acme-error.ts';
export { type AcmeSettings, acmeConflicts, acmeFields } from './acme-fields.ts';
export type { Authority, ChallengeBoard } from './authority.ts';
export { Certificates, type CertificatesContext } from './certificates.ts';
export { Challenges, type ChallengesContext, type TxtRecords } from './challenges.ts';
export { acmeMetrics, acmeMetricTable } from './metrics.ts';
export { acmeOperations, type CertificatesDoor } from './operations.ts';
export { SessionSecrets, type SessionSecretsOptions } from './session-secret.ts';
export type { Sharing } from './sharing.ts';
export type { CertificateShown, CertificatesShown } from './shown.ts';
export {
  type CertifiedSite,
  type LeftOut,
  type Wanted,
  type WantedCertificate,
  wantedCertificates,
} from './wanted.ts';
