/** For tests: fast-check arbitraries of values as they may stand in a store. */

import fc from 'fast-check';
import type { StreamId } from '../sink.ts';
import type { GroupModel, ValueModel } from './model.ts';

const ID_MAX = 2n ** 64n - 1n;

/** Bytes as latin1 text: short, repetitive, long, and texts of integers of all widths. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 12 }) },
  { weight: 3, arbitrary: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: -70000, max: 70000 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', '-', '-0', '007', '+1', ' 1', '1e3') },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.string({ minLength: 1, maxLength: 5 }), fc.nat({ max: 1000 }))
      .map(([unit, times]) => Buffer.from(unit.repeat(times)).toString('latin1')),
  },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 9000, size: 'max' })
      .map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
);

const score = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(Infinity, -Infinity, 0, -0, 5e-324, 2 ** 53),
);

const streamId: fc.Arbitrary<StreamId> = fc
  .tuple(
    fc.oneof(fc.bigInt({ min: 1n, max: 200n }), fc.bigInt({ min: 1n, max: ID_MAX })),
    fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.bigInt({ min: 0n, max: ID_MAX })),
  )
  .map(([ms, seq]) => ({ ms, seq }));

const number = (id: StreamId): bigint => (id.ms << 64n) | id.seq;
const ascending = (ids: StreamId[]): StreamId[] =>
  ids.toSorted((a, b) => (number(a) < number(b) ? -1 : 1));
const uniqueIds = (maxLength: number) =>
  fc.uniqueArray(streamId, { maxLength, selector: number }).map(ascending);

const timeMs = fc.nat({ max: 2 ** 45 });

const group: fc.Arbitrary<GroupModel> = fc
  .record({
    name: text,
    lastId: streamId,
    entriesRead: fc.option(fc.nat()),
    names: fc.uniqueArray(text, { maxLength: 4 }),
    ids: uniqueIds(12),
    seenTimeMs: timeMs,
    activeTimeMs: fc.option(timeMs),
    deliveryTimeMs: timeMs,
    deliveryCount: fc.nat(),
  })
  .map(({ names, ids, seenTimeMs, activeTimeMs, deliveryTimeMs, deliveryCount, ...rest }) => ({
    ...rest,
    consumers: names.map((name, owner) => ({
      name,
      seenTimeMs,
      activeTimeMs,
      pending: ids
        .filter((_, i) => i % names.length === owner)
        .map((id) => ({ id, deliveryTimeMs, deliveryCount })),
    })),
  }));

const stream: fc.Arbitrary<ValueModel> = fc
  .record({
    ids: uniqueIds(250),
    pairs: fc.array(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 4,
    }),
    groups: fc.uniqueArray(group, { maxLength: 3, selector: (one) => one.name }),
    deleted: streamId,
    extra: fc.nat({ max: 50 }),
  })
  .map(({ ids, pairs, groups, deleted, extra }) => ({
    kind: 'stream' as const,
    entries: ids.map((id, i) => ({ ...id, pairs: pairs[i % pairs.length]?.flat() ?? [] })),
    meta: {
      length: ids.length,
      lastId: ids.at(-1) ?? deleted,
      firstId: ids[0] ?? { ms: 0n, seq: 0n },
      maxDeletedId: deleted,
      entriesAdded: ids.length + extra,
    },
    groups,
  }));

const hash: fc.Arbitrary<ValueModel> = fc
  .record({
    packed: fc.boolean(),
    minExpireAtMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 42 })),
    fields: fc.uniqueArray(fc.tuple(text, text, fc.option(fc.nat({ max: 2 ** 42 }))), {
      minLength: 1,
      maxLength: 60,
      selector: ([field]) => field,
    }),
  })
  .map(({ packed, minExpireAtMs, fields }) => ({
    kind: 'hash' as const,
    packed: packed && minExpireAtMs === 0,
    minExpireAtMs,
    fields: fields.map(([field, value, after]): [string, string, number] => [
      field,
      value,
      minExpireAtMs === 0 || after === null ? 0 : minExpireAtMs + after,
    ]),
  }));

/** Any value, none of its collections empty (streams may be). */
export const value: fc.Arbitrary<ValueModel> = fc.oneof(
  text.map((one): ValueModel => ({ kind: 'string', value: one })),
  fc
    .array(text, { minLength: 1, maxLength: 60 })
    .map((items): ValueModel => ({ kind: 'list', items })),
  fc
    .tuple(fc.boolean(), fc.uniqueArray(text, { minLength: 1, maxLength: 60 }))
    .map(([packed, members]): ValueModel => ({ kind: 'set', packed, members })),
  fc
    .uniqueArray(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1 })
    .map((members): ValueModel => ({ kind: 'set', packed: true, members: members.map(String) })),
  hash,
  fc
    .tuple(
      fc.boolean(),
      fc.uniqueArray(fc.tuple(text, score), {
        minLength: 1,
        maxLength: 60,
        selector: ([member]) => member,
      }),
    )
    .map(([packed, members]): ValueModel => ({ kind: 'zset', packed, members })),
  stream,
);
