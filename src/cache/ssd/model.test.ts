/**
 * The tier beside its obvious twin, a map: whatever is put, removed, looked up, closed and opened in whatever order,
 * what is found is what the map has. With little room it may also be gone, but never another.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Content, contentOf, hashOf, TierWorld } from './tier-world.ts';

const KEYS = 12;
const TAGS = 3;
const CROWD = 24;

type Step =
  | { readonly do: 'put'; readonly key: number; readonly tag: number; readonly size: number }
  | { readonly do: 'remove'; readonly key: number; readonly tag: number | undefined }
  | { readonly do: 'read'; readonly key: number; readonly tag: number }
  | { readonly do: 'purge'; readonly key: number }
  /** Others come: so many that a part of all must leave. */
  | { readonly do: 'crowd' }
  | { readonly do: 'flush' | 'reopen' | 'wait' };

const key = fc.nat(KEYS - 1);
const tag = fc.nat(TAGS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key,
      tag,
      size: fc.oneof(fc.nat(10), fc.nat(100), fc.nat(100)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('remove' as const),
      key,
      tag: fc.option(tag, { nil: undefined }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), key, tag }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ do: 'flush' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'crowd' as const }) },
);

/** What there should be under one key and tag. */
interface Twin {
  current: Content | null;
  /** Put, and not written yet. */
  pending: Content[];
}

class Model {
  readonly world: TierWorld;
  readonly twins = new Map<string, Twin>();
  /** Purges that were answered: which key, and with which sequence. */
  readonly purged: { readonly key: number; readonly sequence: number }[] = [];
  private readonly bodyBytesMax: number;
  private sequence = 1;
  private puts = 0;
  private crowds = 0;
  private evictedEarlier = 0;

  constructor(world: TierWorld, bodyBytesMax: number) {
    this.world = world;
    this.bodyBytesMax = bodyBytesMax;
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'put':
        this.put(step.key, step.tag, Math.floor((step.size * this.bodyBytesMax) / 100));
        break;
      case 'remove':
        this.remove(step.key, step.tag);
        break;
      case 'read':
        await this.check(step.key, step.tag);
        break;
      case 'crowd':
        await this.crowd();
        break;
      case 'purge': {
        const sequence = ++this.sequence;
        await this.world.settle(this.world.tier.appendPurge(sequence, Buffer.from([step.key])));
        this.purged.push({ key: step.key, sequence });
        break;
      }
      case 'flush':
        await this.world.flush();
        break;
      case 'wait':
        await this.world.clock.advance(3);
        break;
      case 'reopen': {
        const { tier } = this.world;
        await this.world.close();
        // One that was leaving leaves before the tier is closed.
        this.evictedEarlier += tier.stats().counts.evictedRecords;
        await this.world.open();
        await this.checkAll();
        break;
      }
    }
    const { bytes } = this.world.tier.stats();
    assert.ok(this.world.usedBytes() <= bytes, 'no byte is taken that is not counted');
    assert.ok(bytes <= (this.world.options.bytesMax ?? 0), 'the bound is kept');
  }

  /** Records that have left so far, those of a segment that is still leaving among them. */
  get evicted(): number {
    return this.evictedEarlier + this.world.tier.stats().counts.evictedRecords;
  }

  async checkAll(): Promise<void> {
    for (let each = 0; each < KEYS * TAGS; each++) await this.check(each % KEYS, each % TAGS);
    const needed = this.world.tier.purges();
    for (let each = 0; each < KEYS; each++) {
      const record = await this.world.find(each);
      if (record === null) continue;
      for (const purge of this.purged) {
        if (purge.key !== each || purge.sequence <= record.sequence) continue;
        assert.ok(
          needed.some(({ sequence }) => sequence === purge.sequence),
          'a purge is there as long as a record that it names',
        );
      }
    }
  }

  private twin(each: number, of: number): Twin {
    const name = `${each}/${of}`;
    const twin = this.twins.get(name) ?? { current: null, pending: [] };
    this.twins.set(name, twin);
    return twin;
  }

  private put(each: number, of: number, bytes: number): void {
    const twin = this.twin(each, of);
    const content = contentOf(`${each}/${of}/${++this.puts}`, bytes, this.sequence);
    const { random, tier } = this.world;
    const cut = random.below(bytes + 1);
    const answer = tier.put({
      ...hashOf(each),
      tag: of,
      ...content,
      body: [content.body.subarray(0, cut), content.body.subarray(cut)],
      done: (stored) => {
        const at = twin.pending.indexOf(content);
        assert.equal(stored, at !== -1, 'stored, unless it was removed meanwhile');
        if (at === -1) return;
        twin.pending.splice(at, 1);
        twin.current = content;
      },
    });
    if (answer === 'queued') twin.pending.push(content);
  }

  private async crowd(): Promise<void> {
    this.crowds++;
    for (let nth = 0; nth < CROWD; nth++) {
      this.put(KEYS + nth, 0, this.bodyBytesMax);
      if (nth % 2 === 0) continue;
      await this.world.clock.advance(this.crowds % 2 === 0 ? 1 : 300);
      // Some are asked for all the while.
      await this.check(nth % 3, 0);
    }
  }

  private remove(each: number, of: number | undefined): void {
    const { hashLow, hashHigh } = hashOf(each);
    this.world.tier.remove(hashLow, hashHigh, of);
    for (let nth = 0; nth < TAGS; nth++) {
      if (of !== undefined && nth !== of) continue;
      const twin = this.twin(each, nth);
      twin.current = null;
      twin.pending = [];
    }
  }

  private async check(each: number, of: number): Promise<void> {
    const twin = this.twin(each, of);
    const before = [twin.current, ...twin.pending];
    const found = await this.world.read(each, of);
    if (found === null) {
      const may = this.evicted > 0 || before.includes(null) || before.length > 1;
      assert.ok(may, `${each}/${of} is there`);
      return;
    }
    const allowed = [...before, twin.current].filter((one) => one !== null);
    assert.ok(
      allowed.some((one) => one.meta.equals(found.meta) && one.body.equals(found.body)),
      `${each}/${of} is ${String(found.meta)}, wanted one of ${allowed.map((one) => one.meta)}`,
    );
  }
}

for (const [title, bytesMax, segmentBytes, keep] of [
  ['with room for all', 64 << 20, 64 * 1024, false],
  ['with room for some', 512 * 1024, 32 * 1024, false],
  ['with little room and an owner that keeps what is used', 256 * 1024, 16 * 1024, true],
] as const) {
  test(`does what a map does, ${title}`, async (t) => {
    let evicted = 0;
    let reinserted = 0;
    const steps = fc.array(step, { minLength: 20, maxLength: 80, size: 'max' });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (list, seed) => {
        const world = new TierWorld(seed, {
          bytesMax,
          segmentBytes,
          ...(keep ? { keep: ({ sequence, meta }) => ({ sequence, meta }) } : {}),
        });
        await world.open();
        const model = new Model(world, segmentBytes / 4 - 200);
        for (const each of list) await model.run(each);
        await world.flush();
        await model.checkAll();
        evicted += model.evicted;
        reinserted += world.tier.stats().counts.reinserted;
        await world.close();
        assert.deepEqual(world.damage, []);
      }),
      { numRuns: 10 },
    );
    t.diagnostic(`${evicted} records evicted, ${reinserted} written anew`);
    if (keep) assert.ok(evicted > 20);
  });
}
