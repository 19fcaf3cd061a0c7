/**
 * How much each key is used, in the 24 clock bits of its record: by that keys leave memory.
 *
 *   tick of the last use (16 bits, TICK_MS each) | counter (8 bits)
 *
 * A key is worth its uses, each of which is worth half after HALF_LIFE accesses for every key in memory,
 * but not in less than a tick (LRFU: Lee et al., 2001, https://doi.org/10.1109/TC.2001.970573). The counter is the logarithm of that
 * sum at the last use, OCTAVE steps for a doubling, ONE for a single use. So ageing is a subtraction: of
 * what all counters have lost since the tick of the last use, which is noted once a tick for all keys.
 * Which shape and how fast was measured: docs/decisions/0012-what-stays-in-memory.md.
 *
 * An access reads and writes the record's bits and nothing else of its own; of 256 counters the steps are
 * in a table. The tick is within one step of the time since the process began, whatever the clock on the
 * wall does, and comes again after six days.
 *
 * Benchmark: bench/tier-policy.
 */
import type { Clock, Random } from '../../core/runtime/index.ts';

/** Time of a tick: what happens within one is of one age. */
export const TICK_MS = 8192;
const TICKS = 65_536;
const COUNTER_MAX = 255;
/** Steps of a counter that are a doubling. */
const OCTAVE = 8;
/** Counter of one use. */
export const ONE = 64;
/** Counter of a key that was loaded and that nobody has used yet: little, but not the least. */
const LOADED = 32;
/** Accesses for each key in memory after which a use is worth half. */
const HALF_LIFE = 10;
/** What counters lost in the ticks before this process counted, whose bits may mean something else: all. */
const BEFORE = COUNTER_MAX + 1;
const FRACTION_MAX = 0xffffffff;

/** Steps by which a use raises a counter, whole ones and the chance of one more. */
const wholeRise = new Uint8Array(COUNTER_MAX + 1);
const moreRise = new Uint32Array(COUNTER_MAX + 1);
for (let counter = 0; counter < COUNTER_MAX; counter++) {
  const uses = counter === 0 ? 0 : 2 ** ((counter - ONE) / OCTAVE);
  const rise = ONE + OCTAVE * Math.log2(uses + 1) - counter;
  wholeRise[counter] = Math.min(Math.floor(rise), COUNTER_MAX - counter);
  moreRise[counter] = counter + rise >= COUNTER_MAX ? 0 : (rise % 1) * FRACTION_MAX;
}

type UsesClock = Pick<Clock, 'monotonicMs' | 'wallMs'>;

export class Uses {
  private readonly clock: UsesClock;
  private readonly startMs: number;
  /** The first tick, by the clock on the wall so that ticks in stored keys keep their meaning. */
  private readonly startTick: number;
  private tick: number;
  /** Ticks since the first one. */
  private ticks = 0;
  /** Steps that all counters have lost until now. */
  private aged = BEFORE;
  /** The part of a step that they have lost beyond. */
  private part = 0;
  /** `aged` at each tick, those of the future as in the past that they were. */
  private readonly agedAt = new Uint32Array(TICKS);
  private accesses = 0;
  private state: number;

  constructor(clock: UsesClock, random: Pick<Random, 'u32'>) {
    this.clock = clock;
    this.startMs = clock.monotonicMs();
    this.startTick = Math.floor(clock.wallMs() / TICK_MS) % TICKS;
    this.tick = this.startTick;
    this.agedAt[this.tick] = this.aged;
    this.state = random.u32() | 1;
  }

  /** Clock bits of a key that is new: used once, now. */
  get fresh(): number {
    return (this.tick << 8) | ONE;
  }

  /** Time goes on; `hot`: keys in memory. */
  advance(hot: number): void {
    const ticks = Math.floor((this.clock.monotonicMs() - this.startMs) / TICK_MS);
    if (ticks === this.ticks) return;
    const passed = Math.min(ticks - this.ticks, TICKS);
    const byAccesses = (OCTAVE * this.accesses) / (HALF_LIFE * Math.max(1, hot));
    const lost = Math.min(byAccesses, OCTAVE * passed);
    this.accesses = 0;
    const whole = Math.floor(this.part + lost);
    this.part += lost - whole;
    this.aged += whole;
    this.ticks = ticks;
    this.tick = (this.startTick + ticks) % TICKS;
    for (let back = 0; back < passed; back++) {
      this.agedAt[(this.tick - back + TICKS) % TICKS] = this.aged;
    }
  }

  /** Clock bits after one more use. */
  touched(bits: number): number {
    this.accesses++;
    let counter = bits & COUNTER_MAX;
    if (bits >>> 8 !== this.tick) counter = this.valueOf(bits);
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    const more = state >>> 0 < (moreRise[counter] as number) ? 1 : 0;
    counter += (wholeRise[counter] as number) + more;
    return (this.tick << 8) | counter;
  }

  /**
   * Clock bits of a key that comes from the disk with those it was stored with: its uses are forgotten, as
   * the bits may be of another meaning, but not its last one. Whoever asked for it counts as the first.
   */
  loaded(bits: number): number {
    const counter = LOADED + this.aged - (this.agedAt[bits >>> 8] as number);
    if (counter > COUNTER_MAX) return (this.tick << 8) | LOADED;
    return (bits & ~COUNTER_MAX) | counter;
  }

  /** What a key is worth now, by its clock bits, 0 to 255: OCTAVE more for twice the uses. */
  valueOf(bits: number): number {
    const age = this.aged - (this.agedAt[bits >>> 8] as number);
    return Math.max(0, (bits & COUNTER_MAX) - age);
  }

  /** Seconds since the last use. */
  idleSeconds(bits: number): number {
    const ticks = (this.tick - (bits >>> 8) + TICKS) % TICKS;
    return Math.floor((ticks * TICK_MS) / 1000);
  }

  /** Clock bits of a key that was last used so many seconds ago, once. */
  idleFor(seconds: number): number {
    const ticks = Math.min(TICKS - 1, Math.floor((seconds * 1000) / TICK_MS));
    return (((this.tick - ticks + TICKS) % TICKS) << 8) | ONE;
  }
}
