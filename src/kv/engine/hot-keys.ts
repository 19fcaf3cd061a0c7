/**
 * Which keys are used most (HOTKEYS): one command out of about `SAMPLE_EVERY` is looked at, so it
 * costs next to nothing, and its first key counted in a sketch of bounded size.
 *
 * The sketch is Space-Saving (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and
 * Top-k Elements in Data Streams, 2005): a key that is not in it takes the place and the count of the
 * least one. So a key used more often than one command in `hotKeysMax` is never missing, and a count is
 * too high by at most `error`. Counts are halved every minute: what was hot yesterday is not now.
 */
import type { Args } from '../../core/wire/index.ts';
import { commandKeys, mayHaveKeys } from '../command/keys.ts';
import type { CommandSpec } from '../command/spec.ts';
import { hotKeyBytesMax, hotKeysMax } from '../limits.ts';
import type { Engine } from './engine.ts';

const SAMPLE_EVERY = 256;
const HALF_LIFE_MS = 60_000;

export interface HotKey {
  readonly database: number;
  readonly key: Buffer;
  /** Uses, estimated from the samples; at most so much too high. */
  readonly uses: number;
  readonly error: number;
}

interface Counter {
  readonly name: string;
  readonly database: number;
  readonly key: Buffer;
  samples: number;
  error: number;
}

export class HotKeys {
  /** Commands until the next sample; the executor counts it down. */
  countdown = SAMPLE_EVERY;
  private readonly engine: Engine;
  private counters = new Map<string, Counter>();
  private halvedMs = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Counts the first key of a command. The next sample is a random distance away. */
  sample(spec: CommandSpec, args: Args, database: number): void {
    const { random, keyspace } = this.engine;
    this.countdown = 1 + (random.u32() % (2 * SAMPLE_EVERY - 1));
    if (!mayHaveKeys(spec)) return;
    const first = commandKeys(spec, args)?.[0];
    if (first === undefined || args.length(first.index) > hotKeyBytesMax) return;
    if (keyspace.nowMs - this.halvedMs > HALF_LIFE_MS) this.halve(keyspace.nowMs);
    this.count(database, args, first.index);
  }

  private count(database: number, args: Args, index: number): void {
    const name = `${database}:${args.text(index)}`;
    const known = this.counters.get(name);
    if (known !== undefined) {
      known.samples++;
      return;
    }
    let error = 0;
    if (this.counters.size >= hotKeysMax) {
      const least = this.least();
      this.counters.delete(least.name);
      error = least.samples;
    }
    const key = args.ownCopy(index);
    this.counters.set(name, { name, database, key, samples: error + 1, error });
  }

  private least(): Counter {
    let found: Counter | undefined;
    for (const counter of this.counters.values()) {
      if (found === undefined || counter.samples < found.samples) found = counter;
    }
    return found!;
  }

  private halve(nowMs: number): void {
    this.halvedMs = nowMs;
    for (const [name, counter] of this.counters) {
      counter.samples >>= 1;
      counter.error >>= 1;
      if (counter.samples === 0) this.counters.delete(name);
    }
  }

  /** The keys used most, most first. */
  top(count: number): HotKey[] {
    return [...this.counters.values()]
      .sort((a, b) => b.samples - a.samples)
      .slice(0, count)
      .map(({ database, key, samples, error }) => ({
        database,
        key,
        uses: samples * SAMPLE_EVERY,
        error: error * SAMPLE_EVERY,
      }));
  }

  reset(): void {
    this.counters = new Map();
  }
}
