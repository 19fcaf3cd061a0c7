/**
 * Draws a slot at random with a probability in proportion to its candidate's weight, in constant time.
 *
 * Alias method (Vose 1991): n columns of equal height, each holding a part of one slot and the rest of
 * another. With equal weights it is a plain draw.
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Server } from '../servers/server.ts';

const WORD = 0x1_0000_0000;

export class WeightedDraw {
  private readonly random: Random;
  private count = 0;
  private even = true;
  /** Part of each column, 0 to 2^32, that is its own slot's. */
  private readonly own: number[] = [];
  private readonly alias: number[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  /** Takes the weights of these candidates. */
  gather(candidates: readonly Server[]): void {
    const count = candidates.length;
    this.count = count;
    const first = candidates[0]?.weight;
    this.even = candidates.every(({ weight }) => weight === first);
    if (this.even) return;
    const sum = candidates.reduce((total, { weight }) => total + weight, 0);
    const height = candidates.map(({ weight }) => (weight * count) / sum);
    const low: number[] = [];
    const high: number[] = [];
    height.forEach((each, slot) => {
      (each < 1 ? low : high).push(slot);
    });
    for (let slot = 0; slot < count; slot++) {
      this.own[slot] = WORD;
      this.alias[slot] = slot;
    }
    while (low.length > 0 && high.length > 0) {
      const small = low.pop() as number;
      const large = high.pop() as number;
      this.own[small] = height[small]! * WORD;
      this.alias[small] = large;
      height[large] = height[large]! - (1 - height[small]!);
      (height[large] < 1 ? low : high).push(large);
    }
  }

  /** A slot; there must be a candidate. */
  slot(): number {
    const column = Math.floor((this.random.u32() / WORD) * this.count);
    if (this.even) return column;
    return this.random.u32() < this.own[column]! ? column : this.alias[column]!;
  }
}
