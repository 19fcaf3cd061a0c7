/**
 * What making the key of a request costs, by rule:
 *
 *     node bench/cache-key.ts [--ms 60]
 *
 * Nanoseconds a key, the best of five runs of `--ms` milliseconds each over 512 requests in turn that are parsed
 * already. Each key is looked up in a Map, since a text costs what it does only when it is used; `lookup` is that
 * alone, with texts that have been looked up before.
 */
import { parseArgs } from 'node:util';
import { DEFAULT_KEY_RULE, type KeyRule } from '../src/cache/key/key-fields.ts';
import { requestFor } from '../src/cache/key/key-fixture.ts';
import { KeyMaker } from '../src/cache/key/key-maker.ts';
import type { RequestHead } from '../src/core/wire/index.ts';

const { values: given } = parseArgs({ options: { ms: { type: 'string', default: '60' } } });
const runMs = Number(given.ms);
const RUNS = 5;
const REQUESTS = 512;

interface Row {
  readonly name: string;
  readonly rule?: Partial<KeyRule>;
  request(i: number): RequestHead;
}

const AGENT =
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const plain = (i: number): RequestHead =>
  requestFor(`/assets/images/picture-${i}.jpeg?v=42`, { lines: ['Accept: */*', AGENT] });

const rows: readonly Row[] = [
  { name: 'default', request: plain },
  {
    name: 'default, 64 hosts',
    request: (i) => requestFor(`/assets/app-${i}.js?v=42`, { host: `h${i % 64}.example.com` }),
  },
  {
    name: 'default, encoded path',
    request: (i) => requestFor(`/assets/caf%C3%A9/picture-${i}.jpeg?v=42`),
  },
  {
    name: 'ignores utm_*, sorts',
    rule: { queryIgnore: ['utm_*'], querySort: true },
    request: (i) => requestFor(`/a?b=${i}&utm_source=mail&a=1`),
  },
  { name: 'device', rule: { device: true }, request: plain },
  {
    name: 'field and cookie',
    rule: { headers: ['accept-language'], cookies: ['plan'] },
    request: (i) =>
      requestFor(`/a/${i}`, { lines: ['Accept-Language: de', 'Cookie: a=b; plan=gold'] }),
  },
];

for (const { name, rule, request } of rows) {
  const maker = new KeyMaker({ ...DEFAULT_KEY_RULE, ...rule });
  const requests = Array.from({ length: REQUESTS }, (_, i) => request(i));
  const keys = requests.map((each) => maker.keyOf(each, true));
  const known = new Set(keys);
  const whole = best((i) => known.has(maker.keyOf(requests[i]!, true)));
  const lookup = best((i) => known.has(keys[i]!));
  console.log(`${name.padEnd(24)} ${whole.toFixed(0)} ns, lookup ${lookup.toFixed(0)} ns`);
}

function best(found: (i: number) => boolean): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    let count = 0;
    let ms = 0;
    while (ms < runMs) {
      for (let i = 0; i < REQUESTS; i++) if (!found(i)) throw new Error('another key');
      count += REQUESTS;
      ms = performance.now() - began;
    }
    least = Math.min(least, (ms * 1e6) / count);
  }
  return least;
}
