/**
 * Reads a regular expression into a tree: the part of JavaScript's syntax that can be matched in linear time.
 *
 *     literals  .  [a-z] [^/]  \d \D \w \W  \. \/  ^ $  ( ) (?: ) (?<name> )  |  * + ? {n} {n,} {n,m}, each with ?
 *
 * What it means is what it means in JavaScript, on paths in their strict normal form, which are ASCII: a
 * character that is not is looked for as its percent-encoding. Refused: references to groups and assertions
 * besides `^` and `$`, which need backtracking; repetition of what can be empty, on which engines disagree.
 */

export type Node =
  | { readonly kind: 'byte'; readonly byte: number }
  | { readonly kind: 'set'; readonly set: Uint8Array }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'choice'; readonly nodes: readonly Node[] }
  | { readonly kind: 'group'; readonly group: number; readonly node: Node }
  | {
      readonly kind: 'repeat';
      readonly node: Node;
      readonly min: number;
      /** Infinity for no limit. */
      readonly max: number;
      readonly greedy: boolean;
      /** Groups inside it: from the first to before the last. */
      readonly groups: readonly [number, number];
    };

export interface Syntax {
  readonly node: Node;
  /** Groups that capture; they are numbered from 1. */
  readonly groups: number;
}

/** Why a text is no pattern; the message follows `is no pattern that can be used: `. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

const PATTERN_CHARACTERS_MAX = 1000;
const REPEAT_MAX = 1000;

/** @throws PatternError */
export function parsePattern(text: string): Syntax {
  if (text.length > PATTERN_CHARACTERS_MAX) {
    throw new PatternError(`it has more than ${PATTERN_CHARACTERS_MAX} characters`);
  }
  const reader = new Reader(text);
  const node = reader.choice();
  if (!reader.atEnd) throw new PatternError('a ) stands alone');
  return { node, groups: reader.groups };
}

class Reader {
  groups = 0;
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  choice(): Node {
    const nodes = [this.sequence()];
    while (this.take('|')) nodes.push(this.sequence());
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'choice', nodes };
  }

  private sequence(): Node {
    const nodes: Node[] = [];
    while (!this.atEnd && !this.sees('|') && !this.sees(')')) {
      const first = this.groups + 1;
      nodes.push(this.repeated(this.atom(), first));
    }
    return { kind: 'sequence', nodes };
  }

  private atom(): Node {
    const character = this.next();
    switch (character) {
      case '(':
        return this.group();
      case '[':
        return { kind: 'set', set: this.set() };
      case '.':
        return { kind: 'set', set: new Uint8Array(256).fill(1) };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '\\':
        return this.escape();
      case '*':
      case '+':
      case '?':
        throw new PatternError(`${character} has nothing to repeat`);
      case '{':
      case '}':
      case ']':
        throw new PatternError(`${character} must be written \\${character}`);
    }
    return literal(character);
  }

  private group(): Node {
    if (this.take('?')) {
      if (this.take(':')) return this.closed(this.choice());
      if (!this.take('<') || this.sees('=') || this.sees('!')) {
        throw new PatternError('assertions ahead and behind cannot be used');
      }
      const name = /^[A-Za-z_$][\w$]*>/.exec(this.text.slice(this.at))?.[0];
      if (name === undefined) throw new PatternError('a group has a bad name');
      this.at += name.length;
    }
    const group = ++this.groups;
    return { kind: 'group', group, node: this.closed(this.choice()) };
  }

  private closed(node: Node): Node {
    if (!this.take(')')) throw new PatternError('a ( is not closed');
    return node;
  }

  private repeated(node: Node, first: number): Node {
    const [min, max] = this.counts();
    if (max === -1) return node;
    if (node.kind === 'start' || node.kind === 'end') {
      throw new PatternError('^ and $ cannot be repeated');
    }
    if (max > 1 && canBeEmpty(node)) {
      throw new PatternError('something is repeated that can be empty, as in (a*)*');
    }
    const greedy = !this.take('?');
    if (this.sees('*') || this.sees('+') || this.sees('?') || this.sees('{')) {
      throw new PatternError('a repetition is repeated');
    }
    return { kind: 'repeat', node, min, max, greedy, groups: [first, this.groups + 1] };
  }

  /** How often, [0, -1] when nothing is said. */
  private counts(): readonly [number, number] {
    if (this.take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.take('?')) return [0, 1];
    const found = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(this.text.slice(this.at));
    if (found === null) return [0, -1];
    const [all, least, comma, most] = found as unknown as [string, string, string, string];
    this.at += all.length;
    const min = Number(least);
    const max = comma === '' ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most);
    if (min > REPEAT_MAX || (Number.isFinite(max) && max > REPEAT_MAX)) {
      throw new PatternError(`something is repeated more than ${REPEAT_MAX} times`);
    }
    if (max < min || (comma === '' && most !== '')) {
      throw new PatternError(`${all} is no number of times`);
    }
    return [min, max];
  }

  private escape(): Node {
    const set = this.setEscape();
    return set === undefined ? literal(this.characterEscape()) : { kind: 'set', set };
  }

  /** The set that `\d` and its like stand for, undefined when something else follows the backslash. */
  private setEscape(): Uint8Array | undefined {
    const letter = this.text[this.at] ?? '';
    const known = SETS[letter.toLowerCase()];
    if (letter === '' || known === undefined) return undefined;
    this.at++;
    return letter === letter.toLowerCase() ? known : known.map((member) => 1 - member);
  }

  private characterEscape(): string {
    if (this.atEnd) throw new PatternError('it ends with a backslash');
    const character = this.next();
    if (/[0-9A-Za-z]/.test(character)) {
      throw new PatternError(`\\${character} cannot be used`);
    }
    return character;
  }

  private set(): Uint8Array {
    const set = new Uint8Array(256);
    const negated = this.take('^');
    while (!this.take(']')) {
      if (this.atEnd) throw new PatternError('a [ is not closed');
      const low = this.member(set);
      if (!this.sees('-') || this.text[this.at + 1] === ']') {
        if (low !== -1) set[low] = 1;
        continue;
      }
      this.at++;
      const high = this.atEnd ? -1 : this.member(set);
      if (low === -1 || high < low) throw new PatternError('a range in [ ] is in the wrong order');
      set.fill(1, low, high + 1);
    }
    return negated ? set.map((member) => 1 - member) : set;
  }

  /** A member of a set: its byte, or -1 when it was a set itself, which is put into `into`. */
  private member(into: Uint8Array): number {
    let character = this.next();
    if (character === '\\') {
      const set = this.setEscape();
      if (set !== undefined) {
        for (let byte = 0; byte < 256; byte++) into[byte]! |= set[byte]!;
        return -1;
      }
      character = this.characterEscape();
    }
    const code = character.codePointAt(0) as number;
    if (code > 0x7f) throw new PatternError('[ ] may have ASCII characters only');
    return code;
  }

  private sees(character: string): boolean {
    return this.text[this.at] === character;
  }

  private take(character: string): boolean {
    if (!this.sees(character)) return false;
    this.at++;
    return true;
  }

  private next(): string {
    const character = String.fromCodePoint(this.text.codePointAt(this.at) as number);
    this.at += character.length;
    return character;
  }
}

const SETS: Readonly<Record<string, Uint8Array>> = {
  d: setOf('0123456789'),
  w: setOf('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'),
};

function setOf(members: string): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    Number(members.includes(String.fromCharCode(byte))),
  );
}

function literal(character: string): Node {
  const bytes = Buffer.from(character);
  const [first] = bytes;
  if (bytes.length === 1) return { kind: 'byte', byte: first as number };
  const encoded = [...bytes].map((byte) => `%${byte.toString(16).toUpperCase()}`).join('');
  const nodes = [...Buffer.from(encoded)].map((byte): Node => ({ kind: 'byte', byte }));
  return { kind: 'sequence', nodes };
}

/** Whether something matches nothing too. */
function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'byte':
    case 'set':
      return false;
    case 'start':
    case 'end':
      return true;
    case 'sequence':
      return node.nodes.every(canBeEmpty);
    case 'choice':
      return node.nodes.some(canBeEmpty);
    case 'group':
      return canBeEmpty(node.node);
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.node);
  }
}
