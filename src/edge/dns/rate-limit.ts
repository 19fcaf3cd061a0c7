/**
 * Limits how often one network is sent the same answer, so that we are no tool against whom queries are made up for
 * (response rate limiting, as BIND and Knot have it).
 *
 * State is a sketch of fixed size: each pair of network and kind of answer has a token bucket in each of three
 * rows, at places that only we know, and is limited when all three are empty. Two pairs that meet in one row are told
 * apart by the others; who is limited by mistake all the same is told to come by TCP, as a `slip`.
 */
import { mix } from './steering.ts';

export interface RateRule {
  /** 0: no limit. */
  readonly perSecond: number;
  /** Of limited answers each so manieth is sent cut; 0: none. */
  readonly slip: number;
}

export const RateVerdict = { send: 0, drop: 1, slip: 2 } as const;
export type RateVerdict = (typeof RateVerdict)[keyof typeof RateVerdict];

const rows = 3;
const widthBits = 14;
const width = 1 << widthBits;
/** What an idle bucket holds: one second's worth. */
const burstSeconds = 1;
/** As far below zero as a bucket goes: a flood is limited until it has been over for so long. */
const debtSeconds = 5;

export class RateLimit {
  private readonly seeds: readonly number[];
  /** What is left, at the time it was last looked at. */
  private readonly tokens = new Float32Array(rows * width);
  private readonly seenMs = new Float64Array(rows * width);
  private readonly places = [0, 0, 0];
  private limited = 0;

  /** @param seeds three words that nobody else knows. */
  constructor(seeds: readonly [number, number, number]) {
    this.seeds = seeds;
    this.seenMs.fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Takes one answer into account.
   * @param network 32 bits of the client's prefix. @param kind 32 bits of what the answer is.
   */
  take(network: number, kind: number, nowMs: number, { perSecond, slip }: RateRule): RateVerdict {
    if (perSecond === 0) return RateVerdict.send;
    const burst = perSecond * burstSeconds;
    const floor = -perSecond * debtSeconds;
    const { tokens, seenMs, places, seeds } = this;
    let most = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < rows; row++) {
      const hash = mix(mix(network, seeds[row]!), kind);
      const place = row * width + (hash >>> (32 - widthBits));
      places[row] = place;
      const gained = ((nowMs - seenMs[place]!) / 1000) * perSecond;
      const left = Math.min(burst, tokens[place]! + gained);
      tokens[place] = left;
      seenMs[place] = nowMs;
      if (left > most) most = left;
    }
    for (let row = 0; row < rows; row++) {
      const place = places[row]!;
      // Conservative update: a place that others have emptied is not emptied further for this pair.
      tokens[place] = Math.max(floor, Math.min(tokens[place]!, most - 1));
    }
    if (most >= 1) return RateVerdict.send;
    this.limited++;
    return slip > 0 && this.limited % slip === 0 ? RateVerdict.slip : RateVerdict.drop;
  }
}
