import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Args } from '../../../core/wire/index.ts';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

type Words = readonly string[];

const id = fc.nat(40).map((n) => `${n >> 1}-${n & 1}`);
const ids = fc.array(id, { minLength: 1, maxLength: 4 });
const group = fc.constantFrom('g', 'h');
const consumer = fc.constantFrom('a', 'b', 'c');
const count = fc.integer({ min: 1, max: 5 }).map(String);
const flags = (...words: string[]) => fc.subarray(words);

const words: fc.Arbitrary<Words> = fc.oneof(
  { weight: 5, arbitrary: fc.nat(20).map((n) => ['XADD', 's', '*', 'f', `v${n}`]) },
  { weight: 3, arbitrary: id.map((at) => ['XADD', 's', at, 'f', 'v', 'g', 'w']) },
  count.map((n) => ['XADD', 's', 'MAXLEN', '~', n, '*', 'f', 'v']),
  fc.tuple(fc.constantFrom('=', '~'), id).map(([sign, at]) => ['XTRIM', 's', 'MINID', sign, at]),
  fc
    .tuple(fc.constantFrom('KEEPREF', 'DELREF', 'ACKED'), fc.constantFrom('=', '~'), count)
    .map(([policy, sign, n]) => ['XADD', 's', policy, 'MAXLEN', sign, n, '*', 'f', 'v']),
  fc
    .tuple(fc.constantFrom('DELREF', 'ACKED'), fc.constantFrom('=', '~'), id)
    .map(([policy, sign, at]) => ['XTRIM', 's', 'MINID', sign, at, policy]),
  ids.map((list) => ['XDEL', 's', ...list]),
  fc.tuple(group, id).map(([g, at]) => ['XGROUP', 'CREATE', 's', g, at, 'MKSTREAM']),
  fc.tuple(group, id, count).map(([g, at, n]) => ['XGROUP', 'SETID', 's', g, at, 'ENTRIESREAD', n]),
  fc.tuple(group, consumer).map(([g, c]) => ['XGROUP', 'DELCONSUMER', 's', g, c]),
  group.map((g) => ['XGROUP', 'DESTROY', 's', g]),
  {
    weight: 5,
    arbitrary: fc
      .tuple(group, consumer, count, flags('NOACK'))
      .map(([g, c, n, no]) => [
        'XREADGROUP',
        'GROUP',
        g,
        c,
        'COUNT',
        n,
        ...no,
        'STREAMS',
        's',
        '>',
      ]),
  },
  fc
    .tuple(group, consumer, id)
    .map(([g, c, at]) => ['XREADGROUP', 'GROUP', g, c, 'STREAMS', 's', at]),
  fc.tuple(group, ids).map(([g, list]) => ['XACK', 's', g, ...list]),
  fc
    .tuple(group, consumer, ids, flags('FORCE', 'JUSTID'))
    .map(([g, c, list, more]) => ['XCLAIM', 's', g, c, '0', ...list, ...more]),
  fc
    .tuple(group, consumer, ids, id)
    .map(([g, c, list, last]) => ['XCLAIM', 's', g, c, '0', ...list, 'LASTID', last]),
  fc
    .tuple(group, consumer, id, count)
    .map(([g, c, at, n]) => ['XAUTOCLAIM', 's', g, c, '0', at, 'COUNT', n]),
  fc.tuple(flags('DELREF'), ids).map(([policy, list]) => {
    return ['XDELEX', 's', ...policy, 'IDS', String(list.length), ...list];
  }),
);

/** All of a stream but when its consumers were last seen, which the log does not carry. */
function stateOf(kv: TestStore): Reply {
  const strip = (reply: Reply): Reply => {
    if (!Array.isArray(reply)) return reply;
    const seen = reply.indexOf('seen-time');
    const kept = seen < 0 ? reply : [...reply.slice(0, seen), ...reply.slice(seen + 4)];
    return kept.map(strip);
  };
  return strip(kv.run('XINFO', 'STREAM', 's', 'FULL', 'COUNT', '0'));
}

test('the effects of any history give the same entries, groups and pending lists', () => {
  fc.assert(
    fc.property(fc.array(words, { minLength: 20, maxLength: 120, size: 'max' }), (history) => {
      const settings = { streamNodeMaxEntries: 4 };
      const kv = createTestStore({ settings });
      for (const [i, command] of history.entries()) {
        kv.run(...command);
        kv.time.offsetMs += i % 3;
      }
      const replica = createTestStore({ settings });
      replica.engine.effects.sink = undefined;
      replica.engine.keyspace.setNow(kv.engine.clock.wallMs() + 1_000_000);
      for (const effect of kv.effects()) {
        assert.equal(replica.engine.executor.apply(0, new Args().load(effect)), '');
      }
      assert.deepEqual(stateOf(replica), stateOf(kv));
    }),
    { numRuns: 30 },
  );
});

test('a consumer who only ever found nothing is known to the log', () => {
  const kv = createTestStore();
  kv.run('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  kv.effects();
  assert.equal(kv.run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>'), null);
  assert.deepEqual(kv.effects(), [['XGROUP', 'CREATECONSUMER', 's', 'g', 'c']]);
});
