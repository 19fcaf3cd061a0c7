/**
 * The limits of rules: requests a second, requests under way and bytes, by client and by its network.
 *
 * Requests a second are looked at for those only who are talkers: nobody else comes near. Hot: bench/edge-guard.ts.
 */
import type { Exchange } from '../../core/http/index.ts';
import { BUCKET_BYTES, Buckets } from './buckets.ts';
import type { GuardRuleSettings } from './guard-fields.ts';
import { hashPrefix, wideWord } from './prefixes.ts';
import type { Watch } from './watch.ts';

export const Limited = { no: 0, rate: 1, rateWide: 2, bytes: 3, concurrent: 4 } as const;
export type Limited = (typeof Limited)[keyof typeof Limited];

/** Tags below are those of prefixes as such. */
const FIRST_TAG = 16;
const CONNECTIONS_TAG = 8;
/** Rows fit into 16 bits, so that row and generation are one small integer. */
const ROWS_MAX = 2 ** 14;
const GENERATIONS = 2 ** 16;
/** Who was sent less at once gets no bucket for it, unless he has one. */
const BYTES_NOTED_MIN = 16_384;

export class RuleLimits {
  /** Milliseconds until what was refused last may be asked again. */
  waitMs = 0;
  /** The bucket that refused last. */
  row = -1;
  readonly buckets: Buckets;
  private readonly seed: number;
  /** Row and generation of the buckets that exchanges under way are counted in. */
  private readonly underWay = new WeakMap<Exchange, number>();

  constructor(options: { readonly memoryBytes: number; readonly seed: number }) {
    this.seed = options.seed;
    this.buckets = new Buckets(Math.min(ROWS_MAX, options.memoryBytes / BUCKET_BYTES));
  }

  /** @param id of the rule, from 0. @param watch has just been asked for the same request. */
  judge(
    a: number,
    b: number,
    id: number,
    rule: GuardRuleSettings,
    watch: Watch,
    nowMs: number,
  ): Limited {
    if (rule.perSecond > 0 && watch.narrowRow !== -1) {
      const tag = FIRST_TAG + id * 2;
      const { perSecond, burst } = rule;
      if (!this.take(a, b, tag, perSecond, burst, watch.seenNarrow, nowMs)) return Limited.rate;
    }
    if (rule.widePerSecond > 0 && watch.wideRow !== -1) {
      const tag = FIRST_TAG + id * 2 + 1;
      const { widePerSecond, wideBurst } = rule;
      const wide = wideWord(a, b);
      if (!this.take(a, wide, tag, widePerSecond, wideBurst, watch.seenWide, nowMs)) {
        return Limited.rateWide;
      }
    }
    return rule.sentBytesPerSecond > 0 ? this.judgeBytes(a, b, id, rule, nowMs) : Limited.no;
  }

  /** Takes a place among those under way. Call it last: only who gets on holds one. */
  enter(
    exchange: Exchange,
    a: number,
    b: number,
    id: number,
    { concurrent }: GuardRuleSettings,
  ): Limited {
    if (concurrent === 0) return Limited.no;
    const nowMs = exchange.startedMs;
    const row = this.rowOf(a, b, FIRST_TAG + id * 2, Number.NaN, nowMs);
    if (!this.buckets.enter(row, concurrent, nowMs)) {
      this.row = row;
      this.waitMs = 1000;
      return Limited.concurrent;
    }
    this.underWay.set(exchange, row * GENERATIONS + this.buckets.generation[row]!);
    return Limited.no;
  }

  /** The exchange is over. */
  leave(exchange: Exchange): void {
    const held = this.underWay.get(exchange);
    if (held === undefined) return;
    this.underWay.delete(exchange);
    this.buckets.leave(Math.floor(held / GENERATIONS), held % GENERATIONS);
  }

  /** So many bytes of a body were sent. */
  charge(
    a: number,
    b: number,
    id: number,
    bytes: number,
    rule: GuardRuleSettings,
    nowMs: number,
  ): void {
    const tag = FIRST_TAG + id * 2;
    const { buckets } = this;
    const hash = hashPrefix(a, b, tag, this.seed);
    let row = buckets.find(hash, a, b, tag);
    if (row === -1) {
      if (bytes < BYTES_NOTED_MIN) return;
      row = this.rowOf(a, b, tag, rule.burst, nowMs);
    }
    const limit = { perSecond: rule.sentBytesPerSecond, burst: rule.sentBurstBytes };
    buckets.chargeBytes(row, bytes, limit, nowMs);
  }

  /** Whether a client may open one more connection. */
  mayConnect(
    a: number,
    b: number,
    perSecond: number,
    burst: number,
    seen: number,
    nowMs: number,
  ): boolean {
    return this.take(a, b, CONNECTIONS_TAG, perSecond, burst, seen, nowMs);
  }

  private take(
    a: number,
    b: number,
    tag: number,
    perSecond: number,
    burst: number,
    seen: number,
    nowMs: number,
  ): boolean {
    const { buckets } = this;
    // What was asked before there was a bucket is gone from it, as far as it is certain.
    const row = this.rowOf(a, b, tag, burst - Math.min(Math.max(0, seen - 1), burst / 2), nowMs);
    if (buckets.take(row, perSecond, burst, nowMs)) return true;
    this.row = row;
    this.waitMs = buckets.waitMs(row, perSecond);
    return false;
  }

  private judgeBytes(
    a: number,
    b: number,
    id: number,
    { sentBytesPerSecond, sentBurstBytes }: GuardRuleSettings,
    nowMs: number,
  ): Limited {
    const { buckets } = this;
    const tag = FIRST_TAG + id * 2;
    const row = buckets.find(hashPrefix(a, b, tag, this.seed), a, b, tag);
    if (row === -1 || buckets.mayGetBytes(row, sentBytesPerSecond, sentBurstBytes, nowMs)) {
      return Limited.no;
    }
    this.row = row;
    this.waitMs = buckets.bytesWaitMs(row, sentBytesPerSecond);
    return Limited.bytes;
  }

  /** @param tokens of a new bucket; NaN: as many as fit. */
  private rowOf(a: number, b: number, tag: number, tokens: number, nowMs: number): number {
    const { buckets } = this;
    const hash = hashPrefix(a, b, tag, this.seed);
    const known = buckets.find(hash, a, b, tag);
    if (known !== -1) return known;
    const row = buckets.place(hash, a, b, tag, nowMs);
    buckets.begin(row, Number.isNaN(tokens) ? Number.MAX_SAFE_INTEGER : tokens, nowMs);
    return row;
  }
}
