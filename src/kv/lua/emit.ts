/**
 * The shared part of the code generator: names, temporaries, site marks.
 *
 * Promise: nothing of the Lua source reaches the JavaScript text except names made of
 * [A-Za-z0-9_] with a `$n` behind them, numbers, and strings through `quote`.
 *
 * A mark in the text (U+0001 … U+0002) stands before every operation that can fail and says its
 * Lua line and what is called there; `stripMarks` turns the marks into a table by offset, so that
 * positions cost nothing until an error asks for them.
 */
import type { Expr, FunctionScope, LocalVar } from './ast.ts';

/** What the functions of one chunk share. */
export class ChunkContext {
  /** Functions become generators, so that `coroutine.yield` can stop them. */
  readonly resumable: boolean;
  readonly constants: string[] = [];

  constructor(resumable: boolean) {
    this.resumable = resumable;
  }

  /** Counts a step. What can be resumed can also pause where it counts. */
  get step(): string {
    return this.resumable ? 'if(--V.ticks<0&&tick())yield PAUSE;' : 'if(--V.ticks<0)tick();';
  }

  /** Names an expression that is computed once, when the chunk is made. */
  constant(code: string): string {
    return `$K${this.constants.push(code) - 1}`;
  }
}

/** What the generator knows while it writes one function. */
export class FunctionContext {
  readonly chunk: ChunkContext;
  readonly scope: FunctionScope;
  /** The function counts its depth, and so must leave by `leave`. */
  readonly deep: boolean;
  temps = 0;
  tempsMax = 0;
  /** The function's own name and parameters, when a call of itself at the end can be a jump. */
  self: { v: LocalVar; params: LocalVar[] } | undefined;
  /** Such a jump was written. */
  jumps = false;

  constructor(chunk: ChunkContext, scope: FunctionScope, deep: boolean) {
    this.chunk = chunk;
    this.scope = scope;
    this.deep = deep;
  }

  /** A fresh temporary; free again at the next statement. */
  temp(): string {
    this.temps++;
    if (this.temps > this.tempsMax) this.tempsMax = this.temps;
    return `$${this.temps}`;
  }
}

/** Where an operation stands in the Lua source. */
export interface Site {
  offset: number;
  line: number;
  /** How the called function is named there; empty for other operations. */
  name: string;
  method: boolean;
}

/** Stands for the depth weight of a function until its size is known. */
export const WEIGHT = '\x03';

export function mark(line: number, name = '', method = false): string {
  return `\x01${line},${method ? 1 : 0},${name}\x02`;
}

/** Removes the marks; gives the text and the table of sites by offset. */
export function stripMarks(code: string, offset: number): { text: string; sites: Site[] } {
  const sites: Site[] = [];
  const pieces = code.split('\x01');
  let text = pieces[0] as string;
  const parts = [text];
  let at = offset + text.length;
  for (let i = 1; i < pieces.length; i++) {
    const piece = pieces[i] as string;
    const end = piece.indexOf('\x02');
    const [line, method, name] = piece.slice(0, end).split(',');
    sites.push({ offset: at, line: Number(line), name: name ?? '', method: method === '1' });
    text = piece.slice(end + 1);
    parts.push(text);
    at += text.length;
  }
  return { text: parts.join(''), sites };
}

/** A JavaScript string literal. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** A JavaScript number literal. */
export function numeral(value: number): string {
  if (value === Infinity) return '(1/0)';
  if (value === -Infinity) return '(-1/0)';
  if (Object.is(value, -0)) return '(-0)';
  return value < 0 ? `(${value})` : `${value}`;
}

/** What an error message calls the value of an expression: `local 'x'`, `field 'y'` or nothing. */
export function describe(e: Expr): string {
  switch (e.t) {
    case 'local':
      return `${e.upvalue ? 'upvalue' : 'local'} '${e.v.name}'`;
    case 'global':
      return `global '${e.name}'`;
    case 'index':
      return `field '${e.key.t === 'string' ? e.key.value : '?'}'`;
    case 'paren':
      return describe(e.inner);
    case 'binary':
      return passesRight(e.op, e.left) ? describe(e.right) : '';
    default:
      return '';
  }
}

/** A constant on the left that Lua's compiler drops, so that only the right operand is left. */
function passesRight(op: string, left: Expr): boolean {
  if (op === 'and') return left.t === 'true' || left.t === 'string' || isNumeral(left);
  return op === 'or' && (left.t === 'nil' || left.t === 'false');
}

/** A numeral, or arithmetic on numerals, which Lua computes when it compiles. */
function isNumeral(e: Expr): boolean {
  if (e.t === 'number') return true;
  if (e.t === 'paren') return isNumeral(e.inner);
  if (e.t === 'unary') return e.op === '-' && isNumeral(e.operand);
  return e.t === 'binary' && '+-*/%^'.includes(e.op) && isNumeral(e.left) && isNumeral(e.right);
}

/** The name under which a callee is known at its call. */
export function calleeName(e: Expr): string {
  switch (e.t) {
    case 'local':
      return e.v.name;
    case 'global':
      return e.name;
    case 'index':
      return e.key.t === 'string' && /^\w+$/.test(e.key.value) ? e.key.value : '?';
    case 'paren':
      return calleeName(e.inner);
    default:
      return '?';
  }
}

/** What is known about a value before it is computed. */
export function knownType(e: Expr): 'number' | 'string' | 'boolean' | 'nil' | undefined {
  switch (e.t) {
    case 'number':
    case 'string':
    case 'nil':
      return e.t;
    case 'true':
    case 'false':
      return 'boolean';
    case 'local':
      return e.v.assigned ? undefined : e.v.known;
    case 'paren':
      return knownType(e.inner);
    case 'unary':
      if (e.op === 'not') return 'boolean';
      if (e.op === '#') return 'number';
      return knownType(e.operand) === 'number' ? 'number' : undefined;
    case 'binary':
      return knownBinary(e.op, e.left, e.right);
    default:
      return undefined;
  }
}

function knownBinary(op: string, left: Expr, right: Expr): 'number' | 'boolean' | undefined {
  switch (op) {
    case '==':
    case '~=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return 'boolean';
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '^':
      return knownType(left) === 'number' && knownType(right) === 'number' ? 'number' : undefined;
    default:
      return undefined;
  }
}

/** Can give any number of values where a list is expected. */
export function isMulti(e: Expr | undefined): boolean {
  return e !== undefined && (e.t === 'call' || e.t === 'method' || e.t === 'vararg');
}
