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

/**
 * Answered line by line as it becomes known: JSON texts, each in a line of its own. What may take longer than a
 * client waits tells how far it is, so that it is seen to go on and that somebody who has left is noticed.
 */
export interface OperationStream {
  readonly ok: true;
  /** Called once. It throws only for our own faults. */
  stream(lines: OperationLines): Promise<void>;
}

export interface OperationLines {
  /** Resolves when the client takes more. @returns false: nobody reads any more, there is nothing left to do. */
  write(value: unknown): Promise<boolean>;
}

export type OperationAnswer = OperationDone | OperationStream | OperationRefused;

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
