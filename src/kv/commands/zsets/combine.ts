/**
 * Union, intersection and difference of sources, into a large sorted set that no key has.
 *
 * Sums are added from the smallest source to the largest, as Redis does, so that floats round alike.
 */
import type { Arena } from '../../memory/index.ts';
import { LargeZset } from '../../values/zset/index.ts';
import type { Source } from './sources.ts';

export type Aggregate = 'sum' | 'min' | 'max';

export function union(arena: Arena, sources: readonly Source[], aggregate: Aggregate): LargeZset {
  const ordered = bySize(sources);
  const result = new LargeZset(arena, ordered.at(-1)?.size ?? 0);
  for (const source of ordered) {
    const { weight } = source;
    source.each((buf, start, length, score) => {
      const value = orZero(score * weight);
      const hash = result.hash(buf, start, length);
      const there = result.find(hash, buf, start, length);
      if (there === 0) result.insertUnordered(hash, value, buf, start, length);
      else result.setUnordered(there, combined(result.scoreOf(there), value, aggregate));
      return true;
    });
  }
  result.orderAll();
  return result;
}

export function intersection(
  arena: Arena,
  sources: readonly Source[],
  aggregate: Aggregate,
): LargeZset {
  const [smallest, ...others] = bySize(sources);
  const result = new LargeZset(arena, 0);
  smallest!.each((buf, start, length, score) => {
    let value = orZero(score * smallest!.weight);
    for (const other of others) {
      const found = other.scoreOf(buf, start, length);
      if (Number.isNaN(found)) return true;
      value = combined(value, found * other.weight, aggregate);
    }
    result.insert(result.hash(buf, start, length), value, buf, start, length);
    return true;
  });
  return result;
}

/** Number of members that all sources have; counting ends at `limit` unless that is 0. */
export function intersectionSize(sources: readonly Source[], limit: number): number {
  const [smallest, ...others] = bySize(sources);
  let count = 0;
  smallest!.each((buf, start, length) => {
    if (others.every((other) => !Number.isNaN(other.scoreOf(buf, start, length)))) count++;
    return count !== limit || limit === 0;
  });
  return count;
}

/** Members of the first source that no other has, with their scores there. */
export function difference(arena: Arena, sources: readonly Source[]): LargeZset {
  const [first, ...others] = sources;
  const result = new LargeZset(arena, 0);
  first!.each((buf, start, length, score) => {
    if (others.every((other) => Number.isNaN(other.scoreOf(buf, start, length)))) {
      result.insert(result.hash(buf, start, length), score, buf, start, length);
    }
    return true;
  });
  return result;
}

function bySize(sources: readonly Source[]): Source[] {
  return [...sources].sort((a, b) => a.size - b.size);
}

function combined(into: number, value: number, aggregate: Aggregate): number {
  if (aggregate === 'sum') return orZero(into + value);
  // A value that is not a number replaces nothing.
  const replaces = aggregate === 'min' ? value < into : value > into;
  return replaces ? value : into;
}

/** Infinity times 0 and infinity less infinity are 0 here. */
function orZero(n: number): number {
  return Number.isNaN(n) ? 0 : n;
}
