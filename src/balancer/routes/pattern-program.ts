/**
 * A pattern as a program of a few simple steps, for the machine in pattern.ts.
 *
 * Size bounds time: the machine makes at most as many steps for a byte of the path as the program has.
 */
import { type Node, PatternError, type Syntax } from './pattern-syntax.ts';

export const Op = {
  /** The next byte must be `x`. */
  byte: 0,
  /** The next byte must be in set `x`. */
  set: 1,
  /** Goes on at both `x` and `y`; what `x` leads to is preferred. */
  split: 2,
  jump: 3,
  /** Notes the position as number `x`: twice the group, and one more for its end. */
  save: 4,
  /** Forgets position `x`: a group counts as the last repetition around it left it. */
  forget: 5,
  /** Only at the start, at the end. */
  start: 6,
  end: 7,
  match: 8,
} as const;

export interface Program {
  readonly ops: Uint8Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly sets: readonly Uint8Array[];
  readonly groups: number;
}

/** Steps that one pattern may have. */
export const PROGRAM_STEPS_MAX = 1000;

/** @throws PatternError when it would be too long. */
export function compilePattern({ node, groups }: Syntax): Program {
  const writer = new Writer();
  writer.write(node);
  writer.put(Op.match);
  const { steps, sets } = writer;
  return {
    ops: Uint8Array.from(steps, ({ op }) => op),
    x: Int32Array.from(steps, ({ x }) => x),
    y: Int32Array.from(steps, ({ y }) => y),
    sets,
    groups,
  };
}

interface Step {
  readonly op: number;
  x: number;
  y: number;
}

class Writer {
  readonly steps: Step[] = [];
  readonly sets: Uint8Array[] = [];

  put(op: number, x = 0, y = 0): Step {
    if (this.steps.length === PROGRAM_STEPS_MAX) throw new PatternError('it is too long');
    const step = { op, x, y };
    this.steps.push(step);
    return step;
  }

  write(node: Node): void {
    switch (node.kind) {
      case 'byte':
        this.put(Op.byte, node.byte);
        return;
      case 'set':
        this.put(Op.set, this.sets.push(node.set) - 1);
        return;
      case 'start':
      case 'end':
        this.put(Op[node.kind]);
        return;
      case 'sequence':
        for (const each of node.nodes) this.write(each);
        return;
      case 'choice':
        this.choice(node.nodes);
        return;
      case 'group':
        this.put(Op.save, node.group * 2);
        this.write(node.node);
        this.put(Op.save, node.group * 2 + 1);
        return;
      case 'repeat':
        this.repeat(node);
        return;
    }
  }

  private choice(nodes: readonly Node[]): void {
    const ends: Step[] = [];
    nodes.forEach((node, i) => {
      if (i === nodes.length - 1) {
        this.write(node);
        return;
      }
      const split = this.put(Op.split);
      split.x = this.steps.length;
      this.write(node);
      ends.push(this.put(Op.jump));
      split.y = this.steps.length;
    });
    for (const end of ends) end.x = this.steps.length;
  }

  private repeat({ node, min, max, greedy, groups }: Node & { kind: 'repeat' }): void {
    const once = (): void => {
      for (let i = groups[0] * 2; i < groups[1] * 2; i++) this.put(Op.forget, i);
      this.write(node);
    };
    for (let i = 0; i < min; i++) once();
    const splits: Step[] = [];
    const fork = (): void => {
      const split = this.put(Op.split);
      if (greedy) split.x = this.steps.length;
      else split.y = this.steps.length;
      splits.push(split);
    };
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.steps.length;
      fork();
      once();
      this.put(Op.jump, loop);
    } else {
      for (let i = min; i < max; i++) {
        fork();
        once();
      }
    }
    for (const split of splits) {
      if (greedy) split.y = this.steps.length;
      else split.x = this.steps.length;
    }
  }
}
