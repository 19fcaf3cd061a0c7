/**
 * Simulation of the stage itself: requests, fetches that take their time, purges, unsafe requests and clients that
 * leave, in any order by a seed. Nobody who asks behind a purge, or behind the answer to an unsafe request, gets what
 * the origin had before it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../core/http/index.ts';
import { FieldId, MethodId } from '../../core/wire/index.ts';
import { DEFAULT_KEY_RULE } from '../key/index.ts';
import type { Purge } from '../purge/index.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const SEEDS = 120;
const STEPS = 250;
const PATHS = ['/a', '/b', '/b/c'];
const SITE = 'http://example.com';
const BODY_BYTES = 8;
/** The byte of version 0. */
const VERSION_ZERO = 0x20;

/** What a client must not get. */
interface Client {
  readonly path: string;
  readonly exchange: TestExchange;
  readonly versionMin: number;
  /** Purges by tag that were answered before it asked. */
  readonly tagged: number;
}

/** A response that has begun. */
interface Sending {
  readonly exchange: Exchange;
  left: string;
}

class World {
  checked = 0;
  hits = 0;
  private readonly cache: TestCache;
  private readonly random: (below: number) => number;
  private readonly versions = new Map(PATHS.map((path) => [path, 1]));
  private readonly versionsMin = new Map(PATHS.map((path) => [path, 1]));
  private readonly tagged: { readonly tag: string; readonly versions: Map<string, number> }[] = [];
  /** What the origin had when a request came to it. */
  private readonly arrived = new Map<Exchange, number>();
  private readonly sending: Sending[] = [];
  private readonly clients: Client[] = [];

  constructor(seed: number) {
    let state = seed;
    this.random = (below) => {
      // mulberry32
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % below;
    };
    const key = { ...DEFAULT_KEY_RULE, headers: seed % 2 === 0 ? ['x-tenant'] : [] };
    this.cache = new TestCache({ key, graceMs: 0, passMs: 5000 }, 8 * 1024 * 1024);
  }

  run(): void {
    for (let i = 0; i < STEPS; i++) this.step();
    // All that is under way comes to its end.
    for (let i = 0; i < 10_000 && this.cache.asked.length + this.sending.length > 0; i++) {
      this.answer();
      this.send();
      this.note();
    }
    for (const { exchange } of this.clients) assert.notEqual(exchange.ending, 'none');
  }

  private step(): void {
    const does = this.random(40);
    if (does < 18) this.ask();
    else if (does < 26) this.answer();
    else if (does < 34) this.send();
    else if (does < 36) this.change(this.pick(PATHS));
    else if (does < 37) this.purge();
    else if (does < 38) this.leave();
    else if (does < 39) this.cache.nowMs += this.random(40_000);
    else if (this.random(2) === 0) this.post();
    this.note();
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)] as T;
  }

  private change(path: string): void {
    this.versions.set(path, this.version(path) + 1);
  }

  private version(path: string): number {
    return this.versions.get(path) as number;
  }

  private ask(): void {
    const path = this.pick(PATHS);
    const lines = [
      ...(this.random(3) === 0 ? [`X-Tenant: ${this.random(2)}`] : []),
      ...(this.random(6) === 0 ? ['Range: bytes=2-5'] : []),
      ...(this.random(8) === 0 ? ['Cache-Control: no-cache'] : []),
    ];
    const versionMin = this.versionsMin.get(path) as number;
    const tagged = this.tagged.length;
    this.clients.push({ path, versionMin, tagged, exchange: this.cache.ask(path, lines) });
  }

  /** Something is changed by a request: what was there before is not to be used once that is answered. */
  private post(): void {
    const path = this.pick(PATHS);
    this.cache.ask(path, [], 'POST');
    const exchange = this.cache.asked.pop() as Exchange;
    this.change(path);
    this.cache.asked.unshift(exchange);
    this.cache.answer([], '', '204 No Content');
    this.versionsMin.set(path, this.version(path));
  }

  private leave(): void {
    const waiting = this.clients.filter(({ exchange }) => exchange.ending === 'none');
    const client = waiting[this.random(Math.max(1, waiting.length))];
    if (client === undefined) return;
    client.exchange.leave();
    this.clients.splice(this.clients.indexOf(client), 1);
  }

  private purge(): void {
    const path = this.pick(PATHS);
    const purges: readonly Omit<Purge, 'soft'>[] = [
      { kind: 'url', value: SITE + path },
      { kind: 'prefix', value: SITE + path },
      { kind: 'host', value: 'example.com' },
      { kind: 'tag', value: `at${path}` },
      { kind: 'tag', value: this.pick(['odd', 'even']) },
      { kind: 'all', value: '' },
    ];
    const what = this.pick(purges);
    this.cache.ledger.purge({ ...what, soft: this.random(3) === 0 });
    for (const each of PATHS) {
      const isNamed =
        what.kind === 'all' ||
        what.kind === 'host' ||
        what.value === SITE + each ||
        what.value === `at${each}` ||
        (what.kind === 'prefix' && each.startsWith(path));
      if (isNamed) this.versionsMin.set(each, this.version(each));
    }
    if (what.kind === 'tag') {
      this.tagged.push({ tag: what.value, versions: new Map(this.versions) });
    }
  }

  /** The origin begins to answer one of those who wait. */
  private answer(): void {
    const { cache } = this;
    if (cache.asked.length === 0) return;
    const [exchange] = cache.asked.splice(this.random(cache.asked.length), 1);
    if (exchange === undefined || exchange.isOver) return;
    cache.asked.unshift(exchange);
    const { request } = exchange;
    const path = request.path();
    const version = this.arrived.get(exchange) ?? this.version(path);
    const tag = `"${version}"`;
    const lines = [
      ...['Cache-Control: max-age=60', `ETag: ${tag}`],
      `Surrogate-Key: ${tagsOf(path, version).join(' ')}`,
    ];
    const body = bodyOf(version);
    if (request.fields.get(FieldId.ifNoneMatch) === tag) {
      cache.begin(lines, '304 Not Modified');
      return;
    }
    const isPart = request.fields.has(FieldId.range) && this.random(2) === 0;
    const left = isPart ? body.slice(2, 6) : body;
    if (isPart) lines.push(`Content-Range: bytes 2-5/${BODY_BYTES}`);
    lines.push(`Content-Length: ${left.length}`);
    cache.begin(lines, isPart ? '206 Partial Content' : '200 OK');
    if (request.method !== MethodId.head) this.sending.push({ exchange, left });
  }

  /** More of one of the bodies, or a break. */
  private send(): void {
    const one = this.sending[this.random(Math.max(1, this.sending.length))];
    if (one === undefined) return;
    const { exchange } = one;
    const isBroken = this.random(30) === 0;
    if (exchange.isOver || isBroken) {
      if (!exchange.isOver) exchange.sink.abort();
      this.sending.splice(this.sending.indexOf(one), 1);
      return;
    }
    const length = Math.max(1 + this.random(one.left.length), BODY_BYTES / 2);
    exchange.sink.data(Buffer.from(one.left.slice(0, length), 'latin1'), false);
    one.left = one.left.slice(length);
    if (one.left !== '') return;
    this.sending.splice(this.sending.indexOf(one), 1);
    if (!exchange.isOver) exchange.sink.end(null);
  }

  /** Sees what has come to the origin, and what clients have got. */
  private note(): void {
    for (const exchange of this.cache.asked) {
      if (this.arrived.has(exchange)) continue;
      this.arrived.set(exchange, this.version(exchange.request.path()));
    }
    const over = this.clients.filter(({ exchange }) => exchange.ending !== 'none');
    for (const client of over) this.check(client);
    for (const client of over) this.clients.splice(this.clients.indexOf(client), 1);
  }

  private check({ path, exchange, versionMin, tagged }: Client): void {
    const { body } = exchange;
    if (body === '' || exchange.status > 206) return;
    this.checked++;
    if (/hit/.test(exchange.field('cache-status') ?? '')) this.hits++;
    assert.equal(new Set(body).size, 1, `${path}: two versions in one body, ${body}`);
    const version = body.charCodeAt(0) - VERSION_ZERO;
    assert.ok(version >= versionMin, `${path}: version ${version}, ${versionMin} at least`);
    for (const { tag, versions } of this.tagged.slice(0, tagged)) {
      const isOld = version < (versions.get(path) as number);
      assert.ok(!(isOld && tagsOf(path, version).includes(tag)), `${path}: ${version}, ${tag}`);
    }
  }
}

function tagsOf(path: string, version: number): readonly string[] {
  return [`at${path}`, version % 2 === 0 ? 'even' : 'odd'];
}

/** Each byte of a body tells its version. */
function bodyOf(version: number): string {
  return String.fromCharCode(version + VERSION_ZERO).repeat(BODY_BYTES);
}

test(`simulation: nothing purged or overtaken is served behind the answer (${SEEDS} seeds)`, () => {
  let checked = 0;
  let hits = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed);
    try {
      world.run();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    checked += world.checked;
    hits += world.hits;
  }
  assert.ok(checked > SEEDS * 30 && hits > SEEDS * 5, `${checked} checked, ${hits} hits`);
});
