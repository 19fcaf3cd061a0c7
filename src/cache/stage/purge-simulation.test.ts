/**
 * Simulation of the stage itself: requests, fetches that take their time, purges, unsafe requests and clients that
 * leave, in any order by a seed; with a disk behind the memory also kills of the process, and in a network times of
 * doubt, in which purges are not heard of before it is over. Nobody who asks behind a purge, or behind the answer to an
 * unsafe request, gets what the origin had before it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../core/http/index.ts';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { FieldId, MethodId } from '../../core/wire/index.ts';
import type { RuleSettings } from '../config/config.ts';
import { DEFAULT_KEY_RULE } from '../key/index.ts';
import type { Purge } from '../purge/index.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const SEEDS = 120;
const DISK_SEEDS = 30;
const DOUBT_SEEDS = 60;
const DOUBT_DISK_SEEDS = 20;
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
  diskHits = 0;
  private cache: TestCache;
  private readonly clock = createSimClock();
  private readonly disk: SimDisk | null;
  private readonly rule: Partial<RuleSettings>;
  private readonly random: (below: number) => number;
  private readonly versions = new Map(PATHS.map((path) => [path, 1]));
  private readonly versionsMin = new Map(PATHS.map((path) => [path, 1]));
  private readonly tagged: { readonly tag: string; readonly versions: Map<string, number> }[] = [];
  /** What the origin had when a request came to it. */
  private readonly arrived = new Map<Exchange, number>();
  private readonly sending: Sending[] = [];
  private readonly clients: Client[] = [];
  private readonly hasDoubts: boolean;
  /** Purges that the cache will hear of when its doubt is over; null: it is in none. */
  private missed: Purge[] | null = null;

  constructor(seed: number, hasDisk: boolean, hasDoubts: boolean) {
    this.hasDoubts = hasDoubts;
    let state = seed;
    this.random = (below) => {
      // mulberry32
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % below;
    };
    const key = { ...DEFAULT_KEY_RULE, headers: seed % 2 === 0 ? ['x-tenant'] : [] };
    this.rule = { key, graceMs: 0, passMs: 5000 };
    this.cache = this.cacheOf();
    this.disk = hasDisk ? new SimDisk(this.clock, createSimRandom(seed)) : null;
    this.disk?.mkdirSync('/data');
  }

  private cacheOf(): TestCache {
    return new TestCache(this.rule, 8 * 1024 * 1024, this.clock);
  }

  async run(): Promise<void> {
    if (this.disk !== null) await this.cache.openDisk(this.disk);
    for (let i = 0; i < STEPS; i++) {
      await this.step();
      if (this.disk === null) continue;
      await this.clock.advance(this.random(3));
      this.note();
      if (this.random(80) === 0) await this.restart(this.disk);
    }
    // All that is under way comes to its end.
    for (let i = 0; i < 10_000 && this.clients.length > 0; i++) {
      this.answer();
      this.send();
      if (this.disk !== null) await this.clock.advance(10);
      this.note();
    }
    assert.equal(this.clients.length, 0);
    this.diskHits += this.cache.counts.diskHits;
  }

  /** The process is killed and started again: what has its answer holds. */
  private async restart(disk: SimDisk): Promise<void> {
    this.diskHits += this.cache.counts.diskHits;
    const { nowMs } = this.cache;
    await disk.killProcess();
    this.clock.forgetAll();
    this.clients.length = 0;
    this.sending.length = 0;
    this.cache = this.cacheOf();
    this.cache.nowMs = nowMs;
    await this.cache.openDisk(disk);
    if (this.missed !== null) this.cache.ledger.completeUntilMs = 0;
  }

  private async doubt(): Promise<void> {
    const { ledger } = this.cache;
    const { missed } = this;
    if (missed === null) {
      this.missed = [];
      ledger.completeUntilMs = this.cache.nowMs;
      return;
    }
    this.missed = null;
    for (const purge of missed) await this.carryOut(purge);
    ledger.completeUntilMs = Number.POSITIVE_INFINITY;
  }

  private async carryOut(purge: Purge): Promise<void> {
    const seq = this.cache.ledger.purge(purge);
    const { shelf } = this.cache;
    if (shelf !== null) await this.clock.settle(shelf.keepPurge(purge, seq));
  }

  private async step(): Promise<void> {
    if (this.hasDoubts && this.random(15) === 0) await this.doubt();
    const does = this.random(40);
    if (does < 18) this.ask();
    else if (does < 26) this.answer();
    else if (does < 34) this.send();
    else if (does < 36) this.change(this.pick(PATHS));
    else if (does < 37) await this.purge();
    else if (does < 38) this.leave();
    else if (does < 39) this.cache.nowMs += this.random(40_000);
    // What it takes from the disk may come back behind a kill.
    else if (this.disk === null && this.random(2) === 0) this.post();
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

  private async purge(): Promise<void> {
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
    const purge = { ...what, soft: this.random(3) === 0 };
    if (this.missed === null) await this.carryOut(purge);
    else this.missed.push(purge);
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

/** Runs all seeds. @returns what they have seen together. */
async function simulate(
  seeds: number,
  hasDisk: boolean,
  hasDoubts = false,
): Promise<Pick<World, 'checked' | 'hits' | 'diskHits'>> {
  const seen = { checked: 0, hits: 0, diskHits: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const world = new World(seed, hasDisk, hasDoubts);
    try {
      await world.run();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    seen.checked += world.checked;
    seen.hits += world.hits;
    seen.diskHits += world.diskHits;
  }
  return seen;
}

test(`simulation: nothing purged or overtaken is served behind the answer (${SEEDS} seeds)`, async () => {
  const { checked, hits } = await simulate(SEEDS, false);
  assert.ok(checked > SEEDS * 30 && hits > SEEDS * 5, `${checked} checked, ${hits} hits`);
});

test(`simulation: nor behind kills of the process, with a disk (${DISK_SEEDS} seeds)`, async () => {
  const { checked, diskHits } = await simulate(DISK_SEEDS, true);
  assert.ok(checked > DISK_SEEDS * 20 && diskHits > DISK_SEEDS, `${checked}, ${diskHits}`);
});

test(`simulation: nor in doubt, when purges are heard of later (${DOUBT_SEEDS} and ${DOUBT_DISK_SEEDS} seeds)`, async () => {
  const memory = await simulate(DOUBT_SEEDS, false, true);
  assert.ok(memory.checked > DOUBT_SEEDS * 30 && memory.hits > DOUBT_SEEDS, `${memory.hits} hits`);
  const disk = await simulate(DOUBT_DISK_SEEDS, true, true);
  assert.ok(disk.checked > DOUBT_DISK_SEEDS * 20 && disk.diskHits > 0, `${disk.diskHits} of disk`);
});
