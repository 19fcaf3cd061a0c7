/**
 * Command lines with choices, the fuzzer's grammar language.
 *
 *     SET {skey} {value} [NX | XX] [EX {ttl} | KEEPTTL]
 *
 * Literals stand for themselves, `{name}` is filled by a named generator (which may give
 * several arguments), `[...]` is left out half of the time, `(... | ...)` picks one, and a
 * `+` behind a group repeats it one to three times.
 */
import type { Chance } from './random.ts';

type Node =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'slot'; readonly name: string }
  | {
      readonly kind: 'group';
      readonly optional: boolean;
      readonly repeated: boolean;
      readonly choices: readonly (readonly Node[])[];
    };
export type Template = readonly Node[];

/** Fills a slot by its name. */
export type Fill = (name: string) => readonly string[];

/** Parses a command line; throws on unbalanced brackets, which is a mistake in a table. */
export function parseTemplate(line: string): Template {
  const tokens = line.match(/\{[^}]*\}|[()[\]|]\+?|[^\s()[\]|{}]+/g) ?? [];
  let at = 0;
  const choices = (closing: string | undefined): Node[][] => {
    const all: Node[][] = [[]];
    for (;;) {
      const token = tokens[at];
      at += 1;
      if (token === undefined) {
        if (closing !== undefined) throw new Error(`no ${closing} in: ${line}`);
        return all;
      }
      if (token.startsWith(closing ?? '\n')) return all;
      if (token === '|') all.push([]);
      else all.at(-1)?.push(node(token));
    }
  };
  const node = (token: string): Node => {
    if (token.startsWith('{')) return { kind: 'slot', name: token.slice(1, -1) };
    if (token !== '(' && token !== '[') return { kind: 'literal', text: token };
    const inner = choices(token === '(' ? ')' : ']');
    const repeated = tokens[at - 1]?.endsWith('+') === true;
    return { kind: 'group', optional: token === '[', repeated, choices: inner };
  };
  const top = choices(undefined);
  if (top.length !== 1) throw new Error(`| outside of brackets in: ${line}`);
  return top[0] ?? [];
}

/** One random command of the template. */
export function expand(template: Template, chance: Chance, fill: Fill): string[] {
  const args: string[] = [];
  write(template, chance, fill, args);
  return args;
}

function write(nodes: readonly Node[], chance: Chance, fill: Fill, into: string[]): void {
  for (const node of nodes) {
    if (node.kind === 'literal') into.push(node.text);
    else if (node.kind === 'slot') into.push(...fill(node.name));
    else if (!node.optional || chance.likely(0.5)) {
      const times = node.repeated ? chance.between(1, 3) : 1;
      for (let time = 0; time < times; time += 1) {
        write(chance.pick(node.choices), chance, fill, into);
      }
    }
  }
}
