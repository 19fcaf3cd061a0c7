/**
 * Token buckets of prefixes, a bounded number: a rate with room for a burst (RFC 2697 section 3, filled when looked
 * at), requests under way, and bytes, by prefix and rule.
 *
 * Only those are kept that the sketch calls heavy, those with requests under way, and those that were sent much; a
 * bucket that makes room for another is full when it comes back, less what the sketch has seen. Invariants: in any
 * span of time a bucket that stays gives at most burst + rate x span tokens; requests under way are counted down once
 * for each time up. Hot: bench/edge-guard.ts.
 */
import { PrefixTable, ROW_BYTES } from './prefix-table.ts';

/** What one bucket takes, bytes. */
export const BUCKET_BYTES = ROW_BYTES + 38;

export class Buckets extends PrefixTable {
  /** Requests that are over are logged once a while only: when this one was last, monotonic milliseconds. */
  readonly loggedMs: Float64Array;
  private readonly tokens: Float64Array;
  private readonly filledMs: Float64Array;
  /** Below zero: so many bytes too many. */
  private readonly byteTokens: Float32Array;
  private readonly bytesFilledMs: Float64Array;
  private readonly underWay: Uint16Array;

  constructor(rowsMax: number) {
    super(rowsMax);
    this.loggedMs = new Float64Array(this.rows);
    this.tokens = new Float64Array(this.rows);
    this.filledMs = new Float64Array(this.rows);
    this.byteTokens = new Float32Array(this.rows);
    this.bytesFilledMs = new Float64Array(this.rows);
    this.underWay = new Uint16Array(this.rows);
  }

  /** A new bucket has so many tokens. */
  begin(row: number, tokens: number, nowMs: number): void {
    this.tokens[row] = tokens;
    this.filledMs[row] = nowMs;
  }

  /** Takes one token. @returns whether there was one. */
  take(row: number, perSecond: number, burst: number, nowMs: number): boolean {
    this.touchedMs[row] = nowMs;
    const passedMs = nowMs - this.filledMs[row]!;
    let tokens = this.tokens[row]!;
    if (passedMs > 0) {
      tokens += (passedMs * perSecond) / 1000;
      this.filledMs[row] = nowMs;
    }
    // A burst that was made smaller holds at once.
    if (tokens > burst) tokens = burst;
    const has = tokens >= 1;
    this.tokens[row] = has ? tokens - 1 : tokens;
    return has;
  }

  /** Milliseconds until there is a token. */
  waitMs(row: number, perSecond: number): number {
    return (Math.max(0, 1 - this.tokens[row]!) / perSecond) * 1000;
  }

  /** Whether bytes may be sent: the debt of those before is paid. */
  mayGetBytes(row: number, perSecond: number, burst: number, nowMs: number): boolean {
    this.fillBytes(row, perSecond, burst, nowMs);
    return this.byteTokens[row]! >= 0;
  }

  /** Counts bytes that were sent. */
  chargeBytes(
    row: number,
    bytes: number,
    limit: { perSecond: number; burst: number },
    nowMs: number,
  ): void {
    this.touchedMs[row] = nowMs;
    this.fillBytes(row, limit.perSecond, limit.burst, nowMs);
    this.byteTokens[row] = this.byteTokens[row]! - bytes;
  }

  /** Milliseconds until the debt of bytes is paid. */
  bytesWaitMs(row: number, perSecond: number): number {
    return (Math.max(0, -this.byteTokens[row]!) / perSecond) * 1000;
  }

  /** @returns whether one more may be under way, and counts it. */
  enter(row: number, max: number, nowMs: number): boolean {
    this.touchedMs[row] = nowMs;
    if (this.underWay[row]! >= max) return false;
    this.underWay[row] = this.underWay[row]! + 1;
    return true;
  }

  /** One that was counted under this generation of the row is over. */
  leave(row: number, generation: number): void {
    if (this.generation[row] !== generation || this.underWay[row] === 0) return;
    this.underWay[row] = this.underWay[row]! - 1;
  }

  protected override onPlaced(row: number): void {
    this.loggedMs[row] = Number.NEGATIVE_INFINITY;
    this.tokens[row] = 0;
    this.filledMs[row] = 0;
    this.byteTokens[row] = 0;
    this.bytesFilledMs[row] = Number.NaN;
    this.underWay[row] = 0;
  }

  private fillBytes(row: number, perSecond: number, burst: number, nowMs: number): void {
    const filledMs = this.bytesFilledMs[row]!;
    this.bytesFilledMs[row] = Number.isNaN(filledMs) ? nowMs : Math.max(filledMs, nowMs);
    // The first time: full.
    const filled = this.byteTokens[row]! + (Math.max(0, nowMs - filledMs) * perSecond) / 1000;
    this.byteTokens[row] = Number.isNaN(filledMs) ? burst : Math.min(burst, filled);
  }
}
