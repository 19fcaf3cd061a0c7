/**
 * What purges cost, and how long others wait for them:
 *
 *     node bench/cache-purge.ts [--objects 100000] [--tags 4]
 *
 * Objects of 1 KiB in the store of the cache, each with some tags of its own and one that all bear; each figure is
 * the least of three runs. `purge` is what one purge takes, whatever it names; `slice` the longest time that the
 * sweeper holds the loop and that which 99 of 100 stay below, `swept` all slices together, behind which nothing of
 * what was purged takes memory. `verdict` is what a request pays for asking whether a purge names what it is about to
 * use, when there is one that it has not been compared with.
 */
import { parseArgs } from 'node:util';
import { ObjectStore } from '../src/cache/objects/object-store.ts';
import type { SleepingResponse } from '../src/cache/objects/sleeping-response.ts';
import { StoredResponse } from '../src/cache/objects/stored-response.ts';
import { type Purge, PurgeLedger, PurgeSweeper } from '../src/cache/purge/index.ts';
import { Fields } from '../src/core/wire/index.ts';

const { values: given } = parseArgs({
  options: {
    objects: { type: 'string', default: '100000' },
    tags: { type: 'string', default: '4' },
  },
});
const count = Number(given.objects);
const ownTags = Number(given.tags);
const RUNS = 3;
const BODY = Buffer.alloc(1024, 'x');

const rows: readonly Purge[] = [
  { kind: 'tag', value: 'all', soft: false },
  { kind: 'tag', value: 'own-7', soft: false },
  { kind: 'host', value: 'shop.example', soft: false },
  { kind: 'prefix', value: 'https://shop.example/products/1', soft: false },
  { kind: 'url', value: 'https://shop.example/products/17', soft: false },
  { kind: 'all', value: '', soft: false },
];
console.log(`${count} objects, ${ownTags + 1} tags each`);
console.log('| purge | purge µs | verdict ns | slice ms max | slice ms p99 | swept ms | gone |');
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const what of rows) {
  const runs = Array.from({ length: RUNS }, () => measure(what));
  const least = (of: (run: Run) => number): number => Math.min(...runs.map(of));
  const cells = [
    `${what.kind} ${what.value}`,
    (least(({ purgeMs }) => purgeMs) * 1000).toFixed(0),
    ((least(({ verdictMs }) => verdictMs) * 1e6) / count).toFixed(0),
    least(({ slices }) => slices.at(-1) ?? 0).toFixed(2),
    least(({ slices }) => slices[Math.floor(slices.length * 0.99)] ?? 0).toFixed(2),
    least(({ slices }) => slices.reduce((sum, ms) => sum + ms, 0)).toFixed(0),
    runs[0]?.gone,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

interface Run {
  readonly purgeMs: number;
  readonly verdictMs: number;
  /** The shortest first, milliseconds. */
  readonly slices: readonly number[];
  readonly gone: number;
}

function measure(what: Purge): Run {
  const ledger = new PurgeLedger();
  const objects = filled(ledger);
  const all = [...objects.swept()].map(({ key, tags, seq }) => ({ key, tags, seq }));
  const sweeper = new PurgeSweeper<StoredResponse | SleepingResponse>(ledger, {
    entries: () => objects.swept(),
    remove: (entry) =>
      objects.remove(entry instanceof StoredResponse ? entry : objects.wakeResponse(entry)),
    invalidate: () => {},
  });
  const [, purgeMs] = timed(() => ledger.purge(what));
  const [, verdictMs] = timed(() => {
    for (const { key, tags, seq } of all) ledger.verdictOn(key, tags, seq);
  });
  all.length = 0;
  const slices: number[] = [];
  for (let more = true; more; ) {
    const [isMore, ms] = timed(() => sweeper.step());
    slices.push(ms);
    more = isMore;
  }
  const gone = count - objects.stats.objects;
  objects.clear();
  return { purgeMs, verdictMs, slices: slices.sort((a, b) => a - b), gone };
}

function filled(ledger: PurgeLedger): ObjectStore {
  const objects = new ObjectStore({
    bytesMax: count * 4096 + 64 * 1024 * 1024,
    wallMs: () => 0,
    onLeaving: ({ tags }) => ledger.release(tags),
  });
  const space = objects.space('web');
  const fields = new Fields();
  fields.add(Buffer.from('Content-Type'), 'text/html');
  for (let i = 0; i < count; i++) {
    const stored = objects.begin(objects.resourceOf(space, `https://shop.example/products/${i}`));
    const own = Array.from({ length: ownTags }, (_, nth) => `own-${(i * 31 + nth) % 5000}`);
    stored.keepFields(fields);
    stored.tags = ledger.retainTags(['all', ...own]);
    stored.beginBody(BODY.length);
    stored.append(BODY);
    stored.finish();
    objects.add(stored);
    objects.rest();
  }
  return objects;
}

function timed<T>(run: () => T): readonly [T, number] {
  const began = performance.now();
  const value = run();
  return [value, performance.now() - began];
}
