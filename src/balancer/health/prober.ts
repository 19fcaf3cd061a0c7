/**
 * The door to the part that opens connections: it checks one server once and says what came of it. TCP,
 * TLS and HTTP checks are probers; this folder decides when to ask and what the answers mean.
 */
import type { Server } from '../servers/server.ts';

/** How a check can end. Each has a counter and is what `status` shows for the last check. */
export const probeReasonTable = {
  passed: { success: true, says: 'the server answered as it should' },
  'not-resolved': { success: false, says: 'its name has no address' },
  refused: { success: false, says: 'it refused the connection' },
  unreachable: { success: false, says: 'there is no way to it' },
  'connect-timeout': { success: false, says: 'it did not accept the connection in time' },
  'tls-failed': { success: false, says: 'the TLS handshake failed' },
  'certificate-refused': { success: false, says: 'its certificate is not valid for it' },
  'answer-timeout': { success: false, says: 'it did not answer in time' },
  'closed-early': { success: false, says: 'it closed before it had answered' },
  'not-http': { success: false, says: 'its answer is not HTTP' },
  'wrong-status': { success: false, says: 'the status is none of those wanted' },
  'wrong-body': { success: false, says: 'the body does not hold what it should' },
  'not-made': { success: false, says: 'this process could not make the check; it does not count' },
} as const satisfies Record<string, { success: boolean; says: string }>;

export type ProbeReason = keyof typeof probeReasonTable;

export interface ProbeResult {
  readonly reason: ProbeReason;
  /** From the beginning of the check to its end. */
  readonly durationMs: number;
  /** Status of an HTTP check, where there was one. */
  readonly status?: number;
  /** What the system, TLS or the parser said. */
  readonly detail?: string;
}

export interface Prober {
  /**
   * Checks a server once. `done` is called exactly once, not inside this call, unless the check is
   * cancelled first; a prober keeps to its own timeout.
   *
   * @returns a function that cancels the check; harmless when it has ended.
   */
  probe(server: Server, done: (result: ProbeResult) => void): () => void;
}
