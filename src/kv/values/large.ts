/** Large values of all types as those see them who store them element by element. */
import { type LargeValue, Type } from '../keyspace/index.ts';
import type { Arena } from '../memory/index.ts';
import type { Settings } from '../settings.ts';
import { LargeHash } from './hash/index.ts';
import { LargeList, limitsOf } from './list/index.ts';
import { LargeSet } from './set/index.ts';
import { Stream } from './stream/index.ts';
import { LargeZset } from './zset/index.ts';

/** An empty value in large form, in which about `expected` elements will be. */
export function newLarge(
  type: Type,
  arena: Arena,
  settings: Settings,
  expected: number,
): LargeValue {
  switch (type) {
    case Type.hash:
      return new LargeHash(arena, expected);
    case Type.set:
      return new LargeSet(arena, expected);
    case Type.zset:
      return new LargeZset(arena, expected);
    case Type.list: {
      const { bytes, entries } = limitsOf(settings);
      return new LargeList(arena, bytes, entries);
    }
    case Type.stream:
      return new Stream(arena);
    default:
      throw new Error('a type without elements');
  }
}
