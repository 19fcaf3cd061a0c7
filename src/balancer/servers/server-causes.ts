/**
 * Why a server may not take what it would otherwise take. Causes are independent (a draining server may be
 * down as well), so they are a set of bits; each is moved by one machine of `health/`.
 *
 * Rule: work is allowed when every cause of the server allows it. The state that is shown is the first
 * cause of the table that is set, or `up`.
 */

interface CauseRow {
  readonly bit: number;
  /** Requests without a session, and sessions that are bound to this server. */
  readonly newWork: boolean;
  readonly boundWork: boolean;
  /** Whether it is used when so few are healthy that all are used. */
  readonly inPanic: boolean;
  readonly says: string;
}

export const serverCauseTable = {
  maintenance: {
    bit: 1,
    newWork: false,
    boundWork: false,
    inPanic: false,
    says: 'an operator took it out; it is not checked',
  },
  drained: {
    bit: 128,
    newWork: false,
    boundWork: false,
    inPanic: false,
    says: 'its drain is over, it takes nothing until it is resumed',
  },
  draining: {
    bit: 2,
    newWork: false,
    boundWork: true,
    inPanic: false,
    says: 'no new sessions, those it has go on until the deadline of the drain',
  },
  down: {
    bit: 4,
    newWork: false,
    boundWork: false,
    inPanic: true,
    says: 'its health checks fail',
  },
  ejected: {
    bit: 8,
    newWork: false,
    boundWork: false,
    inPanic: true,
    says: 'it answered worse than the others, and is left alone for a time',
  },
  tripped: {
    bit: 16,
    newWork: false,
    boundWork: false,
    inPanic: true,
    says: 'its circuit breaker is open',
  },
  probing: {
    bit: 32,
    newWork: true,
    boundWork: true,
    inPanic: true,
    says: 'its circuit breaker is half-open and lets few requests pass',
  },
  starting: {
    bit: 64,
    newWork: true,
    boundWork: true,
    inPanic: true,
    says: 'it has just come back and takes a growing part of its share',
  },
} as const satisfies Record<string, CauseRow>;

export type ServerCause = keyof typeof serverCauseTable;
export type ServerState = ServerCause | 'up';

const rows = Object.entries(serverCauseTable) as [ServerCause, CauseRow][];

function mask(forbids: (row: CauseRow) => boolean): number {
  return rows.reduce((bits, [, row]) => (forbids(row) ? bits | row.bit : bits), 0);
}

/** Bits that forbid new work, work of bound sessions, and work in panic. */
export const forbidsNewWork = mask((row) => !row.newWork);
export const forbidsBoundWork = mask((row) => !row.boundWork);
export const forbidsInPanic = mask((row) => !row.inPanic);

/** The state that is shown for a set of causes. */
export function stateOf(causes: number): ServerState {
  for (const [name, row] of rows) if ((causes & row.bit) !== 0) return name;
  return 'up';
}
