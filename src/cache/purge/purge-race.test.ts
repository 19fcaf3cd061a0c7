/**
 * Simulation of the race of fetches with purges: whatever overlaps, nobody who asks behind the answer of a purge gets
 * what the origin had before it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Purge } from './purge.ts';
import { PurgeLedger } from './purge-ledger.ts';
import { PurgeSweeper, type Swept } from './purge-sweeper.ts';

const SEEDS = 400;
const STEPS = 400;
const KEYS = ['https://a.test/1', 'https://a.test/2', 'https://b.test/1', 'https://b.test/2?c'];
const TAGS = ['red', 'green', 'blue'];

/** A content of the origin: `version` grows when it changes. */
interface Content {
  version: number;
  tags: readonly string[];
}

interface Waiter {
  /** What it must not be older than. */
  readonly versionMin: number;
  /** Of purges, when it asked. */
  readonly seq: number;
}

/** A fetch: the content is read at some time behind its beginning, the head comes later, the end later still. */
interface Flight {
  readonly key: string;
  readonly seq: number;
  content: Content | null;
  /** Its head has come, and with it the tags. */
  tags: readonly number[] | null;
  readonly waiters: Waiter[];
}

interface Stored extends Swept {
  readonly key: string;
  readonly content: Content;
}

/** How it may be broken on purpose. */
type Flaw = 'stores-purged' | 'joins-purged' | 'answers-before-head' | undefined;

class World {
  served = 0;
  purgedFlights = 0;
  private readonly ledger = new PurgeLedger();
  private readonly origin = new Map<string, Content>();
  private readonly versionsMin = new Map<string, number>();
  private readonly stored = new Map<string, Stored>();
  private readonly flights: Flight[] = [];
  private readonly sweeper: PurgeSweeper<Stored>;
  private readonly random: (below: number) => number;
  private readonly flaw: Flaw;

  constructor(seed: number, flaw: Flaw) {
    this.flaw = flaw;
    let state = seed;
    this.random = (below) => {
      // mulberry32
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % below;
    };
    for (const key of KEYS) this.origin.set(key, { version: 1, tags: [this.pick(TAGS)] });
    const remove = (one: Stored): void => this.remove(one);
    const entries = (): Iterator<Stored> => this.stored.values();
    this.sweeper = new PurgeSweeper(this.ledger, { entries, remove, invalidate: remove }, 2);
  }

  run(): void {
    for (let i = 0; i < STEPS; i++) {
      const does = this.random(10);
      if (does < 3) this.ask(this.pick(KEYS));
      else if (does < 6) this.advance();
      else if (does < 8) this.change(this.pick(KEYS));
      else if (does < 9) this.purge();
      else this.sweeper.step();
    }
    while (this.flights.length > 0) this.advance();
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)] as T;
  }

  private change(key: string): void {
    const { version } = this.origin.get(key) as Content;
    this.origin.set(key, { version: version + 1, tags: [this.pick(TAGS), this.pick(TAGS)] });
  }

  /** An operator names what has changed. What was served of old versions bears tags of that version. */
  private purge(): void {
    const key = this.pick(KEYS);
    const kinds: readonly Purge[] = [
      { kind: 'url', value: key, soft: this.random(2) === 0 },
      { kind: 'prefix', value: key.slice(0, 16), soft: false },
      { kind: 'host', value: key.slice(8, 14), soft: false },
      { kind: 'tag', value: this.pick(TAGS), soft: this.random(2) === 0 },
      { kind: 'all', value: '', soft: false },
    ];
    const what = this.pick(kinds);
    this.ledger.purge(what);
    for (const each of KEYS) {
      const names =
        what.kind === 'all' ||
        (what.kind === 'url' && each === key) ||
        (what.kind === 'prefix' && each.startsWith(what.value)) ||
        (what.kind === 'host' && each.startsWith(`https://${what.value}/`));
      if (names) this.versionsMin.set(each, (this.origin.get(each) as Content).version);
    }
    if (what.kind === 'tag') this.taggedPurges.push({ tag: what.value, versions: this.versions() });
  }

  /** A purge by tag forbids the versions up to its moment, but for the one that is current, that had the tag. */
  private readonly taggedPurges: {
    readonly tag: string;
    readonly versions: ReadonlyMap<string, number>;
  }[] = [];

  private versions(): ReadonlyMap<string, number> {
    return new Map([...this.origin].map(([key, { version }]) => [key, version]));
  }

  private ask(key: string): void {
    const waiter = { versionMin: this.versionsMin.get(key) ?? 0, seq: this.ledger.seq };
    const stored = this.stored.get(key);
    if (stored !== undefined) {
      const verdict = this.ledger.verdictOn(key, stored.tags, stored.seq);
      if (verdict === undefined) {
        stored.seq = this.ledger.seq;
        this.serve(key, stored.content, waiter, this.taggedPurges.length);
        return;
      }
      this.remove(stored);
    }
    const flight = this.flights.find((each) => each.key === key && this.mayJoin(each));
    this.waitersPurges.set(waiter, this.taggedPurges.length);
    if (flight !== undefined) flight.waiters.push(waiter);
    else this.begin(key, [waiter]);
  }

  private readonly waitersPurges = new Map<Waiter, number>();

  private mayJoin({ key, seq, tags }: Flight): boolean {
    if (this.flaw === 'joins-purged') return true;
    return this.ledger.verdictOn(key, tags ?? [], seq) === undefined;
  }

  private begin(key: string, waiters: Waiter[]): void {
    this.flights.push({ key, seq: this.ledger.seq, content: null, tags: null, waiters });
  }

  /** One of the fetches goes on by one step. */
  private advance(): void {
    if (this.flights.length === 0) return;
    const at = this.random(this.flights.length);
    const flight = this.flights[at] as Flight;
    if (flight.content === null) {
      flight.content = this.origin.get(flight.key) as Content;
      return;
    }
    const { key, seq, content, waiters } = flight;
    if (flight.tags === null) {
      flight.tags = this.ledger.retainTags(content.tags);
      // Now its tags are known: whoever came behind a purge that names it asks anew.
      const isPurged = this.ledger.verdictOn(key, flight.tags, seq) !== undefined;
      if (isPurged && this.flaw !== 'answers-before-head') {
        const late = waiters.filter((waiter) => waiter.seq > seq);
        if (late.length > 0) this.begin(key, late);
        for (const waiter of late) waiters.splice(waiters.indexOf(waiter), 1);
      }
      for (const waiter of waiters) {
        this.serve(key, content, waiter, this.waitersPurges.get(waiter) ?? 0);
      }
      waiters.length = 0;
      return;
    }
    // Who joined behind the head has been compared with all purges up to then.
    for (const waiter of waiters) {
      this.serve(key, content, waiter, this.waitersPurges.get(waiter) ?? 0);
    }
    this.flights.splice(at, 1);
    const isPurged = this.ledger.verdictOn(key, flight.tags, seq) !== undefined;
    if (isPurged) this.purgedFlights++;
    const before = this.stored.get(key);
    const isOlder = before !== undefined && before.seq > seq;
    if ((isPurged && this.flaw !== 'stores-purged') || isOlder) {
      this.ledger.release(flight.tags);
      return;
    }
    if (before !== undefined) this.remove(before);
    this.stored.set(key, { key, tags: flight.tags, seq: this.ledger.seq, content });
  }

  private remove(stored: Stored): void {
    this.stored.delete(stored.key);
    this.ledger.release(stored.tags);
  }

  private serve(key: string, content: Content, { versionMin }: Waiter, purges: number): void {
    this.served++;
    assert.ok(content.version >= versionMin, `${key}: version ${content.version}, ${versionMin}`);
    // Of purges by tag those count that were answered before it was asked.
    for (const { tag, versions } of this.taggedPurges.slice(0, purges)) {
      const isOld = content.version < (versions.get(key) as number);
      assert.ok(!(isOld && content.tags.includes(tag)), `${key}: an old version tagged ${tag}`);
    }
  }
}

test(`simulation: nothing purged is served behind the answer of the purge (${SEEDS} seeds)`, () => {
  let served = 0;
  let purgedFlights = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed, undefined);
    try {
      world.run();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    served += world.served;
    purgedFlights += world.purgedFlights;
  }
  assert.ok(served > SEEDS * 50);
  assert.ok(purgedFlights > SEEDS);
});

for (const flaw of ['stores-purged', 'joins-purged', 'answers-before-head'] as const) {
  test(`canary: a cache that ${flaw.replaceAll('-', ' ')} is seen`, () => {
    const isSeen = Array.from({ length: SEEDS }, (_, seed) => seed + 1).some((seed) => {
      try {
        new World(seed, flaw).run();
        return false;
      } catch (error) {
        assert.ok(error instanceof assert.AssertionError);
        return true;
      }
    });
    assert.ok(isSeen);
  });
}
