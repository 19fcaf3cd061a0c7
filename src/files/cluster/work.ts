/**
 * Work that the planners give out, and how it may end.
 */

/** Why something is done, the most urgent first: the order is the priority. */
export const REASONS = [
  'last-replica',
  'half-missing',
  'some-missing',
  'drain',
  'racks',
  'corrupt',
  'excess',
  'balance',
] as const;
export type Reason = (typeof REASONS)[number];

interface WorkBase {
  /** Never used twice while the process lasts. */
  readonly id: number;
  readonly block: number;
  /** Of the replica that is copied or deleted. */
  readonly stamp: number;
  readonly reason: Reason;
  /** Place of the reason in REASONS: 0 is the most urgent. */
  readonly priority: number;
}

/** To be told to `from`: send the block to `to`. */
export interface CopyWork extends WorkBase {
  readonly kind: 'copy';
  readonly length: number;
  readonly from: string;
  readonly to: string;
}

/** To be told to `node`: delete the replica of this stamp and no other. */
export interface DeleteWork extends WorkBase {
  readonly kind: 'delete';
  readonly node: string;
}

export type Work = CopyWork | DeleteWork;

/**
 * How work ended. `done`: the copy was sent and taken, the replica is deleted (or was not there). `failed`: it is certain
 * that nothing was done and nothing will be. `unknown`: nobody can tell; the next report does.
 */
export type Outcome =
  | 'done'
  | 'failed'
  | 'unknown'
  | 'source-missing'
  | 'source-corrupt'
  | 'target-full';

/** State of an entry of the ledger. */
export type WorkState = 'open' | Outcome | 'timed-out' | 'node-lost' | 'not-needed';
