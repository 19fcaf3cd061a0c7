/**
 * Test support: a tier that is cut, again and again, and beside it all that was ever put, so that it can be told
 * whether what is found afterwards may be.
 */
import assert from 'node:assert/strict';
import type { SimFault } from '../../core/runtime/sim/index.ts';
import { type Content, contentOf, hashOf, TierWorld } from './tier-world.ts';
import type { DiskTierOptions } from './types.ts';

const KEYS = 24;
const TAGS = 2;

/** What was put under one key and tag, in this order. */
interface Past {
  readonly contents: Content[];
  /** Of these, the last one that was told to be stored; -1: none. */
  stored: number;
}

export class CrashWorld extends TierWorld {
  /** Segments that left in a whole life. */
  left = 0;
  private readonly bodyBytesMax: number;
  private readonly pasts = new Map<string, Past>();
  private readonly purged: { readonly key: number; readonly sequence: number }[] = [];
  private sequence = 1;
  private puts = 0;

  constructor(seed: number, bodyBytesMax: number, options: Partial<DiskTierOptions>) {
    super(seed, options);
    this.bodyBytesMax = bodyBytesMax;
  }

  write(): void {
    const { random } = this;
    const key = random.below(KEYS);
    const tag = random.below(TAGS);
    if (random.chance(0.1)) {
      const { hashLow, hashHigh } = hashOf(key);
      this.tier.remove(hashLow, hashHigh, random.chance(0.5) ? tag : undefined);
      return;
    }
    const past = this.past(key, tag);
    const bytes = random.below(random.chance(0.6) ? this.bodyBytesMax : 400);
    const content = contentOf(`${key}/${tag}/${++this.puts}`, bytes, this.sequence);
    const { life } = this.disk;
    const answer = this.tier.put({
      ...hashOf(key),
      tag,
      ...content,
      body: [content.body],
      done: (stored) => {
        if (stored && !this.disk.dead && this.disk.life === life) {
          past.stored = past.contents.indexOf(content);
        }
      },
    });
    if (answer === 'queued') past.contents.push(content);
  }

  /** Begins a purge of a key, and remembers it once it is answered. */
  purge(): void {
    const key = this.random.below(KEYS);
    const sequence = ++this.sequence;
    const { life } = this.disk;
    this.tier.appendPurge(sequence, Buffer.from([key])).then(
      () => {
        if (!this.disk.dead && this.disk.life === life) this.purged.push({ key, sequence });
      },
      () => {},
    );
  }

  /** After a loss of power or kill -9: opens and checks. */
  async crash(how: 'power' | 'kill'): Promise<void> {
    if (how === 'power') await this.disk.reboot();
    else await this.disk.killProcess();
    this.clock.forgetAll();
    this.damage.length = 0;
    await this.open();
    assert.ok(
      this.damage.every(({ what }) => what !== 'purges'),
      'a crash damages no log of purges',
    );
    if (how === 'kill') assert.deepEqual(this.damage, [], 'kill -9 tears no more than the end');
    await this.check(how);
  }

  /** What is found was put, whole, and everything that was answered about purges is there. */
  async check(how: 'power' | 'kill'): Promise<void> {
    assert.ok(this.tier.sequenceMax <= this.sequence);
    const needed = new Set(this.tier.purges().map(({ sequence }) => sequence));
    for (let key = 0; key < KEYS; key++) {
      for (let tag = 0; tag < TAGS; tag++) {
        const found = await this.read(key, tag);
        if (found === null) continue;
        const past = this.past(key, tag);
        const nth = past.contents.findIndex(({ meta }) => meta.equals(found.meta));
        assert.ok(nth !== -1, `${String(found.meta)} was put under ${key}/${tag}`);
        assert.ok(past.contents[nth]?.body.equals(found.body), 'the body is the one that was put');
        assert.equal(found.sequence, past.contents[nth]?.sequence);
        if (how === 'kill') assert.ok(nth >= past.stored, 'a later one was stored');
        // What is found now does not go back to an older one.
        past.stored = nth;
        for (const purge of this.purged) {
          if (purge.key !== key || purge.sequence <= found.sequence) continue;
          assert.ok(needed.has(purge.sequence), `purge ${purge.sequence} of ${key} is known`);
        }
      }
    }
    const { bytes } = this.tier.stats();
    assert.ok(this.usedBytes() <= bytes, 'no byte is taken that is not counted');
  }

  /** It works: what is put is found, also after a clean end. */
  async goOn(): Promise<void> {
    for (let nth = 0; nth < 4; nth++) {
      const key = KEYS + nth;
      const content = contentOf(`new ${++this.puts}`, 300, this.sequence);
      const result = this.put(key, 0, content);
      assert.equal(result.answer, 'queued');
      await this.flush();
      assert.equal(result.stored, true);
      assert.deepEqual(await this.read(key, 0), content);
    }
    const sequence = ++this.sequence;
    await this.settle(this.tier.appendPurge(sequence, Buffer.from([255])));
    await this.reopen();
    await this.check('kill');
    assert.ok(this.tier.purges().some((purge) => purge.sequence === sequence));
  }

  private past(key: number, tag: number): Past {
    const name = `${key}/${tag}`;
    const past = this.pasts.get(name) ?? { contents: [], stored: -1 };
    this.pasts.set(name, past);
    return past;
  }
}

export interface Places {
  readonly seed: number;
  /** Only every so many operations, from `first` on. */
  readonly first: number;
  readonly stride: number;
  readonly shape: Shape;
}

export interface Shape {
  readonly bytesMax: number;
  readonly segmentBytes: number;
  readonly bodyBytesMax: number;
  readonly rounds: number;
}

/** Many small records, so that segments leave all the time; and a few of several blocks. */
export const shapes = {
  small: { bytesMax: 256 * 1024, segmentBytes: 16 * 1024, bodyBytesMax: 3000, rounds: 64 },
  large: { bytesMax: 5 << 20, segmentBytes: 640 * 1024, bodyBytesMax: 160_000, rounds: 20 },
} as const satisfies Record<string, Shape>;

function worldOf(seed: number, { bodyBytesMax, bytesMax, segmentBytes }: Shape): CrashWorld {
  return new CrashWorld(seed, bodyBytesMax, { bytesMax, segmentBytes });
}

/** Puts, removals, purges, segments that fill and leave, a close and an opening. @throws when the power goes off. */
async function life(world: CrashWorld, { rounds }: Shape): Promise<void> {
  await world.open();
  for (let round = 0; round < rounds; round++) {
    for (let nth = 0; nth < 8; nth++) world.write();
    if (round % 3 === 0) world.purge();
    await world.clock.advance(round % 4 === 0 ? 60 : 2);
    if (world.disk.dead) return;
    if (world.tier.state !== 'open') await world.clock.advance(1500);
    if (round % 2 === 0) await world.read(world.random.below(KEYS));
    if (round !== 18) continue;
    world.left += world.tier.stats().counts.evictedSegments;
    await world.reopen();
  }
  world.left += world.tier.stats().counts.evictedSegments;
  await world.close();
  await world.open();
  world.write();
  world.purge();
  await world.clock.advance(30);
}

/** Cuts a life at one operation, then at a later one, and so on. @returns the operations of a whole life. */
export async function cutEverywhere(how: 'power' | 'kill', places: Places): Promise<number> {
  let left = 0;
  for (let cut = places.first; ; cut += places.stride) {
    const world = worldOf(places.seed * 1000 + cut, places.shape);
    world.disk.losePowerAt(cut);
    try {
      try {
        await life(world, places.shape);
      } catch (error) {
        if (!world.disk.dead) throw error;
      }
      const isWhole = !world.disk.dead;
      await world.crash(how);
      await world.goOn();
      await world.crash(how);
      left += world.left;
      if (!isWhole) continue;
      // Of few large ones none may have to.
      assert.ok(left > 0 || places.shape !== shapes.small, 'segments leave');
      return world.disk.operations;
    } catch (error) {
      throw new Error(`seed ${places.seed}, cut at ${cut}`, { cause: error });
    }
  }
}

/** As `cutEverywhere`, but the operation only fails. */
export async function failEverywhere(fault: SimFault, places: Places): Promise<number> {
  for (let at = places.first; ; at += places.stride) {
    const world = worldOf(places.seed * 1000 + at, places.shape);
    world.disk.failAt(at, fault);
    world.mayFail = true;
    try {
      let isOpen = false;
      while (!isOpen) {
        isOpen = await world.open().then(
          () => true,
          () => false,
        );
      }
      await life(world, places.shape).catch(async (error: unknown) => {
        // Opening again may be refused; it is tried again.
        if (!String(error).includes('simulated')) throw error;
        await world.open();
      });
      const isWhole = world.disk.operations < at;
      world.disk.heal();
      world.mayFail = false;
      await world.clock.advance(5000);
      assert.equal(world.tier.state, 'open', 'what failed was tried again');
      await world.check('power');
      await world.goOn();
      await world.crash('power');
      if (isWhole) return world.disk.operations;
    } catch (error) {
      throw new Error(`seed ${places.seed}, ${fault} at ${at}`, { cause: error });
    }
  }
}
