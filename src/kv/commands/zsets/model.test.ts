import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestStore, type Reply } from '../../testing/harness.ts';

type Entry = [member: string, score: number];

/** Sorted sets as plain maps. */
class Model {
  readonly sets = new Map<string, Map<string, number>>();

  of(key: string): Map<string, number> {
    return this.sets.get(key) ?? new Map();
  }

  ordered(key: string): Entry[] {
    return [...this.of(key)].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
  }

  store(key: string, entries: Iterable<Entry>): number {
    const set = new Map(entries);
    if (set.size === 0) this.sets.delete(key);
    else this.sets.set(key, set);
    return set.size;
  }
}

const keys = fc.constantFrom('a', 'b', 'c');
const members = fc.nat(60).map((n) => `m${n}`);
const scores = fc.integer({ min: -20, max: 20 }).map((n) => n / 2);
const entries = fc.array(fc.tuple(members, scores), { minLength: 1, maxLength: 12 });

/** A command with the reply that the model gives. */
type Step = (model: Model) => { words: (string | number)[]; reply: Reply };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(keys, entries).map(([key, list]) => add(key, list)) },
  fc.tuple(keys, fc.array(members, { minLength: 1, maxLength: 8 })).map(([k, m]) => remove(k, m)),
  fc.tuple(keys, members, scores).map(([k, m, s]) => increase(k, m, s)),
  fc.tuple(keys, fc.nat(70), fc.nat(70)).map(([k, f, n]) => rangeByRank(k, f, n)),
  fc.tuple(keys, scores, scores).map(([k, min, max]) => rangeByScore(k, min, max)),
  fc.tuple(keys, scores, fc.nat(3)).map(([k, min, width]) => removeByScore(k, min, width)),
  fc.tuple(keys, fc.nat(5)).map(([k, n]) => popMax(k, n)),
  fc.tuple(keys, keys, keys).map(([d, a, b]) => unionStore(d, a, b)),
  fc.tuple(keys, keys, keys).map(([d, a, b]) => interStore(d, a, b)),
  fc.tuple(keys, members).map(([k, m]) => rank(k, m)),
);

function add(key: string, list: Entry[]): Step {
  return (model) => {
    const set = new Map(model.of(key));
    const before = set.size;
    for (const [member, score] of list) set.set(member, score);
    model.store(key, set);
    const words = ['ZADD', key, ...list.flatMap(([member, score]) => [score, member])];
    return { words, reply: set.size - before };
  };
}

function remove(key: string, list: string[]): Step {
  return (model) => {
    const set = new Map(model.of(key));
    const before = set.size;
    for (const member of list) set.delete(member);
    model.store(key, set);
    return { words: ['ZREM', key, ...list], reply: before - set.size };
  };
}

function increase(key: string, member: string, by: number): Step {
  return (model) => {
    const set = new Map(model.of(key));
    const score = (set.get(member) ?? 0) + by;
    set.set(member, score);
    model.store(key, set);
    return { words: ['ZINCRBY', key, by, member], reply: String(score) };
  };
}

function rangeByRank(key: string, from: number, count: number): Step {
  return (model) => {
    const found = model.ordered(key).slice(from, from + count + 1);
    const words = ['ZRANGE', key, from, from + count, 'WITHSCORES'];
    return { words, reply: found.flatMap(([member, score]) => [member, String(score)]) };
  };
}

function rangeByScore(key: string, min: number, max: number): Step {
  return (model) => {
    const found = model.ordered(key).filter(([, score]) => score > min && score <= max);
    const reply = found.map(([member]) => member).reverse();
    return { words: ['ZREVRANGEBYSCORE', key, max, `(${min}`], reply };
  };
}

function removeByScore(key: string, min: number, width: number): Step {
  return (model) => {
    const all = model.ordered(key);
    const left = all.filter(([, score]) => score < min || score > min + width);
    model.store(key, left);
    return { words: ['ZREMRANGEBYSCORE', key, min, min + width], reply: all.length - left.length };
  };
}

function popMax(key: string, count: number): Step {
  return (model) => {
    const all = model.ordered(key);
    const popped = all.splice(Math.max(all.length - count, 0)).reverse();
    model.store(key, all);
    const reply = popped.flatMap(([member, score]) => [member, String(score)]);
    return { words: ['ZPOPMAX', key, count], reply };
  };
}

function unionStore(to: string, a: string, b: string): Step {
  return (model) => {
    const union = new Map(model.of(a));
    for (const [member, score] of model.of(b)) union.set(member, (union.get(member) ?? 0) + score);
    return { words: ['ZUNIONSTORE', to, 2, a, b], reply: model.store(to, union) };
  };
}

function interStore(to: string, a: string, b: string): Step {
  return (model) => {
    const other = model.of(b);
    const common = [...model.of(a)]
      .filter(([member]) => other.has(member))
      .map(([member, score]): Entry => [member, Math.min(score, other.get(member)!)]);
    const words = ['ZINTERSTORE', to, 2, a, b, 'AGGREGATE', 'MIN'];
    return { words, reply: model.store(to, common) };
  };
}

function rank(key: string, member: string): Step {
  return (model) => {
    const at = model.ordered(key).findIndex(([name]) => name === member);
    return { words: ['ZRANK', key, member], reply: at < 0 ? null : at };
  };
}

test('random commands leave the store equal to plain maps, in both forms, and leak nothing', () => {
  fc.assert(
    fc.property(
      fc.array(steps, { minLength: 5, maxLength: 60 }),
      fc.constantFrom(0, 10, 40, 128),
      (list, zsetMaxListpackEntries) => {
        const kv = createTestStore({ settings: { zsetMaxListpackEntries } });
        const empty = kv.engine.keyspace.arena.usedBytes;
        const model = new Model();
        for (const step of list) {
          const { words, reply } = step(model);
          assert.deepEqual(kv.run(...words), reply, words.join(' '));
        }
        assert.equal(kv.session.db.size, model.sets.size);
        for (const key of ['a', 'b', 'c']) {
          const expected = model.ordered(key).map(([member]) => member);
          assert.deepEqual(kv.run('ZRANGE', key, 0, -1), expected);
          kv.run('ZREMRANGEBYRANK', key, 0, -1);
        }
        while (kv.engine.keyspace.large.reclaim(100));
        assert.equal(kv.engine.keyspace.arena.usedBytes, empty);
      },
    ),
    { numRuns: 100 },
  );
});
