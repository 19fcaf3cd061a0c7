/** What the parts of the fuzzer hand to each other: two servers, a round of commands, what differs. */
import type { Address } from '../../support/process.ts';

/** A server of the pair; `revive` makes it answer again after it fell or hung. */
export type Side = {
  readonly address: Address;
  /** The end of what the process printed: its own word on why it fell. */
  lastWords(): string;
  revive(): Promise<void>;
  /** Does what no client may notice; called between two writes of commands. */
  disturb?(): Promise<void>;
};

/** One command and the connection it goes over: 0 speaks RESP2, 1 speaks RESP3. */
export type Step = {
  readonly connection: 0 | 1;
  readonly args: readonly string[];
  /** Says nothing without the step behind it, and is kept or left out with it. */
  readonly leads?: true;
};

export type Round = {
  readonly settings: readonly (readonly [string, string])[];
  readonly steps: readonly Step[];
};

export type Difference = {
  /** What would have to stay alike while the sequence is shrunk. */
  readonly signature: string;
  /** Index of the step, or the number of steps for a difference of the final state. */
  readonly index: number;
  readonly left: string;
  readonly right: string;
};
