/** A document that is measured part by part: each stands between markers, so that one may be measured alone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { median } from '../kv/machine.ts';

export interface MeasuredDocument {
  readonly path: string;
  /** What stands before all parts. */
  readonly head: string;
  /** Names of the parts in their order. */
  readonly order: readonly string[];
}

/** Replaces one part of the document, or adds it. */
export function writePart(
  { path, head, order }: MeasuredDocument,
  name: string,
  text: string,
): void {
  const old = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const parts = new Map<string, string>();
  for (const [, part, body] of old.matchAll(
    /<!-- part:(\S+) -->\n([\s\S]*?)\n<!-- \/part:\1 -->/g,
  )) {
    parts.set(part!, body!);
  }
  parts.set(name, text.trim());
  const body = order
    .filter((part) => parts.has(part))
    .map((part) => `<!-- part:${part} -->\n${parts.get(part)}\n<!-- /part:${part} -->\n`);
  writeFileSync(path, `${head}\n${body.join('\n')}`);
}

/** Median and, in brackets, the lowest and the highest. */
export function spread(values: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
