/**
 * Values as they were written, each with its place, before a setting has read them.
 * A scalar keeps its source text, so that a text setting may hold `1.10` or `007` unchanged.
 */
import type { Place, Problem } from './problem.ts';

export interface RawScalar {
  readonly type: 'scalar';
  /** The text as written; quotes and escapes resolved. */
  readonly text: string;
  /** True for `null`, `~` and nothing at all, outside quotes. */
  readonly empty: boolean;
  readonly place: Place;
}

export interface RawList {
  readonly type: 'list';
  readonly items: readonly Raw[];
  readonly place: Place;
}

export interface RawMap {
  readonly type: 'map';
  readonly entries: readonly RawEntry[];
  readonly place: Place;
}

export interface RawEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Raw;
}

export type Raw = RawScalar | RawList | RawMap;

/** What was met, as a problem names it: `"abc"`, `nothing`, `a list`, `a map`. */
export function metText(raw: Raw): string {
  if (raw.type !== 'scalar') return `a ${raw.type}`;
  return raw.empty ? 'nothing' : JSON.stringify(raw.text);
}

/** A value read, or the problems that prevent it. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };
