/**
 * What an operator can ask of a running system beside its settings: rows of a table that the system gives and
 * the admin door serves.
 *
 * Invariants: an operation throws only for our own faults, what it refuses is an answer; names in a path
 * and the body come from the network and are checked by the operation.
 */

export interface OperationCall {
  /** What stands in the path where the row has `:name`, decoded. */
  readonly names: Readonly<Record<string, string>>;
  /** The JSON text of the body, parsed; undefined without one. */
  readonly body: unknown;
}

export interface OperationDone {
  readonly ok: true;
  /** Default 200; 202 when what was asked goes on behind the answer. */
  readonly status?: 200 | 201 | 202;
  readonly body: unknown;
}

/** Answered as a problem of RFC 9457. */
export interface OperationRefused {
  readonly ok: false;
  readonly status: number;
  /** Lower-case words joined by `-`; never changes its meaning. */
  readonly problem: string;
  readonly title: string;
  /** One sentence about this case. */
  readonly detail: string;
}

export type OperationAnswer = OperationDone | OperationRefused;

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the system: `/pools/:pool/servers/:server/drain`. */
  readonly path: string;
  /** One sentence for lists. */
  readonly about: string;
  /** Whether the request must bear the token of the admin door. All that change something do. */
  readonly needsToken: boolean;
  run(call: OperationCall): OperationAnswer | Promise<OperationAnswer>;
}
