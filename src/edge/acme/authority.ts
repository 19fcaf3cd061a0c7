/** What is asked of an authority, whoever speaks with it. */
import type { Pair } from './certificate-facts.ts';
import type { ChallengeAnswer } from './sharing.ts';

export interface CertificateOrder {
  /** DNS names, `*.example.org` among them. */
  readonly names: readonly string[];
  /** The certificate that the new one takes the place of (RFC 9773 section 5); undefined: none, or it does not matter. */
  readonly replaces: Pair | undefined;
  /** Gives it up: AcmeError 'stopped'. */
  readonly signal: AbortSignal;
}

/** Where answers to challenges are put up. */
export interface ChallengeBoard {
  readonly canAnswerDns: boolean;
  /** @returns takes them down. @throws the name server's error. */
  put(answers: readonly ChallengeAnswer[]): Promise<() => Promise<void>>;
}

/** When the authority would like a certificate to be renewed (RFC 9773). */
export interface RenewalWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** In so long to ask again. */
  readonly askAgainMs: number;
}

export interface Authority {
  /** The URL that it describes itself at. */
  readonly directory: string;
  /** A certificate for these names, and its key. @throws AcmeError */
  obtain(order: CertificateOrder, board: ChallengeBoard): Promise<Pair>;
  /** Undefined: it has no wishes. @throws AcmeError */
  renewalWindow(certificate: Pair): Promise<RenewalWindow | undefined>;
}
