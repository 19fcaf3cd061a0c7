import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldsOf } from '../policy/policy-fixture.ts';
import { HashedMarks } from './hashed-marks.ts';
import { decodePurge, encodePurge, type Purge, type PurgeVerdict } from './purge.ts';
import {
  hostOfUrl,
  LEDGER_LIMITS,
  type LedgerLimits,
  ledgerLimitsFor,
  PurgeLedger,
} from './purge-ledger.ts';
import { PurgeSweeper, type Swept } from './purge-sweeper.ts';
import { TAG_LENGTH_MAX, tagOfText, tagsOf } from './tags.ts';

const SITES = ['http://a.test', 'https://a.test', 'https://a.test:8443', 'https://b.test'];
const PATHS = ['/', '/a', '/a/b', '/a/bc', '/ab?c'];
const TAGS = ['t0', 't1', 't2', 't3', 't4', 't5'];

const url = fc
  .tuple(fc.constantFrom(...SITES), fc.constantFrom(...PATHS))
  .map((two) => two.join(''));
const key = fc
  .tuple(url, fc.constantFrom('', '\nheader x: 1', '\ndevice mobile'))
  .map((two) => two.join(''));
const tags = fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 3 });
const purge: fc.Arbitrary<Purge> = fc
  .tuple(
    fc.oneof(
      fc.record({ kind: fc.constant('url' as const), value: url }),
      fc.record({ kind: fc.constant('prefix' as const), value: url }),
      fc.record({ kind: fc.constant('host' as const), value: fc.constantFrom('a.test', 'b.test') }),
      fc.record({ kind: fc.constant('tag' as const), value: fc.constantFrom(...TAGS) }),
      fc.constant({ kind: 'all' as const, value: '' }),
    ),
    fc.boolean(),
  )
  .map(([what, soft]) => ({ ...what, soft }));

/** The obvious twin: a list of all purges. */
class AllPurges {
  readonly list: { readonly what: Purge; readonly seq: number }[] = [];

  verdictOn(of: string, its: readonly string[], seq: number): PurgeVerdict | undefined {
    const [at = ''] = of.split('\n');
    const named = this.list.filter(
      ({ what: { kind, value }, seq: purged }) =>
        purged > seq &&
        (kind === 'all' ||
          (kind === 'tag' && its.includes(value)) ||
          (kind === 'url' && at === value) ||
          (kind === 'prefix' && at.startsWith(value)) ||
          (kind === 'host' && new URL(at).hostname === value)),
    );
    if (named.some(({ what }) => !what.soft)) return 'hard';
    return named.length > 0 ? 'soft' : undefined;
  }
}

interface Stored extends Swept {
  readonly key: string;
  readonly names: readonly string[];
  isStale: boolean;
}

type Step =
  | { readonly does: 'store'; readonly key: string; readonly tags: string[]; readonly age: number }
  | { readonly does: 'purge'; readonly what: Purge }
  | { readonly does: 'look' | 'remove' | 'sweep'; readonly at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant('store' as const), key, tags, age: fc.nat(3) }),
  fc.record({ does: fc.constant('purge' as const), what: purge }),
  fc.record({
    does: fc.constantFrom('look' as const, 'remove' as const, 'sweep' as const),
    at: fc.nat(20),
  }),
);

/** Runs steps on a ledger and beside it on the twin; `same` compares what both say. */
function run(
  limits: LedgerLimits,
  steps: readonly Step[],
  same: (said: PurgeVerdict | undefined, wanted: PurgeVerdict | undefined) => void,
): void {
  const ledger = new PurgeLedger(limits);
  const twin = new AllPurges();
  const stored: Stored[] = [];
  const check = (one: Stored): void =>
    same(ledger.verdictOn(one.key, one.tags, one.seq), twin.verdictOn(one.key, one.names, one.seq));
  const removeAt = (at: number): void => {
    const [gone] = stored.splice(at, 1);
    if (gone !== undefined) ledger.release(gone.tags);
  };
  const sweeper = new PurgeSweeper<Stored>(
    ledger,
    {
      entries: () => [...stored][Symbol.iterator](),
      remove: (one) => {
        assert.notEqual(ledger.verdictOn(one.key, one.tags, one.seq), undefined);
        removeAt(stored.indexOf(one));
      },
      invalidate: (one) => {
        one.isStale = true;
        one.seq = ledger.seq;
      },
    },
    2,
  );
  for (const one of steps) {
    if (one.does === 'store') {
      const seq = Math.max(0, ledger.seq - one.age);
      const ids = ledger.retainTags(one.tags);
      stored.push({ key: one.key, names: one.tags, tags: ids, seq, isStale: false });
    } else if (one.does === 'purge') {
      twin.list.push({ what: one.what, seq: ledger.purge(one.what) });
    } else if (one.does === 'remove') removeAt(one.at % Math.max(1, stored.length));
    else if (one.does === 'sweep') sweeper.step();
    else {
      const found = stored[one.at % Math.max(1, stored.length)];
      if (found === undefined) continue;
      check(found);
      if (ledger.verdictOn(found.key, found.tags, found.seq) === undefined) found.seq = ledger.seq;
    }
    for (const each of stored) {
      check(each);
      const isNamed = ledger.verdictOn(each.key, each.tags, each.seq) !== undefined;
      assert.ok(!isNamed || ledger.mayName(each.key, each.seq));
    }
  }
  // Another purge, so that the sweeper looks at all once more.
  ledger.purge({ kind: 'tag', value: 'of nobody', soft: false });
  while (sweeper.step());
  for (const each of stored) assert.equal(each.seq, ledger.seq);
  assert.ok(ledger.sizes.tags <= limits.tagsMax);
  assert.ok(ledger.sizes.urls <= limits.urlsMax);
  assert.ok(ledger.sizes.prefixes <= limits.prefixesMax);
}

test('model: a ledger with room says what a list of all purges says', () => {
  const slots = new HashedMarks(LEDGER_LIMITS.tagSlots);
  assert.equal(new Set(TAGS.map((tag) => slots.slotOf(tag))).size, TAGS.length);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      run(LEDGER_LIMITS, steps, (said, wanted) => assert.equal(said, wanted));
    }),
    { numRuns: 300 },
  );
});

test('model: a ledger without room says too much at times and never too little', () => {
  const small: LedgerLimits = {
    ...{ tagsMax: 3, urlsMax: 2, hostsMax: 1, prefixesMax: 2, tagBytesMax: 5, urlBytesMax: 40 },
    ...{ tagSlots: 2, urlSlots: 4, hostSlots: 2 },
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      run(small, steps, (said, wanted) => {
        if (wanted === 'hard') assert.equal(said, 'hard');
        if (wanted === 'soft') assert.notEqual(said, undefined);
      });
    }),
    { numRuns: 500 },
  );
});

test('a purge by tag costs the same whatever it names, and tables stay within their limits', () => {
  const limits = { ...LEDGER_LIMITS, tagsMax: 1000, urlsMax: 100, prefixesMax: 10 };
  const ledger = new PurgeLedger(limits);
  const ids = ledger.retainTags(['news']);
  for (let i = 0; i < 50_000; i++) ledger.retain(ids);
  assert.equal(ledger.usesOfTag('news'), 50_001);
  for (let i = 0; i < 5000; i++) {
    ledger.purge({ kind: 'tag', value: `tag-${i}`, soft: false });
    ledger.purge({ kind: 'url', value: `https://a.test/${i}`, soft: false });
    ledger.purge({ kind: 'prefix', value: `https://a.test/${i}/`, soft: false });
  }
  assert.deepEqual(ledger.sizes, { tags: 1000, urls: 100, prefixes: 10 });
  assert.ok(ledger.bytes < 5_000_000);
  const other = 'https://b.test/';
  assert.equal(ledger.verdictOn(other, ids, 0), undefined);
  for (const i of [0, 2500, 4999]) {
    assert.equal(ledger.verdictOn(other, [ledger.tagId(`tag-${i}`)], 0), 'hard');
    assert.equal(ledger.verdictOn(`https://a.test/${i}`, [], 0), 'hard');
    assert.equal(ledger.verdictOn(`https://a.test/${i}/x`, [], 0), 'hard');
  }
  ledger.purge({ kind: 'tag', value: 'news', soft: true });
  assert.equal(ledger.verdictOn(other, ids, 15_000), 'soft');
});

test('long names take no more than their share, and are not forgotten for that', () => {
  const ledger = new PurgeLedger(ledgerLimitsFor(16 * 1024 * 1024));
  const long = 'x'.repeat(1000);
  const used = ledger.retainTags([`${long} used`]);
  for (let i = 0; i < 3000; i++) {
    ledger.purge({ kind: 'tag', value: `${long}${i}`, soft: false });
    ledger.purge({ kind: 'url', value: `https://a.test/${long}${i}`, soft: true });
  }
  assert.ok(ledger.bytes < 5_000_000, `${ledger.bytes}`);
  for (const i of [0, 2999]) {
    assert.equal(ledger.verdictOn('https://b.test/', [ledger.tagId(`${long}${i}`)], 0), 'hard');
    assert.equal(ledger.verdictOn(`https://a.test/${long}${i}`, [], 0), 'soft');
  }
  assert.equal(ledger.tagName(used[0] as number), `${long} used`);
});

test('a purge by tag names a response whose fetch began before it, though nobody knew the tag then', () => {
  const ledger = new PurgeLedger();
  const began = ledger.seq;
  ledger.purge({ kind: 'tag', value: 'new', soft: false });
  assert.equal(ledger.verdictOn('https://a.test/', ledger.retainTags(['new']), began), 'hard');
});

test('purges of an earlier process hold, in whatever order they are read', () => {
  const purges: readonly (readonly [Purge, number])[] = [
    [{ kind: 'prefix', value: 'https://a.test/b', soft: true }, 9],
    [{ kind: 'prefix', value: 'https://a.test/a', soft: false }, 4],
    [{ kind: 'tag', value: 'été', soft: false }, 7],
    [{ kind: 'all', value: '', soft: true }, 2],
  ];
  const ledger = new PurgeLedger();
  for (const [what, seq] of purges) {
    const read = decodePurge(encodePurge(what));
    assert.deepEqual(read, what);
    ledger.restore(read as Purge, seq);
  }
  assert.equal(ledger.seq, 9);
  assert.equal(ledger.verdictOn('https://a.test/b1', [], 8), 'soft');
  assert.equal(ledger.verdictOn('https://a.test/b1', [], 9), undefined);
  assert.equal(ledger.verdictOn('https://a.test/a', [], 3), 'hard');
  assert.equal(ledger.verdictOn('https://a.test/a', [], 4), undefined);
  assert.equal(ledger.verdictOn('https://c.test/', [ledger.tagId('été')], 6), 'hard');
  assert.equal(ledger.verdictOn('https://c.test/', [], 1), 'soft');
  assert.equal(ledger.purge({ kind: 'all', value: '', soft: false }), 10);
});

test('of what has no tags yet it is known whether a purge may name it', () => {
  const ledger = new PurgeLedger();
  const key = 'https://a.test/a';
  ledger.purge({ kind: 'url', value: 'https://a.test/b', soft: false });
  ledger.purge({ kind: 'host', value: 'b.test', soft: false });
  assert.equal(ledger.mayName(key, 0), false);
  assert.equal(ledger.mayName('https://a.test/b', 0), true);
  ledger.purge({ kind: 'tag', value: 't', soft: true });
  assert.equal(ledger.mayName(key, 2), true);
  assert.equal(ledger.mayName(key, 3), false);
});

test('bytes that are no purge are told from one', () => {
  for (const bytes of [[], [1], [1, 3], [2, 3, 0], [1, 5, 0], [1, 3, 2]]) {
    assert.equal(decodePurge(Buffer.from(bytes)), undefined);
  }
});

test('hosts of URLs, without their ports and the dot of the root', () => {
  assert.equal(hostOfUrl('https://a.test./b.'), 'a.test');
  assert.equal(hostOfUrl('https://a.test.:81/'), 'a.test');
  assert.equal(hostOfUrl('https://a.test/b:1'), 'a.test');
  assert.equal(hostOfUrl('https://a.test:81/'), 'a.test');
  assert.equal(hostOfUrl('http://[::1]/'), '[::1]');
  assert.equal(hostOfUrl('http://[::1]:81/'), '[::1]');
  assert.equal(hostOfUrl('http:///'), '');
});

test('tags: words of Surrogate-Key, elements of Cache-Tag, each once', () => {
  assert.deepEqual(tagsOf(fieldsOf('Content-Type: x'), 9), []);
  assert.deepEqual(
    tagsOf(
      fieldsOf(
        'Surrogate-Key: a  b\tc,d',
        'Cache-Tag: a, e f ,, g',
        'surrogate-key: b h',
        'cache-tag: i',
      ),
      9,
    ),
    ['a', 'b', 'c,d', 'h', 'e f', 'g', 'i'],
  );
  assert.deepEqual(tagsOf(fieldsOf('Surrogate-Key:', 'Cache-Tag: , '), 9), []);
  assert.deepEqual(tagsOf(fieldsOf(`Cache-Tag: ${tagOfText('été')}`), 9), ['Ã©tÃ©']);
  assert.equal(tagsOf(fieldsOf('Surrogate-Key: a b c'), 2), null);
  assert.equal(tagsOf(fieldsOf(`Cache-Tag: ${'a'.repeat(TAG_LENGTH_MAX + 1)}`), 9), null);
});
