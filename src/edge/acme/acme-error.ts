/** Why there is no certificate: the authority, the way to it, or what it has found of us. */

export const acmeErrorTable = {
  unreachable: 'the authority can not be reached',
  malformed: 'the authority answers what RFC 8555 does not know',
  'rate-limited': 'the authority takes no more for now',
  refused: 'the authority refuses',
  'challenge-failed': 'the authority did not find that the names are ours',
  'too-slow': 'the authority did not come to an end in time',
  'no-challenge': 'the authority offers no challenge that can be answered here',
  unusable: 'what the authority has signed is not what was asked for',
  settings: 'the settings can not be used',
  disk: 'the certificate can not be written',
  stopped: 'the edge is stopping',
} as const satisfies Record<string, string>;

export type AcmeErrorCode = keyof typeof acmeErrorTable;

export interface AcmeErrorFacts {
  /** Type of the problem document (RFC 8555 section 6.7) without its prefix. */
  readonly problem?: string;
  /** How long the authority wants to be left alone, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

export class AcmeError extends Error {
  override readonly name = 'AcmeError';
  readonly code: AcmeErrorCode;
  readonly problem: string | undefined;
  readonly retryAfterMs: number | undefined;

  /** @param detail what was met, with the authority's own words. */
  constructor(code: AcmeErrorCode, detail: string, facts: AcmeErrorFacts = {}) {
    const { cause, problem, retryAfterMs } = facts;
    super(
      detail === '' ? acmeErrorTable[code] : `${acmeErrorTable[code]}: ${detail}`,
      cause === undefined ? {} : { cause },
    );
    this.code = code;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}
