/**
 * Reads the argument syntax of a command row (`key value [NX | XX] [EX seconds]`) into the argument tree
 * of COMMAND DOCS (https://redis.io/docs/latest/develop/reference/command-arguments/).
 *
 *   sequence    = *( word | group )        alternatives = sequence *( "|" sequence )
 *   group       = "[" alternatives ["..."] "]"    optional
 *               | "<" alternatives ["..."] ">"    needed
 *
 * A word without a small letter is a token, any other names a value. `x [x ...]` is one x that may
 * stand several times. A token belongs to the values behind it.
 */

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

export interface Argument {
  readonly name: string;
  readonly type: ArgumentType;
  readonly token?: string;
  readonly optional?: boolean;
  readonly multiple?: boolean;
  /** The token stands before every one of several. */
  readonly multipleToken?: boolean;
  readonly arguments?: readonly Argument[];
}

type Item =
  | { readonly kind: 'word'; readonly text: string }
  | {
      readonly kind: 'group';
      readonly optional: boolean;
      readonly repeats: boolean;
      readonly alternatives: readonly (readonly Item[])[];
      /** As written, without the dots. */
      readonly text: string;
    };

/** An argument with the text it was read from. */
interface Read {
  readonly argument: Argument;
  readonly text: string;
}

/** The arguments of a syntax, empty for an empty one. @throws SyntaxError when brackets do not match. */
export function parseSyntax(syntax: string): readonly Argument[] {
  const parser = new SyntaxReader(syntax);
  const alternatives = parser.alternatives('');
  if (alternatives.length === 1) return argumentsOf(alternatives[0] as readonly Item[]);
  return [choiceOf(alternatives)];
}

class SyntaxReader {
  private readonly symbols: readonly string[];
  private at = 0;
  private readonly syntax: string;

  constructor(syntax: string) {
    this.syntax = syntax;
    this.symbols = syntax.match(/\.\.\.|[[\]<>|]|[^\s[\]<>|]+/g) ?? [];
  }

  /** Sequences up to a closing bracket, which is taken; '' for the end of the text. */
  alternatives(close: string): Item[][] {
    const list: Item[][] = [[]];
    for (;;) {
      const symbol = this.symbols[this.at++];
      if ((symbol ?? '') === close) return list;
      if (symbol === undefined || symbol === ']' || symbol === '>') {
        throw new SyntaxError(`brackets do not match in '${this.syntax}'`);
      }
      const sequence = list.at(-1) as Item[];
      if (symbol === '|') list.push([]);
      else if (symbol === '[' || symbol === '<') sequence.push(this.group(symbol));
      else sequence.push({ kind: 'word', text: symbol });
    }
  }

  private group(open: string): Item {
    const from = this.at;
    const alternatives = this.alternatives(open === '[' ? ']' : '>');
    const inner = this.symbols.slice(from, this.at - 1).filter((symbol) => symbol !== '...');
    const last = alternatives.at(-1) as Item[];
    const end = last.at(-1);
    const repeats = end?.kind === 'word' && end.text === '...';
    if (repeats) last.pop();
    return {
      kind: 'group',
      optional: open === '[',
      repeats,
      alternatives,
      text: inner.join(' '),
    };
  }
}

function isToken(text: string): boolean {
  return !/[a-z]/.test(text);
}

function argumentsOf(items: readonly Item[]): Argument[] {
  const read: Read[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Item;
    if (item.kind === 'group') {
      if (!mergesRepeat(read, item)) read.push({ argument: groupArgument(item), text: item.text });
    } else if (isToken(item.text)) {
      const values = valuesBehind(items, i + 1);
      i += values;
      read.push(tokenArgument(item.text, items.slice(i - values + 1, i + 1)));
    } else read.push({ argument: valueArgument(item.text), text: item.text });
  }
  return read.map(({ argument }) => argument);
}

/** How many items behind a token are its values: words, groups that repeat those, or one needed group. */
function valuesBehind(items: readonly Item[], from: number): number {
  let at = from;
  for (; at < items.length; at++) {
    const item = items[at] as Item;
    if (item.kind === 'word') {
      if (isToken(item.text)) break;
    } else if (item.optional) {
      const before = items.slice(from, at).map(({ text }) => text);
      if (at === from || !item.repeats || !before.join(' ').endsWith(item.text)) break;
    } else if (at > from) break;
  }
  return at - from;
}

function tokenArgument(token: string, values: readonly Item[]): Read {
  const inner = argumentsOf(values);
  const text = [token, ...values.map((item) => item.text)].join(' ');
  const [only] = inner;
  if (only === undefined) {
    return { argument: { name: token.toLowerCase(), type: 'pure-token', token }, text };
  }
  if (inner.length === 1) return { argument: { ...only, token }, text };
  return {
    argument: { name: token.toLowerCase(), type: 'block', token, arguments: inner },
    text,
  };
}

/** `x [x ...]`: makes the x that was read last one that may stand several times. */
function mergesRepeat(read: Read[], group: Item & { kind: 'group' }): boolean {
  if (!group.repeats || !group.optional) return false;
  for (let count = 1; count <= read.length; count++) {
    const last = read.slice(-count);
    if (last.map(({ text }) => text).join(' ') !== group.text) continue;
    const merged = repeated(last.map(({ argument }) => argument));
    read.splice(-count, count, { argument: merged, text: group.text });
    return true;
  }
  return false;
}

function repeated(list: readonly Argument[]): Argument {
  const [first] = list;
  if (list.length === 1 && first !== undefined) {
    return {
      ...first,
      multiple: true,
      ...(first.token !== undefined && first.type !== 'pure-token' && { multipleToken: true }),
    };
  }
  return { name: nameOf(list), type: 'block', multiple: true, arguments: list };
}

function groupArgument(group: Item & { kind: 'group' }): Argument {
  const inner =
    group.alternatives.length === 1
      ? oneOf(argumentsOf(group.alternatives[0] as readonly Item[]))
      : choiceOf(group.alternatives);
  return {
    ...inner,
    ...(group.optional && { optional: true }),
    ...(group.repeats && { multiple: true }),
  };
}

function choiceOf(alternatives: readonly (readonly Item[])[]): Argument {
  const list = alternatives.map((sequence) => oneOf(argumentsOf(sequence)));
  return { name: nameOf(list), type: 'oneof', arguments: list };
}

/** Several arguments as one. */
function oneOf(list: readonly Argument[]): Argument {
  const [first] = list;
  if (list.length === 1 && first !== undefined) return first;
  return { name: nameOf(list), type: 'block', arguments: list };
}

function nameOf(list: readonly Argument[]): string {
  return list.map(({ name }) => name).join('-');
}

const KEYS = /^(?:key\d?|newkey|destkey|sourcekey|source|destination|src|dst)$/;
const INTEGERS =
  /^(?:seconds|milliseconds|count|offset|start|stop|end|index\d?|cursor|increment|decrement|timeout|bit|ttl|db|port|rank|len|limit|maxlen|num.*|.*-(?:count|db|ms|seconds|milliseconds|len|slot|time|read|port)|slot|client-id|maxage|protover)$/;
const DOUBLES = /^(?:score|weight|longitude|latitude|radius|width|height)$/;

function valueArgument(text: string): Argument {
  const name = text.toLowerCase();
  let type: ArgumentType = 'string';
  if (name.startsWith('unix-time')) type = 'unix-time';
  else if (KEYS.test(name)) type = 'key';
  else if (name.endsWith('pattern')) type = 'pattern';
  else if (DOUBLES.test(name)) type = 'double';
  else if (INTEGERS.test(name)) type = 'integer';
  return { name, type };
}
