/**
 * Which arguments of a request are keys, and what the command does to each of them: for ACL, client
 * tracking and COMMAND GETKEYS. Follows the row's key specifications, and `keysOf` where those do not
 * tell all.
 */
import type { Args } from '../../core/wire/index.ts';
import { parseInteger } from './numbers.ts';
import type { CommandSpec, KeySpec } from './spec.ts';

export interface KeyUse {
  /** Argument index. */
  readonly index: number;
  /** The value is returned or tells something of itself in the reply. */
  readonly reads: boolean;
  /** The key is added, changed or removed. */
  readonly writes: boolean;
  readonly spec: KeySpec | undefined;
}

/** Whether requests of this command may have keys at all. */
export function mayHaveKeys(spec: CommandSpec): boolean {
  const { keys, keysOf } = spec;
  return keysOf !== undefined || keys?.some((keySpec) => keySpec.notKey !== true) === true;
}

/** The keys of a request, in the order of the specifications; undefined when the request is broken. */
export function commandKeys(spec: CommandSpec, args: Args): KeyUse[] | undefined {
  const uses: KeyUse[] = [];
  let broken = false;
  for (const keySpec of spec.keys ?? []) {
    if (keySpec.notKey === true || keySpec.begin === 'unknown') continue;
    const here = keySpec.varies?.(args) ?? keySpec;
    if (!rangeOf(keySpec, args, (index) => uses.push(useOf(index, here)))) broken = true;
  }
  if (spec.keysOf === undefined) return broken ? undefined : uses;
  const known = new Map(uses.map((use) => [use.index, use]));
  const fallback = spec.keys?.findLast(
    (keySpec) => keySpec.incomplete === true || keySpec.begin === 'unknown',
  );
  return spec.keysOf(args).map((index) => known.get(index) ?? unspecified(spec, index, fallback));
}

/** A key that only `keysOf` finds: as the last specification that does not say where keys stand. */
function unspecified(spec: CommandSpec, index: number, like: KeySpec | undefined): KeyUse {
  if (like !== undefined) return useOf(index, like);
  return { index, reads: true, writes: spec.flags.includes('write'), spec: undefined };
}

function useOf(index: number, spec: KeySpec): KeyUse {
  const { access, purpose } = spec;
  return {
    index,
    // Redis asks for the read permission only where the value gets out (ACCESS), not for its size.
    reads: purpose === 'access' || spec.alsoRead === true,
    writes: access !== 'RO' && purpose !== 'access',
    spec,
  };
}

/** Visits the arguments of one specification; false when the request does not fit it. */
function rangeOf(spec: KeySpec, args: Args, visit: (index: number) => void): boolean {
  const { begin, find } = spec;
  if (begin === 'unknown' || find === 'unknown') return true;
  const begun = typeof begin === 'number' ? begin : keywordAt(begin, args);
  if (begun === 0 || begun >= args.count) return typeof begin !== 'number';
  if ('keynum' in find) {
    const at = begun + find.keynum;
    if (at >= args.count) return false;
    const count = parseInteger(args.buf, args.start(at), args.end(at));
    const first = begun + find.first;
    if (!(count >= 1) || first + (count - 1) * find.step >= args.count) return false;
    for (let i = 0; i < count; i++) visit(first + i * find.step);
    return true;
  }
  let last: number;
  if (find.last >= 0) last = begun + find.last;
  else if (find.limit !== undefined && find.limit > 1) {
    last = begun + Math.floor((args.count - begun) / find.limit) + find.last;
  } else last = args.count + find.last;
  if (last >= args.count) return false;
  for (let index = begun; index <= last; index += find.step) visit(index);
  return true;
}

/** The argument behind a keyword, 0 when the keyword is not there. A negative start counts back. */
function keywordAt(begin: { keyword: string; from: number }, args: Args): number {
  const keyword = begin.keyword.toUpperCase();
  const step = begin.from < 0 ? -1 : 1;
  const from = begin.from < 0 ? args.count + begin.from : begin.from;
  for (let index = from; index > 0 && index < args.count; index += step) {
    if (args.keyword(index) === keyword) return index + 1;
  }
  return 0;
}
