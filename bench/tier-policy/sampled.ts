/**
 * Policies that look at a few random keys and let the worst of them leave, as the tier does: they differ in
 * what is noted of an access and in how a key is valued by it.
 */
import { Chance } from '../../tests/fuzz/kv/random.ts';
import { hashKey } from './known.ts';
import { type Policy, Residents, type Room } from './policy.ts';

/** What is noted of keys, and how they are valued. */
export interface Values {
  /** A key was used that is in memory. */
  used(key: number, nowMs: number): void;
  /** A key comes into memory by an access. */
  comes(key: number, nowMs: number): void;
  /** A key leaves memory. */
  leaves(key: number, nowMs: number): void;
  /** The lowest go first. */
  valueOf(key: number, nowMs: number): number;
}

export interface Samples {
  readonly samples: number;
  readonly leave: number;
}

export const SAMPLES: Samples = { samples: 16, leave: 4 };

export class Sampled implements Policy {
  private readonly residents: Residents;
  private readonly values: Values;
  private readonly capacity: number;
  private readonly samples: Samples;
  private readonly drawn: number[] = [];
  private readonly worth: number[] = [];

  constructor(room: Room, values: Values, samples = SAMPLES) {
    this.residents = new Residents(room);
    this.capacity = room.capacity;
    this.values = values;
    this.samples = samples;
  }

  access(key: number, nowMs: number): boolean {
    if (this.residents.has(key)) {
      this.values.used(key, nowMs);
      return true;
    }
    if (this.residents.count >= this.capacity) this.round(nowMs);
    this.values.comes(key, nowMs);
    this.residents.add(key);
    return false;
  }

  private round(nowMs: number): void {
    const { residents, values, drawn, worth } = this;
    const { samples, leave } = this.samples;
    for (let i = 0; i < samples; i++) {
      drawn[i] = residents.random();
      worth[i] = values.valueOf(drawn[i]!, nowMs);
    }
    for (let left = 0; left < leave; left++) {
      let least = 0;
      for (let i = 1; i < samples; i++) if (worth[i]! < worth[least]!) least = i;
      const key = drawn[least]!;
      worth[least] = Number.POSITIVE_INFINITY;
      // It may have been drawn twice.
      if (!residents.has(key)) continue;
      values.leaves(key, nowMs);
      residents.remove(key);
    }
  }
}

/** Recency: the time of the last access in steps of so many ms; 0 for the number of the access. */
export class Recency implements Values {
  private readonly stamps: Float64Array;
  private readonly stepMs: number;
  private accesses = 0;

  constructor({ keys }: Room, stepMs: number) {
    this.stamps = new Float64Array(keys);
    this.stepMs = stepMs;
  }

  used(key: number, nowMs: number): void {
    this.stamps[key] = this.stepMs === 0 ? ++this.accesses : Math.floor(nowMs / this.stepMs);
  }

  comes(key: number, nowMs: number): void {
    this.used(key, nowMs);
  }

  leaves(): void {}

  valueOf(key: number): number {
    return this.stamps[key] as number;
  }
}

export interface RedisShape {
  readonly logFactor: number;
  /** Minutes in which a counter loses one, or its half; 0 for never. */
  readonly minutes: number;
  readonly halves?: boolean;
  /** Counters of keys that left come back with them, all of them. */
  readonly remembers?: boolean;
}

/** The counters of Redis' LFU (engine/lfu.ts) with other constants. */
export class RedisCounters implements Values {
  private readonly counters: Uint8Array;
  private readonly minutes: Uint32Array;
  private readonly known: Uint8Array;
  private readonly shape: RedisShape;
  private readonly chance = new Chance(5);

  constructor({ keys }: Room, shape: RedisShape) {
    this.counters = new Uint8Array(keys);
    this.minutes = new Uint32Array(keys);
    this.known = new Uint8Array(keys);
    this.shape = shape;
  }

  used(key: number, nowMs: number): void {
    const counter = this.valueOf(key, nowMs);
    const above = Math.max(0, counter - 5);
    const rises = counter < 255 && this.chance.unit() < 1 / (above * this.shape.logFactor + 1);
    this.counters[key] = rises ? counter + 1 : counter;
    this.minutes[key] = Math.floor(nowMs / 60_000);
  }

  comes(key: number, nowMs: number): void {
    if (this.shape.remembers === true && this.known[key] === 1) {
      this.used(key, nowMs);
      return;
    }
    this.counters[key] = 5;
    this.minutes[key] = Math.floor(nowMs / 60_000);
    this.known[key] = 1;
  }

  leaves(): void {}

  valueOf(key: number, nowMs: number): number {
    const { minutes, halves } = this.shape;
    const counter = this.counters[key] as number;
    if (minutes === 0) return counter;
    const steps = Math.floor((Math.floor(nowMs / 60_000) - this.minutes[key]!) / minutes);
    return halves === true ? counter >>> Math.min(8, steps) : Math.max(0, counter - steps);
  }
}

export interface LogShape {
  /** Steps of a counter that are a doubling. */
  readonly octave: number;
  /** Accesses for each key in memory after which a use is worth half. */
  readonly halfLife: number;
  /** Least time between two steps of the age that records keep, ms; 0 for none. */
  readonly tickMs: number;
  /** Bytes for each key in memory to remember those that left by; 0 for none. */
  readonly remembered: number;
  /** Bits of a remembered count that tell whose it is. */
  readonly tagBits?: number;
  /** What a place keeps when another key leaves: the newer or the greater. */
  readonly keeps?: 'newer' | 'greater';
  /** Share of accesses that are counted. */
  readonly counted?: number;
  /** Steps of a counter that one step of a remembered one is. */
  readonly coarse?: number;
}

/**
 * Counters that are logarithms of uses, each worth half after a number of accesses (LRFU: Lee et al., 2001,
 * https://doi.org/10.1109/TC.2001.970573), so that ageing is a subtraction.
 */
export class LogCounters implements Values {
  private readonly shape: LogShape;
  private readonly counters: Float64Array;
  /** `ticked` at the last access. */
  private readonly agedAt: Float64Array;
  private readonly chance = new Chance(5);
  /** How much a use raises a counter. */
  private readonly rises: Float64Array;
  private readonly one: number;
  private readonly places: Float64Array;
  private readonly tags: Int32Array;
  private readonly agedAtPlace: Float64Array;
  private readonly mask: number;
  private readonly step: number;
  /** Steps that counters have lost until now, and until the last tick. */
  private aged = 0;
  private ticked = 0;
  private tick = 0;

  constructor({ keys, capacity }: Room, shape: LogShape) {
    this.shape = shape;
    const { octave } = shape;
    this.one = 8 * octave;
    this.counters = new Float64Array(keys);
    this.agedAt = new Float64Array(keys);
    this.rises = Float64Array.from({ length: 32 * octave }, (_, c) => {
      const uses = c === 0 ? 0 : 2 ** ((c - this.one) / octave);
      return this.one + octave * Math.log2(uses + 1) - c;
    });
    this.step = octave / (shape.halfLife * capacity);
    const width =
      shape.remembered === 0 ? 1 : 2 ** Math.round(Math.log2(capacity * shape.remembered));
    this.mask = width - 1;
    this.places = new Float64Array(width);
    this.tags = new Int32Array(width);
    this.agedAtPlace = new Float64Array(width);
  }

  private note(nowMs: number): void {
    this.aged += this.step;
    if (this.shape.tickMs > 0) {
      const tick = Math.floor(nowMs / this.shape.tickMs);
      if (tick === this.tick) return;
      this.tick = tick;
    }
    this.ticked = Math.floor(this.aged);
  }

  used(key: number, nowMs: number): void {
    this.note(nowMs);
    const { counted = 1 } = this.shape;
    if (counted < 1 && this.chance.unit() >= counted) return;
    this.raise(key, this.valueOf(key));
  }

  private raise(key: number, value: number): void {
    const by = this.rises[value] as number;
    const raised = value + Math.floor(by + this.chance.unit());
    this.counters[key] = Math.min(raised, this.rises.length - 1);
    this.agedAt[key] = this.ticked;
  }

  comes(key: number, nowMs: number): void {
    this.note(nowMs);
    this.raise(key, this.recall(key));
  }

  private recall(key: number): number {
    const { remembered, tagBits = 0 } = this.shape;
    if (remembered === 0) return 0;
    const hash = hashKey(key);
    const place = hash & this.mask;
    if (this.tags[place] !== hash >>> (32 - tagBits) && tagBits > 0) return 0;
    return Math.max(0, this.places[place]! - (this.ticked - this.agedAtPlace[place]!));
  }

  leaves(key: number): void {
    const { remembered, tagBits = 0, keeps = 'newer', coarse = 1 } = this.shape;
    if (remembered === 0) return;
    const hash = hashKey(key);
    const place = hash & this.mask;
    const value = Math.round(this.valueOf(key) / coarse) * coarse;
    const tag = tagBits === 0 ? 0 : hash >>> (32 - tagBits);
    if (keeps === 'greater' && (tagBits === 0 || this.tags[place] !== tag)) {
      const there = this.places[place]! - (this.ticked - this.agedAtPlace[place]!);
      if (there > value) return;
    }
    this.places[place] = value;
    this.tags[place] = tag;
    this.agedAtPlace[place] = this.ticked;
  }

  valueOf(key: number): number {
    return Math.max(0, this.counters[key]! - (this.ticked - this.agedAt[key]!));
  }
}
