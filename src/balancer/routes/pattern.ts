/**
 * Matches whole paths against a pattern in time that grows with path times pattern and no faster: all ways
 * through the pattern are followed at once, byte by byte, so there is nothing to go back to. Where only yes or
 * no is asked, the states in which that can be are remembered (pattern-states.ts).
 *
 * Source: R. Pike's machine as told by R. Cox, "Regular Expression Matching: the Virtual Machine Approach"
 * (2009). The way that JavaScript would have found first is preferred, so groups have the same text.
 *
 * Invariants: nothing is allocated to match, once the states are known; `positions` hold until the next match of any pattern; not
 * re-entrant. Hot: bench/balancer-routes.ts.
 */
import { compilePattern, Op, PROGRAM_STEPS_MAX, type Program } from './pattern-program.ts';
import { PatternStates, Verdict } from './pattern-states.ts';
import { PatternError, parsePattern } from './pattern-syntax.ts';

const SLASH = 0x2f;
/** Bytes of `segments`: no more segments than a scan of a path tells. */
const SEGMENTS_BYTES_MAX = 64;
/** Groups that a pattern may have: $1 to $9. */
const GROUPS_MAX = 9;
const WIDTH_MAX = (GROUPS_MAX + 1) * 2;

/** Where ways through the program stand at one byte, the preferred first, each with its positions. */
class Ways {
  readonly steps: Int32Array = new Int32Array(PROGRAM_STEPS_MAX);
  readonly positions: Int32Array = new Int32Array(PROGRAM_STEPS_MAX * WIDTH_MAX);
  count = 0;
}

let current = new Ways();
let following = new Ways();
/** In which round a step was reached last: the second way to a step is never better. */
const reached = new Float64Array(PROGRAM_STEPS_MAX);
let round = 0;
const saved = new Int32Array(WIDTH_MAX);

export class Pattern {
  readonly groups: number;
  /** Whole segments that every path begins with that matches, without a slash at the end; empty when there are none. */
  readonly segments: Buffer;
  private readonly program: Program;
  private readonly states: PatternStates;
  /** Bytes that every match begins with. */
  private readonly beginning: Buffer;

  /** @throws PatternError */
  constructor(text: string) {
    // The whole path is matched, so it begins here anyway.
    const syntax = parsePattern(text.replace(/^\^/, ''));
    if (syntax.groups > GROUPS_MAX) throw new PatternError(`it has more than ${GROUPS_MAX} groups`);
    this.groups = syntax.groups;
    this.program = compilePattern(syntax);
    const { ops, x } = this.program;
    const other = ops.findIndex((op) => op !== Op.byte);
    this.beginning = Buffer.from(x.subarray(0, other));
    this.states = new PatternStates(this.program, this.beginning.length);
    const slash = this.beginning.lastIndexOf(SLASH, SEGMENTS_BYTES_MAX);
    this.segments = this.beginning.subarray(0, Math.max(0, slash));
  }

  /** Whether all of `buf[start, end)` matches. */
  matches(buf: Buffer, start: number, end: number): boolean {
    const from = start + this.beginning.length;
    if (!this.begins(buf, start, end)) return false;
    const verdict = this.states.verdict(buf, from, end);
    return verdict === Verdict.unknown ? this.run(buf, start, end, 0) : verdict === Verdict.yes;
  }

  /**
   * Matches and says where the groups lie.
   * @returns start and end of group `n` in `buf` at `2 n` and `2 n + 1`, -1 for one without part in the match.
   */
  positions(buf: Buffer, start: number, end: number): Int32Array | undefined {
    return this.run(buf, start, end, (this.groups + 1) * 2) ? saved : undefined;
  }

  private begins(buf: Buffer, start: number, end: number): boolean {
    const { beginning } = this;
    if (end - start < beginning.length) return false;
    for (let i = 0; i < beginning.length; i++) if (buf[start + i] !== beginning[i]) return false;
    return true;
  }

  private run(buf: Buffer, start: number, end: number, width: number): boolean {
    const { beginning, program } = this;
    if (!this.begins(buf, start, end)) return false;
    const { ops, x, sets } = program;
    current.count = 0;
    round++;
    saved.fill(-1, 0, width);
    // The steps of the beginning are done.
    follow(program, current, beginning.length, start + beginning.length, start, end, width);
    for (let at = start + beginning.length; at < end; at++) {
      const byte = buf[at]!;
      const { count, steps, positions } = current;
      following.count = 0;
      round++;
      for (let way = 0; way < count; way++) {
        const step = steps[way]!;
        const op = ops[step]!;
        const passes =
          op === Op.byte ? x[step] === byte : op === Op.set && sets[x[step]!]![byte] === 1;
        if (!passes) continue;
        for (let i = 0; i < width; i++) saved[i] = positions[way * WIDTH_MAX + i]!;
        follow(program, following, step + 1, at + 1, start, end, width);
      }
      const done = current;
      current = following;
      following = done;
      if (current.count === 0) return false;
    }
    return found(program, width);
  }
}

/** Whether a way has come to the end; the positions of the preferred one are saved. */
function found({ ops }: Program, width: number): boolean {
  const { count, steps, positions } = current;
  for (let way = 0; way < count; way++) {
    if (ops[steps[way]!] !== Op.match) continue;
    for (let i = 0; i < width; i++) saved[i] = positions[way * WIDTH_MAX + i]!;
    return true;
  }
  return false;
}

/** Goes from a step on to all steps that take a byte, or match, and notes them with the positions in `saved`. */
function follow(
  program: Program,
  ways: Ways,
  from: number,
  at: number,
  start: number,
  end: number,
  width: number,
): void {
  const { ops, x, y } = program;
  let step = from;
  for (;;) {
    if (reached[step] === round) return;
    reached[step] = round;
    switch (ops[step]) {
      case Op.jump:
        step = x[step]!;
        break;
      case Op.split:
        follow(program, ways, x[step]!, at, start, end, width);
        step = y[step]!;
        break;
      case Op.start:
        if (at !== start) return;
        step++;
        break;
      case Op.end:
        if (at !== end) return;
        step++;
        break;
      case Op.save:
      case Op.forget: {
        const index = x[step]!;
        if (width > 0) {
          const before = saved[index]!;
          saved[index] = ops[step] === Op.save ? at : -1;
          follow(program, ways, step + 1, at, start, end, width);
          saved[index] = before;
          return;
        }
        step++;
        break;
      }
      default: {
        const way = ways.count++;
        ways.steps[way] = step;
        for (let i = 0; i < width; i++) ways.positions[way * WIDTH_MAX + i] = saved[i]!;
        return;
      }
    }
  }
}
