/**
 * The differential fuzzer: rounds of random commands to two servers. Each difference is
 * reported with its seed, both replies and a short sequence that shows it again.
 */
import { Generator } from './generator.ts';
import { newTally, type Tally } from './notes.ts';
import { runRound } from './pair.ts';
import type { Difference, Round, Side, Step } from './round.ts';
import { shrink } from './shrink.ts';

export type FuzzOptions = {
  /** The reference and the server under test. */
  readonly sides: readonly [Side, Side];
  readonly seed: number;
  /** How many commands in all. */
  readonly commands: number;
  /** Commands between two comparisons of the whole state. */
  readonly perRound?: number;
  /** End after this many different findings; 1 if absent. */
  readonly findingsMax?: number;
  /** Families of commands to draw from, by their names in the generator; all if absent. */
  readonly families?: readonly string[] | undefined;
  readonly onProgress?: (done: number, findings: number) => void;
};

export type Finding = {
  readonly seed: number;
  readonly difference: Difference;
  readonly steps: readonly Step[];
  readonly settings: Round['settings'];
};

export type FuzzResult = {
  readonly commands: number;
  readonly rounds: number;
  readonly findings: readonly Finding[];
  readonly tally: Tally;
};

/** Runs rounds until the commands are spent or enough differences are found. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { sides, seed, commands, perRound = 1000, findingsMax = 1 } = options;
  const tally = newTally();
  const findings = new Map<string, Finding>();
  let done = 0;
  let rounds = 0;
  while (done < commands && findings.size < findingsMax) {
    const roundSeed = (seed + rounds * 7919) >>> 0;
    const round = makeRound(roundSeed, Math.min(perRound, commands - done), options.families);
    const difference = await runRound(sides, round, tally);
    if (difference !== undefined && !findings.has(difference.signature)) {
      findings.set(difference.signature, await explore(sides, roundSeed, round, difference));
    }
    done += round.steps.length;
    rounds += 1;
    options.onProgress?.(done, findings.size);
  }
  return { commands: done, rounds, findings: [...findings.values()], tally };
}

/** The round of a seed; the same seed and length give the same round for ever. */
export function makeRound(seed: number, length: number, families?: readonly string[]): Round {
  const generator = new Generator(seed, families);
  const settings = generator.settings();
  const steps: Step[] = [];
  while (steps.length < length) steps.push(...generator.next());
  return { settings, steps };
}

async function explore(
  sides: readonly [Side, Side],
  seed: number,
  round: Round,
  first: Difference,
): Promise<Finding> {
  let difference = first;
  const again = async (units: readonly (readonly Step[])[]) => {
    const found = await runRound(sides, { ...round, steps: units.flat() });
    if (found?.signature !== first.signature) return false;
    difference = found;
    return true;
  };
  const start = unitsOf(round.steps.slice(0, first.index + 1));
  // A server that hangs takes its time to be found so, and to start again.
  const tries = first.signature.startsWith('fall of') ? 30 : 300;
  const units = (await again(start)) ? await shrink(start, again, tries) : start;
  return { seed, difference, steps: units.flat(), settings: round.settings };
}

/** The steps that are kept or left out together. */
function unitsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const units: Step[][] = [];
  let led = false;
  for (const step of steps) {
    if (led) units.at(-1)?.push(step);
    else units.push([step]);
    led = step.leads === true;
  }
  return units;
}

/** A finding for people: what differs, and the commands that lead there. */
export function describeFinding(finding: Finding): string {
  const { seed, difference, steps, settings } = finding;
  const lines = steps.map(
    (step) => `  ${step.connection === 0 ? 'resp2' : 'resp3'} ${step.args.map(quote).join(' ')}`,
  );
  return [
    `${difference.signature} (round seed ${seed})`,
    `  reference ${difference.left}`,
    `  plinth    ${difference.right}`,
    `  settings  ${settings.map(([name, value]) => `${name}=${value}`).join(' ')}`,
    ...lines.slice(-40),
  ].join('\n');
}

function quote(arg: string): string {
  return /^[\w.:*>+$~#@/()-]+$/.test(arg) ? arg : JSON.stringify(arg);
}
