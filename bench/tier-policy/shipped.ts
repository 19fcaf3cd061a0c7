/** The tier's own counting of uses (src/kv/tier/uses.ts), played. */
import { Uses } from '../../src/kv/tier/uses.ts';
import { Chance } from '../../tests/fuzz/kv/random.ts';
import type { Room } from './policy.ts';
import type { Values } from './sampled.ts';

const ADVANCE_MS = 100;

export class Shipped implements Values {
  private readonly bits: Uint32Array;
  private readonly capacity: number;
  private readonly uses: Uses;
  private nowMs = 0;
  private advancedMs = 0;

  constructor({ keys, capacity }: Room) {
    this.bits = new Uint32Array(keys);
    this.capacity = capacity;
    const chance = new Chance(5);
    const now = (): number => this.nowMs;
    this.uses = new Uses(
      { monotonicMs: now, wallMs: now },
      { u32: () => chance.between(0, 0xffffffff) },
    );
  }

  used(key: number, nowMs: number): void {
    this.nowMs = nowMs;
    if (nowMs - this.advancedMs >= ADVANCE_MS) {
      this.advancedMs = nowMs;
      this.uses.advance(this.capacity);
    }
    this.bits[key] = this.uses.touched(this.bits[key] as number);
  }

  comes(key: number, nowMs: number): void {
    this.bits[key] = 0;
    this.used(key, nowMs);
  }

  leaves(): void {}

  valueOf(key: number): number {
    return this.uses.valueOf(this.bits[key] as number);
  }
}
