/** Where the parts of a parsed YAML document stand in its text. Offsets count characters. */
import {
  type CST,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** Thrown for a form of YAML that is valid, unusual and not edited. */
export class Unusual extends Error {
  override readonly name = 'Unusual';
}

export interface PlacedPair {
  readonly key: string;
  /** Of the key. */
  readonly start: number;
  /** Behind the colon. */
  readonly colonEnd: number;
  /** Null when nothing is written. */
  readonly value: Node | null;
  /** Behind the value, or the colon when there is none; comments behind it not included. */
  readonly end: number;
}

export function pairsOf(map: YAMLMap): PlacedPair[] {
  return map.items.map((item) => {
    const { key, srcToken } = item as Pair<Node, Node | null>;
    const colon = srcToken?.sep?.find((token) => token.type === 'map-value-ind');
    if (!isScalar(key) || key.range == null || colon === undefined || !('offset' in colon)) {
      throw new Unusual('it has a key without a colon, which cannot be edited');
    }
    const colonEnd = colon.offset + 1;
    const value = writtenValue(item.value as Node | null);
    return {
      key: String(key.source ?? key.value),
      start: key.range[0],
      colonEnd,
      value,
      end: value === null ? colonEnd : endOf(value),
    };
  });
}

export interface Item {
  readonly node: Node | null;
  /** Of the dash, or of the value between brackets. */
  readonly start: number;
  readonly end: number;
}

export function itemsOf(list: YAMLSeq): Item[] {
  const nodes = list.items.map((item) => writtenValue(item as Node | null));
  if (list.flow === true) {
    return nodes.map((node) => {
      if (node === null) throw new Unusual('it has a list with nothing between two commas');
      return { node, start: startOf(node), end: endOf(node) };
    });
  }
  const dashes = ((list.srcToken as CST.BlockSequence | undefined)?.items ?? []).flatMap(
    ({ start }) =>
      start.filter((token) => token.type === 'seq-item-ind').map(({ offset }) => offset),
  );
  if (dashes.length !== nodes.length) throw new Unusual('it has a list that cannot be edited');
  return nodes.map((node, i) => {
    const start = dashes[i] as number;
    return { node, start, end: node === null ? start + 1 : endOf(node) };
  });
}

function writtenValue(node: Node | null): Node | null {
  return node?.range == null || node.range[0] === node.range[1] ? null : node;
}

export function startOf(node: Node): number {
  return node.range?.[0] as number;
}

/** Behind the last character of a value. The range of a block collection goes further. */
export function endOf(node: Node): number {
  if (isMap(node) && node.flow !== true) return pairsOf(node).at(-1)?.end ?? startOf(node);
  if (isSeq(node) && node.flow !== true) return itemsOf(node).at(-1)?.end ?? startOf(node);
  return node.range?.[1] as number;
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Behind the line break; a block scalar ends there already. */
export function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
}

export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** Behind the lines of comments that follow `offset`, a beginning of a line, and are indented so far. */
export function commentsBelow(text: string, offset: number, column: number): number {
  let at = offset;
  for (;;) {
    const line = text.slice(at, lineEnd(text, at + 1));
    if (line.search(/[^ ]/) < column || !/^ *#/.test(line)) return at;
    at += line.length;
  }
}

/** Whether only spaces stand before `offset` on its line. */
export function beginsLine(text: string, offset: number): boolean {
  return /^ *$/.test(text.slice(lineStart(text, offset), offset));
}
