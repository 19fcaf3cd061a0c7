import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestStore, type Reply } from '../../testing/harness.ts';

/** A group as plain lists: what was delivered up to `last`, and to whom. */
interface Model {
  entries: number[];
  last: number;
  pending: Map<number, { consumer: string; deliveries: number }>;
}

type Step =
  | { kind: 'add' }
  | { kind: 'delete' | 'ack'; id: number }
  | { kind: 'trim'; keep: number }
  | { kind: 'read' | 'history'; consumer: string; count: number }
  | { kind: 'claim'; consumer: string; id: number; force: boolean; justId: boolean }
  | { kind: 'autoclaim'; consumer: string; from: number; count: number }
  | { kind: 'drop'; consumer: string };

const consumer = fc.constantFrom('a', 'b', 'c');
const id = fc.integer({ min: 1, max: 60 });
const count = fc.integer({ min: 1, max: 10 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
  fc.record({ kind: fc.constantFrom('delete' as const, 'ack' as const), id }),
  fc.record({ kind: fc.constant('trim' as const), keep: fc.nat(20) }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('read' as const, 'history' as const),
      consumer,
      count,
    }),
  },
  fc.record({
    kind: fc.constant('claim' as const),
    consumer,
    id,
    force: fc.boolean(),
    justId: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('autoclaim' as const), consumer, from: id, count }),
  fc.record({ kind: fc.constant('drop' as const), consumer }),
);

const name = (n: number): string => `${n}-0`;
const told = (ids: number[]): Reply => ids.map((n) => [name(n), ['f', 'v']]);
const ownedBy = (model: Model, who: string): number[] =>
  [...model.pending]
    .filter(([, p]) => p.consumer === who)
    .map(([n]) => n)
    .sort((x, y) => x - y);

/** What a step does to the model, and the command and reply that go with it. */
function apply(model: Model, s: Step): { words: string[]; reply: Reply } {
  const { entries, pending } = model;
  switch (s.kind) {
    case 'add': {
      const next = (model.entries.at(-1) ?? 0) > model.last ? model.entries.at(-1)! : model.last;
      const added = Math.max(next, highest.get(model) ?? 0) + 1;
      highest.set(model, added);
      entries.push(added);
      return { words: ['XADD', 's', String(added), 'f', 'v'], reply: name(added) };
    }
    case 'delete': {
      const there = entries.includes(s.id);
      model.entries = entries.filter((n) => n !== s.id);
      return { words: ['XDEL', 's', String(s.id)], reply: there ? 1 : 0 };
    }
    case 'ack':
      return { words: ['XACK', 's', 'g', String(s.id)], reply: pending.delete(s.id) ? 1 : 0 };
    case 'trim': {
      const gone = Math.max(0, entries.length - s.keep);
      model.entries = entries.slice(gone);
      return { words: ['XTRIM', 's', 'MAXLEN', String(s.keep)], reply: gone };
    }
    case 'read': {
      const fresh = entries.filter((n) => n > model.last).slice(0, s.count);
      for (const n of fresh) pending.set(n, { consumer: s.consumer, deliveries: 1 });
      model.last = fresh.at(-1) ?? model.last;
      return {
        words: `XREADGROUP GROUP g ${s.consumer} COUNT ${s.count} STREAMS s >`.split(' '),
        reply: fresh.length > 0 ? [['s', told(fresh)]] : null,
      };
    }
    case 'history': {
      const own = ownedBy(model, s.consumer).slice(0, s.count);
      for (const n of own) if (entries.includes(n)) pending.get(n)!.deliveries++;
      const rows = own.map((n) => [name(n), entries.includes(n) ? ['f', 'v'] : null]);
      return {
        words: `XREADGROUP GROUP g ${s.consumer} COUNT ${s.count} STREAMS s 0`.split(' '),
        reply: [['s', rows]],
      };
    }
    case 'claim': {
      const words = ['XCLAIM', 's', 'g', s.consumer, '0', String(s.id)];
      if (s.force) words.push('FORCE');
      if (s.justId) words.push('JUSTID');
      if (!entries.includes(s.id)) {
        pending.delete(s.id);
        return { words, reply: [] };
      }
      if (!pending.has(s.id) && !s.force) return { words, reply: [] };
      const before = pending.get(s.id)?.deliveries ?? 1;
      pending.set(s.id, { consumer: s.consumer, deliveries: before + (s.justId ? 0 : 1) });
      return { words, reply: s.justId ? [name(s.id)] : told([s.id]) };
    }
    case 'autoclaim': {
      const later = [...pending.keys()].filter((n) => n >= s.from).sort((x, y) => x - y);
      const taken = later.slice(0, s.count);
      const next = later[s.count];
      const gone = taken.filter((n) => !entries.includes(n));
      const kept = taken.filter((n) => entries.includes(n));
      for (const n of gone) pending.delete(n);
      for (const n of kept) {
        pending.set(n, { consumer: s.consumer, deliveries: pending.get(n)!.deliveries + 1 });
      }
      return {
        words: `XAUTOCLAIM s g ${s.consumer} 0 ${s.from} COUNT ${s.count}`.split(' '),
        reply: [next === undefined ? '0-0' : name(next), told(kept), gone.map(name)],
      };
    }
    case 'drop': {
      const own = ownedBy(model, s.consumer);
      for (const n of own) pending.delete(n);
      return { words: ['XGROUP', 'DELCONSUMER', 's', 'g', s.consumer], reply: own.length };
    }
  }
}

const highest = new WeakMap<Model, number>();

test('a group delivers, counts and forgets as plain lists do', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 200, size: 'max' }), (steps) => {
      const kv = createTestStore({ settings: { streamNodeMaxEntries: 7 } });
      kv.run('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM');
      const model: Model = { entries: [], last: 0, pending: new Map() };
      for (const s of steps) {
        const { words, reply } = apply(model, s);
        assert.deepEqual(kv.run(...words), reply, words.join(' '));
      }
      const rows = kv.run('XPENDING', 's', 'g', '-', '+', '1000') as Reply[][];
      const wanted = [...model.pending].sort((a, b) => a[0] - b[0]);
      assert.deepEqual(
        rows.map(([n, who, , deliveries]) => [n, who, deliveries]),
        wanted.map(([n, p]) => [name(n), p.consumer, p.deliveries]),
      );
      for (const who of ['a', 'b', 'c']) {
        const own = kv.run('XPENDING', 's', 'g', '-', '+', '1000', who) as Reply[][];
        assert.deepEqual(
          own.map(([n]) => n),
          ownedBy(model, who).map(name),
        );
      }
      assert.deepEqual(kv.run('XRANGE', 's', '-', '+'), told(model.entries));
    }),
    { numRuns: 40 },
  );
});
