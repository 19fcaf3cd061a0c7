/**
 * The states that a pattern's program can be in, found as paths lead to them and kept: then a byte costs one look
 * into a table. They tell whether a path matches, not where its groups lie.
 *
 *     state       the steps that wait for a byte, or for the end
 *     next        by state and class of the byte: the state behind it, and 2; 0 not known yet, 1 none
 *
 * Bytes that no step tells apart are of one class. A program can have more states than anybody has room for;
 * whoever meets one of those is told so, and follows all ways instead (pattern.ts).
 *
 * Hot: bench/balancer-routes.ts.
 */
import { Op, PROGRAM_STEPS_MAX, type Program } from './pattern-program.ts';

/** States kept of one pattern. */
const STATES_MAX = 128;
const UNKNOWN = 0;
const NONE = 1;
const FIRST = 2;

/** Whether a path matches; `unknown` when it leads to more states than are kept. */
export const Verdict = { no: 0, yes: 1, unknown: 2 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** Steps that a closure has been at; cleared before each. */
const seen = new Uint8Array(PROGRAM_STEPS_MAX);

export class PatternStates {
  private readonly program: Program;
  private readonly from: number;
  private classes: Uint8Array = new Uint8Array(0);
  private classCount = 0;
  private next: Uint8Array = new Uint8Array(0);
  private readonly steps: (readonly number[])[] = [];
  private readonly accepting: boolean[] = [];
  private readonly byKey = new Map<string, number>();

  /** @param from the step to begin with, behind those that take the first bytes of every match. */
  constructor(program: Program, from: number) {
    this.program = program;
    this.from = from;
  }

  /** Whether the program, begun behind its first bytes, takes all of `buf[start, end)`. */
  verdict(buf: Buffer, start: number, end: number): Verdict {
    if (this.classCount === 0) this.begin();
    const { classes, classCount } = this;
    let table = this.next;
    let state = 0;
    for (let at = start; at < end; at++) {
      const place = state * classCount + classes[buf[at]!]!;
      let next = table[place]!;
      if (next < FIRST) {
        if (next === UNKNOWN) next = this.explore(state, buf[at]!, place);
        if (next < FIRST) return next === NONE ? Verdict.no : Verdict.unknown;
        table = this.next;
      }
      state = next - FIRST;
    }
    return this.accepting[state] === true ? Verdict.yes : Verdict.no;
  }

  /** Most patterns of a large configuration are met late or never: nothing is made before. */
  private begin(): void {
    const { ops, x, sets } = this.program;
    this.classes = classesOf(ops, x, sets);
    this.classCount = Math.max(...this.classes) + 1;
    const first: number[] = [];
    seen.fill(0, 0, ops.length);
    closure(this.program, this.from, this.from === 0, false, first);
    this.add(first);
  }

  /** Finds the state behind a byte. `UNKNOWN` when it would be one too many. */
  private explore(state: number, byte: number, place: number): number {
    const { program } = this;
    const { ops, x, sets } = program;
    const steps: number[] = [];
    seen.fill(0, 0, ops.length);
    for (const step of this.steps[state] as readonly number[]) {
      const op = ops[step];
      const takes =
        op === Op.byte ? x[step] === byte : op === Op.set && sets[x[step]!]![byte] === 1;
      if (takes) closure(program, step + 1, false, false, steps);
    }
    const next = steps.length === 0 ? NONE : this.add(steps);
    this.next[place] = next;
    return next;
  }

  /** The state of these steps, and 2; `UNKNOWN` when there is no room for it. */
  private add(steps: number[]): number {
    const { program, byKey } = this;
    steps.sort((a, b) => a - b);
    const key = steps.join();
    const known = byKey.get(key);
    if (known !== undefined) return known + FIRST;
    const state = this.steps.length;
    if (state === STATES_MAX) return UNKNOWN;
    this.steps.push(steps);
    byKey.set(key, state);
    const atEnd: number[] = [];
    seen.fill(0, 0, program.ops.length);
    for (const step of steps) closure(program, step, false, true, atEnd);
    this.accepting.push(atEnd.some((step) => program.ops[step] === Op.match));
    const grown = new Uint8Array((state + 1) * this.classCount);
    grown.set(this.next);
    this.next = grown;
    return state + FIRST;
  }
}

/** Adds to `into` the steps that are reached from one without a byte, and that wait for one or for the end. */
function closure(
  program: Program,
  from: number,
  atStart: boolean,
  atEnd: boolean,
  into: number[],
): void {
  const { ops, x, y } = program;
  const open = [from];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (seen[step] === 1) continue;
    seen[step] = 1;
    switch (ops[step]) {
      case Op.jump:
        open.push(x[step]!);
        break;
      case Op.split:
        open.push(x[step]!, y[step]!);
        break;
      case Op.save:
      case Op.forget:
        open.push(step + 1);
        break;
      case Op.start:
        if (atStart) open.push(step + 1);
        break;
      case Op.end:
        if (atEnd) open.push(step + 1);
        else into.push(step);
        break;
      default:
        into.push(step);
    }
  }
}

/** A class for each byte: bytes of one class are taken by the same steps. */
function classesOf(ops: Uint8Array, x: Int32Array, sets: readonly Uint8Array[]): Uint8Array {
  const classes = new Uint8Array(256);
  for (const set of sets) refine(classes, (byte) => set[byte]!);
  const alone = new Set<number>();
  for (let step = 0; step < ops.length; step++) if (ops[step] === Op.byte) alone.add(x[step]!);
  for (const each of alone) refine(classes, (byte) => Number(byte === each));
  return classes;
}

/** Tells bytes apart by a further mark. */
function refine(classes: Uint8Array, markOf: (byte: number) => number): void {
  const numbers = new Map<number, number>();
  for (let byte = 0; byte < 256; byte++) {
    const key = classes[byte]! * 2 + markOf(byte);
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
    }
    classes[byte] = number;
  }
}
