/** One change of one text: walks the change and the parsed document together and gathers replacements. */
import { type Document, isMap, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import type { Edit, MapEdit, RecordsEdit, Written } from './edit.ts';
import { Splices } from './splices.ts';
import {
  beginsLine,
  columnOf,
  commentsBelow,
  endOf,
  type Item,
  itemsOf,
  lineEnd,
  lineStart,
  type PlacedPair,
  pairsOf,
  startOf,
  Unusual,
} from './yaml-places.ts';
import {
  entryLines,
  onOneLine,
  type Printed,
  type PrintedMap,
  printedOf,
  recordLines,
} from './yaml-print.ts';

/** Spaces of a level where the file has none to learn from. */
const STEP = 2;

export class YamlEditor {
  readonly #text: string;
  readonly #root: Node | null;
  readonly #newline: string;
  #step = STEP;

  /** @param document what the text was parsed to, with its tokens */
  constructor(text: string, document: Document.Parsed | undefined) {
    this.#text = text;
    this.#root = document?.contents ?? null;
    this.#newline = text.includes('\r\n') ? '\r\n' : '\n';
  }

  /** @throws Unusual */
  run(edit: MapEdit): string {
    const root = this.#root;
    const splices = new Splices();
    const isEmpty = root === null || (isScalar(root) && root.range?.[0] === root.range?.[1]);
    if (isMap(root)) {
      this.#step = this.#stepOf(root) ?? STEP;
      this.#editMap(root, edit, splices, this.#text.length);
    } else if (isEmpty) {
      const lines = [...edit.entries].flatMap(([key, each]) => this.#newLines(key, each, 0));
      this.#insertLines(this.#text.length, lines, splices);
    } else throw new Unusual('it is no map of sections');
    return splices.apply(this.#text);
  }

  /** The indentation of the first section that has one. */
  #stepOf(root: YAMLMap): number | undefined {
    for (const { value } of pairsOf(root)) {
      if (isMap(value) && value.flow !== true) {
        const column = columnOf(this.#text, startOf(value));
        if (column > 0) return column;
      }
    }
    return undefined;
  }

  /** @param end where new entries go; absent, behind the last one and the comments below it */
  #editMap(map: YAMLMap, edit: MapEdit, splices: Splices, end?: number): void {
    const isFlow = map.flow === true;
    const own = new Splices();
    const pairs = pairsOf(map);
    const removed = new Set<PlacedPair>();
    const added: [string, Edit][] = [];
    for (const [key, each] of edit.entries) {
      const pair = pairs.find((candidate) => candidate.key === key);
      if (pair === undefined) added.push([key, each]);
      else if (each.is === 'remove') removed.add(pair);
      else this.#editPair(pair, each, isFlow, isFlow ? own : splices);
    }
    if (isFlow) {
      const texts = added.flatMap(([key, each]) => {
        const value = printedOf(each);
        return value === undefined ? [] : [`${key}: ${onOneLine(value)}`];
      });
      this.#editFlow(map, pairs, removed, texts, own, splices);
      return;
    }
    this.#removePairs(pairs, removed, splices);
    const column = columnOf(this.#text, pairs[0]?.start ?? 0);
    const lines = added.flatMap(([key, each]) => this.#newLines(key, each, column));
    this.#insertLines(end ?? this.#behind(pairs.at(-1)?.end ?? 0, column), lines, splices);
  }

  #editPair(pair: PlacedPair, edit: Edit, inFlow: boolean, splices: Splices): void {
    const { value } = pair;
    if (edit.is === 'write') this.#write(pair, edit.value, splices);
    else if (edit.is === 'map' && isMap(value) && !isEmptyFlow(value)) {
      this.#editMap(value, edit, splices);
    } else if (edit.is === 'records' && isSeq(value) && !isEmptyFlow(value)) {
      this.#editRecords(pair, value, edit, splices);
    } else {
      const printed = printedOf(edit);
      if (printed !== undefined) this.#writeWhole(pair, printed, inFlow, splices);
    }
  }

  /** A map or list where nothing, null or an empty one stands. */
  #writeWhole(pair: PlacedPair, printed: Printed, inFlow: boolean, splices: Splices): void {
    const { value, colonEnd } = pair;
    if (inFlow) {
      splices.replace(colonEnd, pair.end, ` ${onOneLine(printed)}`);
      return;
    }
    if (value !== null) splices.replace(colonEnd, pair.end, '');
    const [, ...lines] = entryLines('', printed, this.#columnOfKey(pair), this.#step);
    this.#insertLines(lineEnd(this.#text, pair.end), lines, splices);
  }

  #write(pair: PlacedPair, wanted: Written, splices: Splices): void {
    const { value, colonEnd } = pair;
    if (value === null) splices.insert(colonEnd, ` ${onOneLine(wanted)}`);
    else if (isSeq(value) && value.flow !== true && Array.isArray(wanted)) {
      this.#writeBlockList(pair, value, wanted, splices);
    } else if (!this.#says(value, wanted)) {
      const start = startOf(value);
      const end = endOf(value);
      // A block scalar ends behind its line break.
      const rest = this.#text[end - 1] === '\n' ? this.#newline : '';
      splices.replace(start, end, onOneLine(wanted) + rest);
    }
  }

  /** Items that stay at the beginning and the end keep their lines. */
  #writeBlockList(
    pair: PlacedPair,
    list: YAMLSeq,
    wanted: readonly Written[],
    splices: Splices,
  ): void {
    const items = itemsOf(list);
    const same = (item: Item | undefined, value: Written | undefined): boolean =>
      item?.node != null && value !== undefined && this.#says(item.node, value);
    if (wanted.length === 0) {
      splices.insert(pair.colonEnd, ' []');
      for (const item of items) this.#removeLines(item, splices);
      return;
    }
    let before = 0;
    while (same(items[before], wanted[before])) before++;
    let after = 0;
    const most = Math.min(items.length, wanted.length) - before;
    while (after < most && same(items.at(-1 - after), wanted.at(-1 - after))) after++;
    for (const item of items.slice(before, items.length - after)) this.#removeLines(item, splices);
    const pad = ' '.repeat(columnOf(this.#text, items[0]?.start ?? 0));
    const lines = wanted
      .slice(before, wanted.length - after)
      .map((each) => `${pad}- ${onOneLine(each)}`);
    const last = items[items.length - after - 1];
    const at =
      last === undefined
        ? lineStart(this.#text, items[0]?.start ?? 0)
        : lineEnd(this.#text, last.end);
    this.#insertLines(at, lines, splices);
  }

  #editRecords(pair: PlacedPair, list: YAMLSeq, edit: RecordsEdit, splices: Splices): void {
    const isFlow = list.flow === true;
    const own = new Splices();
    const items = itemsOf(list);
    const byName = new Map(items.map((item) => [nameIn(item.node), item]));
    const removed = new Set<Item>();
    const added: PrintedMap[] = [];
    for (const [name, each] of edit.entries) {
      const item = byName.get(name);
      if (item === undefined) {
        if (each.is === 'map') added.push({ name, ...(printedOf(each) as PrintedMap | undefined) });
      } else if (each.is === 'remove') removed.add(item);
      else if (isMap(item.node)) this.#editMap(item.node, each, isFlow ? own : splices);
    }
    if (isFlow) {
      this.#editFlow(list, items, removed, added.map(onOneLine), own, splices);
      return;
    }
    for (const item of removed) this.#removeLines(item, splices);
    if (removed.size === items.length && added.length === 0) {
      splices.insert(pair.colonEnd, ' []');
      return;
    }
    const column = columnOf(this.#text, items[0]?.start ?? 0);
    const lines = added.flatMap((each) => recordLines(each, column, this.#step));
    this.#insertLines(this.#behind(items.at(-1)?.end ?? 0, column), lines, splices);
  }

  /** `{ ... }` or `[ ... ]`. @param own the replacements within the parts that stay */
  #editFlow<P extends { readonly start: number; readonly end: number }>(
    node: Node,
    parts: readonly P[],
    removed: ReadonlySet<P>,
    added: readonly string[],
    own: Splices,
    splices: Splices,
  ): void {
    const [start, end] = [startOf(node), endOf(node)];
    const last = parts.at(-1);
    if (removed.size === 0 && last !== undefined) {
      if (added.length > 0) own.insert(last.end, `, ${added.join(', ')}`);
      splices.replace(start, end, own.apply(this.#text, start, end));
      return;
    }
    const gaps = parts.map((part, i) => this.#text.slice(parts[i - 1]?.end ?? start, part.start));
    if ([...gaps, this.#text.slice(last?.end ?? start, end)].some((gap) => gap.includes('#'))) {
      throw new Unusual('it has comments between brackets from which something is to be removed');
    }
    const stay = parts
      .filter((part) => !removed.has(part))
      .map((part) => own.apply(this.#text, part.start, part.end));
    const all = [...stay, ...added].join(', ');
    if (isSeq(node)) splices.replace(start, end, `[${all}]`);
    else splices.replace(start, end, all === '' ? '{}' : `{ ${all} }`);
  }

  #removePairs(
    pairs: readonly PlacedPair[],
    removed: ReadonlySet<PlacedPair>,
    splices: Splices,
  ): void {
    let taken = 0;
    for (const [i, pair] of pairs.entries()) {
      if (!removed.has(pair) || pair.start < taken) continue;
      if (beginsLine(this.#text, pair.start)) {
        this.#removeLines(pair, splices);
        continue;
      }
      // The first of a record, behind its dash: what follows moves up, unless comments stand between.
      const next = pairs.slice(i + 1).find((each) => !removed.has(each));
      if (next === undefined) {
        throw new Unusual('it has a record whose first line cannot be removed');
      }
      const behind = lineEnd(this.#text, pair.end);
      if (this.#text.slice(behind, next.start).includes('#')) {
        const spaces = /[ \t]*$/.exec(this.#text.slice(0, pair.start))?.[0].length ?? 0;
        splices.replace(pair.start - spaces, behind, this.#newline);
        continue;
      }
      splices.replace(pair.start, next.start, '');
      taken = next.start;
    }
  }

  #removeLines(
    { start, end }: { readonly start: number; readonly end: number },
    splices: Splices,
  ): void {
    if (!beginsLine(this.#text, start)) {
      throw new Unusual('it has a list whose first line cannot be removed');
    }
    splices.replace(lineStart(this.#text, start), lineEnd(this.#text, end), '');
  }

  #newLines(key: string, edit: Edit, column: number): string[] {
    const value = printedOf(edit);
    return value === undefined ? [] : entryLines(key, value, column, this.#step);
  }

  /** @param at the beginning of a line, or the end of the text */
  #insertLines(at: number, lines: readonly string[], splices: Splices): void {
    if (lines.length === 0) return;
    const isOpen = at === this.#text.length && at > 0 && this.#text[at - 1] !== '\n';
    const text = lines.join(this.#newline);
    splices.insert(at, isOpen ? this.#newline + text : text + this.#newline);
  }

  /** Where what is new in a map or list goes. */
  #behind(end: number, column: number): number {
    return commentsBelow(this.#text, lineEnd(this.#text, end), column);
  }

  #columnOfKey({ start }: PlacedPair): number {
    return columnOf(this.#text, start);
  }

  /** Whether a value says this already, in whatever writing. */
  #says(node: Node, wanted: Written): boolean {
    if (Array.isArray(wanted)) {
      return (
        isSeq(node) &&
        node.items.length === wanted.length &&
        node.items.every((item, i) => this.#says(item as Node, wanted[i] as Written))
      );
    }
    if (!isScalar(node) || node.value === null) return false;
    const text = node.type === 'PLAIN' ? node.source : node.value;
    return text === String(wanted);
  }
}

function isEmptyFlow(node: YAMLMap | YAMLSeq): boolean {
  return node.items.length === 0;
}

function nameIn(node: Node | null): string {
  const name = isMap(node) ? node.get('name', true) : undefined;
  return isScalar(name) ? String(name.value) : '';
}
