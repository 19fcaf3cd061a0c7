/**
 * The language of cases that prove a cache from outside: what is asked through it, what the origin shall answer
 * if it is asked, and what must come of it. Written from the text of the RFCs; each case names its section.
 *
 * A case is data. It has a path of its own, so that cases share one cache and run beside each other.
 */

/**
 * A text, or one made from when the case began. In it `{base}` stands for the path of the case and `{host}` for
 * what its requests name as their host.
 */
export type Value = string | ((nowMs: number) => string);
export type Line = readonly [name: string, value: Value];

/** `must`: the RFC demands it. `should`: it advises it. `may`: it allows it, and we want it. */
export type Level = 'must' | 'should' | 'may';

export interface Answer {
  readonly status?: number;
  /** A Date of now stands before them unless one of them is a Date, or `noDate`. */
  readonly fields?: readonly Line[];
  readonly noDate?: boolean;
  /** Default: a text that only this step of this case has. */
  readonly body?: string;
  readonly version?: '1.0' | '1.1';
  /**
   * `close`: until the connection ends. `short`: Content-Length says more than comes before the connection ends.
   * `cut`: chunks without the last. `none`: the connection ends without a byte.
   */
  readonly framing?: 'length' | 'chunked' | 'close' | 'short' | 'cut' | 'none';
  readonly trailers?: readonly Line[];
  readonly interim?: readonly (readonly [status: number, fields: readonly Line[]])[];
  /** The head is held until the client has got its response, or for so many milliseconds. */
  readonly after?: 'delivery' | number;
}

/** A field of a message: its lines joined; null: it is not there. */
export type Wanted = Value | RegExp | null;

export interface Expected {
  /**
   * Whether the origin was asked: `no`; `anew`: without conditions; `validation`: with one made by the cache or
   * the client; `yes`: either; `behind`: it was, and the client did not wait for that; `any`: it does not matter.
   */
  readonly asked: 'no' | 'anew' | 'validation' | 'yes' | 'behind' | 'any';
  /** Index of the step whose body comes; null: no body. Default: that of the origin if asked, else the first. */
  readonly body?: number | string | RegExp | null;
  readonly status?: number | readonly number[];
  readonly fields?: Readonly<Record<string, Wanted>>;
  /** Of what reached the origin. */
  readonly forwarded?: Readonly<Record<string, Wanted>>;
  readonly trailers?: Readonly<Record<string, Wanted>>;
  /** How many requests reached the origin. */
  readonly requests?: number;
  /** Statuses of interim responses. */
  readonly interim?: readonly number[];
  /** Seconds, from and to. */
  readonly age?: readonly [number, number];
  /** The client must be able to see that its response is not whole. */
  readonly broken?: true;
  /** Of our own Cache-Status; no other cache is asked for it. */
  readonly cacheStatus?: RegExp;
}

export interface Step {
  readonly method?: string;
  readonly fields?: readonly Line[];
  readonly body?: string;
  /** Behind the case's path. */
  readonly path?: string;
  /** In place of the cache's own address. */
  readonly host?: string;
  /** The target is sent as `http://host/path`. */
  readonly absolute?: true;
  readonly answer?: Answer;
  readonly waitMs?: number;
  /** So many requests at once, all to be answered alike. */
  readonly times?: number;
  readonly expect?: Expected;
}

export interface Case {
  readonly rfc: string;
  readonly section: string;
  readonly level: Level;
  readonly name: string;
  readonly steps: readonly Step[];
}

/** A table of one section: each row its level, its name and its steps. */
export function table(
  rfc: string,
  section: string,
  rows: readonly (readonly [level: Level, name: string, steps: readonly Step[]])[],
): readonly Case[] {
  return rows.map(([level, name, steps]) => ({ rfc, section, level, name, steps }));
}

// Lines.

export const cc = (value: string): Line => ['Cache-Control', value];
export const cdn = (value: string): Line => ['CDN-Cache-Control', value];
export const FRESH: Line = cc('max-age=3600');
export const STALE: Line = cc('max-age=0');

/** An HTTP-date so many seconds from the beginning of the case. */
export const at =
  (seconds: number): ((nowMs: number) => string) =>
  (nowMs) =>
    new Date(nowMs + seconds * 1000).toUTCString();
export const line = (name: string, value: Value): Line => [name, value];
export const dated = (name: string, seconds: number): Line => [name, at(seconds)];
export const ETAG: Line = ['ETag', '"one"'];
/** Two days ago. */
export const MODIFIED: Line = dated('Last-Modified', -172_800);

export function answer(...fields: readonly Line[]): Answer {
  return { fields };
}

// Steps.

/** A request that fills the cache; what comes of it is not judged but for its body. */
export function fill(given: Answer, request: Partial<Step> = {}): Step {
  return { ...request, answer: given, expect: { asked: 'any', ...request.expect } };
}

/** Answered from the store, with the body of the first step. */
export function hit(request: Partial<Step> = {}, expected: Partial<Expected> = {}): Step {
  return { ...request, expect: { asked: 'no', ...expected } };
}

/** Answered by the origin, whether asked with a condition or not. */
export function miss(request: Partial<Step> = {}, expected: Partial<Expected> = {}): Step {
  return { answer: {}, ...request, expect: { asked: 'yes', ...expected } };
}

/** The origin is asked with a condition, says 304, and what is stored is sent. */
export function validated(request: Partial<Step> = {}, expected: Partial<Expected> = {}): Step {
  return {
    answer: { status: 304, fields: [FRESH] },
    ...request,
    expect: { asked: 'validation', body: 0, ...expected },
  };
}

/** The client gets what is stored at once, and the origin is asked behind it. */
export function behind(request: Partial<Step> = {}, expected: Partial<Expected> = {}): Step {
  return {
    ...request,
    answer: { fields: [FRESH], ...request.answer, after: 'delivery' },
    expect: { asked: 'behind', ...expected },
  };
}

// Whole cases.

/** Stored and used again. */
export const kept = (...fields: readonly Line[]): readonly Step[] => [
  fill(answer(...fields)),
  hit(),
];
/** Not used again without the origin. */
export const lost = (...fields: readonly Line[]): readonly Step[] => [
  fill(answer(...fields)),
  miss(),
];
/** Stored, and validated before it is used. */
export const checked = (...fields: readonly Line[]): readonly Step[] => [
  fill(answer(ETAG, ...fields)),
  validated({}, { forwarded: { 'if-none-match': '"one"' } }),
];
