/** What is noted while a round runs: what was run, what differed with a reason, what explanations rest on. */
import type { Context } from './explained/index.ts';
import { dumpRestore } from './grammar/scripts.ts';
import type { Round } from './round.ts';

/** Where explained differences and run commands are counted. */
export type Tally = {
  readonly explained: Map<string, number>;
  readonly commands: Map<string, number>;
  errors: number;
};

/** What is known while a round runs. */
export type Notes = {
  readonly tally: Tally;
  readonly context: Context;
  /** Set by an explained difference after which the states differ. */
  parted: boolean;
};

export function contextOf(round: Round): Context {
  const said = new Set(round.steps.flatMap((step) => step.args.map((arg) => arg.toUpperCase())));
  return {
    restores: said.has(dumpRestore.toUpperCase()),
    sorts: said.has('SORT') || said.has('SORT_RO'),
    storesDistances: said.has('STOREDIST'),
    fails: said.has('FAIL'),
    overflows: said.has('1E400') || said.has('1E-400'),
  };
}

export function newTally(): Tally {
  return { explained: new Map(), commands: new Map(), errors: 0 };
}

/** Counts one more of this name. */
export function count(into: Map<string, number>, name: string): void {
  into.set(name, (into.get(name) ?? 0) + 1);
}
