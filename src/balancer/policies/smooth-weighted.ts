/**
 * Smooth weighted round-robin: each candidate gets its weight's share of the turns, spread as evenly as
 * can be: weights 5, 1, 1 give a a b a c a a and never five in a row.
 *
 * Rule (nginx, upstream module): add to each candidate's balance its weight; the one with the greatest
 * balance, the first of equals, is chosen and pays the sum of the weights. After a period of (sum of
 * weights / their common divisor) choices all balances are zero again, so the first period is written down
 * while it is computed and replayed from then on: a turn costs the same with 3 and with 1,000 servers.
 * Periods beyond RECORD_MAX are computed for ever.
 *
 * Fairness: in a period each candidate gets exactly its weight / common divisor turns. A change of the
 * candidates begins a new period. A turn whose candidate is not acceptable is passed over.
 */
import type { Server } from '../servers/server.ts';
import { acceptable, type Choice, nextAcceptable, QuietPolicy } from './policy.ts';

/** Turns that are written down: 128 KiB. */
const RECORD_MAX = 65_536;
/** Turns that are passed over before any acceptable candidate will do. */
const PASS_MAX = 64;

export class SmoothWeighted extends QuietPolicy {
  private balances = new Float64Array(0);
  private sum = 0;
  private period = 0;
  /** Slots in the order of their turns, and how many of them are known. */
  private record: Uint16Array | undefined = undefined;
  private recorded = 0;
  private at = 0;
  private stale = true;

  override changed(): void {
    this.stale = true;
  }

  override choose(choice: Choice): Server | undefined {
    if (this.stale) this.begin();
    const { candidates } = this.level;
    if (candidates.length === 0) return undefined;
    for (let passed = 0; passed < PASS_MAX; passed++) {
      const server = candidates[this.turn()]!;
      if (acceptable(server, choice)) return server;
    }
    return nextAcceptable(candidates, this.turn(), choice);
  }

  /** Begins a period with all balances at zero. */
  private begin(): void {
    const { candidates } = this.level;
    this.stale = false;
    this.balances = new Float64Array(candidates.length);
    this.sum = this.level.weight;
    const divisor = candidates.reduce((common, { weight }) => commonDivisor(common, weight), 0);
    this.period = divisor === 0 ? 0 : this.sum / divisor;
    this.record = this.period <= RECORD_MAX ? new Uint16Array(this.period) : undefined;
    this.recorded = 0;
    this.at = 0;
  }

  /** The slot whose turn it is. */
  private turn(): number {
    const { record } = this;
    if (record === undefined) return this.step();
    if (this.at === this.period) this.at = 0;
    if (this.at === this.recorded) {
      record[this.at] = this.step();
      this.recorded++;
    }
    return record[this.at++]!;
  }

  private step(): number {
    const { balances } = this;
    const { candidates } = this.level;
    let best = 0;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let slot = 0; slot < balances.length; slot++) {
      const balance = balances[slot]! + candidates[slot]!.weight;
      balances[slot] = balance;
      if (balance > greatest) {
        greatest = balance;
        best = slot;
      }
    }
    balances[best] = greatest - this.sum;
    return best;
  }
}

function commonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
