/** Puts the records of a YAML file's lists in another order. A record takes the comments above it along. */
import { isMap, isScalar, isSeq, type Node, parseDocument, type YAMLSeq } from 'yaml';
import type { Edit, MapEdit } from './edit.ts';
import {
  beginsLine,
  columnOf,
  commentsBelow,
  endOf,
  type Item,
  itemsOf,
  lineEnd,
  lineStart,
  pairsOf,
  startOf,
  Unusual,
} from './yaml-places.ts';

/** The text with all lists in the order that the change says, once all else of the change is done. */
export function reorder(text: string, edit: MapEdit): string {
  // Outer lists first: an inner one is found wherever its record went.
  return orders(edit, []).reduce((done, { path, order }) => reorderOne(done, path, order), text);
}

interface Order {
  /** Keys and names of records. */
  readonly path: readonly string[];
  readonly order: readonly string[];
}

function orders(edit: Edit, path: readonly string[]): Order[] {
  if (edit.is !== 'map' && edit.is !== 'records') return [];
  const inner = [...edit.entries].flatMap(([key, each]) => orders(each, [...path, key]));
  return edit.is === 'records' && edit.order !== undefined
    ? [{ path, order: edit.order }, ...inner]
    : inner;
}

function reorderOne(text: string, path: readonly string[], order: readonly string[]): string {
  const document = parseDocument(text, { keepSourceTokens: true });
  const list = path.reduce(step, document.contents as Node | null);
  if (!isSeq(list)) return text;
  const items = itemsOf(list);
  const byName = new Map(items.map((item) => [nameOf(item.node), item]));
  const wanted = order.flatMap((name) => byName.get(name) ?? []);
  if (wanted.length !== items.length || wanted.every((item, i) => item === items[i])) return text;
  return list.flow === true
    ? reorderFlow(text, list, items, wanted)
    : reorderBlock(text, items, wanted);
}

function step(node: Node | null, name: string): Node | null {
  if (isMap(node)) return pairsOf(node).find(({ key }) => key === name)?.value ?? null;
  if (isSeq(node)) return itemsOf(node).find((item) => nameOf(item.node) === name)?.node ?? null;
  return null;
}

/** The parts change places, what stands between them stays. */
function reorderFlow(
  text: string,
  list: YAMLSeq,
  items: readonly Item[],
  wanted: readonly Item[],
): string {
  const end = endOf(list);
  const parts = wanted.map(({ start, end: itemEnd }, i) => {
    const here = items[i] as Item;
    const gap = text.slice(here.end, items[i + 1]?.start ?? end);
    return text.slice(start, itemEnd) + gap;
  });
  const first = items[0]?.start ?? startOf(list);
  return text.slice(0, first) + parts.join('') + text.slice(end);
}

function reorderBlock(text: string, items: readonly Item[], wanted: readonly Item[]): string {
  const first = items[0] as Item;
  const column = columnOf(text, first.start);
  const starts = new Map<Item, number>();
  let above = items.length > 0 && beginsLine(text, first.start) ? 0 : -1;
  for (const item of items) {
    if (above === -1 || !beginsLine(text, item.start)) {
      throw new Unusual('it has a list that cannot be reordered');
    }
    starts.set(item, commentsAbove(text, lineStart(text, item.start), above));
    above = lineEnd(text, item.end);
  }
  const end = commentsBelow(text, above, column);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const blockOf = (item: Item): string => {
    const next = items[items.indexOf(item) + 1];
    const block = text.slice(starts.get(item), next === undefined ? end : starts.get(next));
    return block.endsWith('\n') ? block : block + newline;
  };
  const isOpen = end === text.length && !text.endsWith('\n');
  const blocks = wanted.map(blockOf).join('');
  const body = isOpen ? blocks.slice(0, -newline.length) : blocks;
  return text.slice(0, starts.get(first)) + body + text.slice(end);
}

/** The beginning of the lines of comments directly above a line, not before `limit`. */
function commentsAbove(text: string, start: number, limit: number): number {
  let at = start;
  while (at > limit) {
    const before = lineStart(text, at - 1);
    if (before < limit || !/^ *#/.test(text.slice(before, at))) break;
    at = before;
  }
  return at;
}

function nameOf(node: Node | null): string {
  const name = isMap(node) ? node.get('name', true) : undefined;
  return isScalar(name) ? String(name.value) : '';
}
