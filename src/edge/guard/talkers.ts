/**
 * Those prefixes that ask most, with their rates, and the limits that the detector puts on some of them.
 *
 * A prefix gets a row when the sketch calls it heavy and loses it when it has become quiet, or to a busier one. Rates
 * are averages over about a second, brought up to date at each tick. Limited rows are pinned. Hot:
 * bench/edge-guard.ts.
 */
import { PrefixTable, ROW_BYTES } from './prefix-table.ts';
import type { PrefixKind } from './prefixes.ts';

/** What one talker takes, bytes. */
export const TALKER_BYTES = ROW_BYTES + 32;

/** What a rate keeps of itself in a second. */
const KEEPS_PER_SECOND = 0.25;
/** Below this rate a row is given up, requests a second. */
const QUIET_RATE = 0.05;
/** What may come at once under a limit, seconds' worth of it. */
const BURST_SECONDS = 1;

export interface Talker {
  readonly row: number;
  readonly kind: PrefixKind;
  /** Requests a second that come, refused ones included. */
  readonly perSecond: number;
  /** Requests a second that are let through at most; 0: no limit. */
  readonly limit: number;
}

export class Talkers extends PrefixTable {
  /** Rows with a limit. */
  limited = 0;
  readonly perSecond: Float32Array;
  readonly limit: Float32Array;
  private readonly count: Uint32Array;
  private readonly tokens: Float64Array;
  private readonly filledMs: Float64Array;

  constructor(rowsMax: number) {
    super(rowsMax);
    this.perSecond = new Float32Array(this.rows);
    this.limit = new Float32Array(this.rows);
    this.count = new Uint32Array(this.rows);
    this.tokens = new Float64Array(this.rows);
    this.filledMs = new Float64Array(this.rows);
  }

  /** A request came. @returns whether the row's limit, if it has one, lets it through. */
  ask(row: number, nowMs: number): boolean {
    this.count[row] = this.count[row]! + 1;
    this.touchedMs[row] = nowMs;
    const limit = this.limit[row]!;
    if (limit === 0) return true;
    const filledMs = this.filledMs[row]!;
    // A time that goes back fills nothing, and nothing twice.
    const passedMs = Math.max(0, nowMs - filledMs);
    const room = Math.max(1, limit * BURST_SECONDS);
    const tokens = Math.min(room, this.tokens[row]! + (passedMs * limit) / 1000);
    this.filledMs[row] = filledMs + passedMs;
    if (tokens >= 1) {
      this.tokens[row] = tokens - 1;
      return true;
    }
    this.tokens[row] = tokens;
    return false;
  }

  /** @param perSecond 0: none any more. */
  setLimit(row: number, perSecond: number, nowMs: number): void {
    const before = this.limit[row]!;
    if (before === 0 && perSecond > 0) {
      this.limited++;
      this.tokens[row] = 0;
      this.filledMs[row] = nowMs;
    }
    if (before > 0 && perSecond === 0) this.limited--;
    this.limit[row] = perSecond;
    this.pinnedMs[row] = perSecond > 0 ? Number.POSITIVE_INFINITY : 0;
  }

  /** Brings the rates up to date, `passedMs` after the last time, and gives quiet rows up. */
  tick(passedMs: number): void {
    const keeps = KEEPS_PER_SECOND ** (passedMs / 1000);
    const scale = ((1 - keeps) * 1000) / passedMs;
    const { tag, count, perSecond, limit, rows } = this;
    for (let row = 0; row < rows; row++) {
      if (tag[row] === 0) continue;
      const rate = perSecond[row]! * keeps + count[row]! * scale;
      perSecond[row] = rate;
      count[row] = 0;
      if (rate < QUIET_RATE && limit[row] === 0) this.free(row);
    }
  }

  /** Those with a limit, and of the others the `most` busiest of each kind, the busiest first. */
  busiest(most: number): readonly Talker[] {
    const found: Talker[] = [];
    const floors = [0, this.floorOf(1, most), this.floorOf(2, most)];
    for (let row = 0; row < this.rows; row++) {
      const kind = this.tag[row]!;
      if (kind === 0) continue;
      const perSecond = this.perSecond[row]!;
      const limit = this.limit[row]!;
      if (limit === 0 && perSecond < floors[kind]!) continue;
      found.push({ row, kind: kind as PrefixKind, perSecond, limit });
    }
    return found.sort((x, y) => y.perSecond - x.perSecond);
  }

  /** A rate that about `most` rows of a kind reach: rates fall into a class for each factor of 2 / 8. */
  private floorOf(kind: number, most: number): number {
    classes.fill(0);
    for (let row = 0; row < this.rows; row++) {
      if (this.tag[row] === kind) classes[classOf(this.perSecond[row]!)]!++;
    }
    let seen = 0;
    for (let at = CLASSES - 1; at > 0; at--) {
      seen += classes[at]!;
      if (seen >= most) return 2 ** ((at - 1) / CLASSES_PER_OCTAVE - OCTAVES_BELOW);
    }
    return 0;
  }

  protected override onPlaced(row: number): void {
    if (this.limit[row]! > 0) this.limited--;
    this.perSecond[row] = 0;
    this.limit[row] = 0;
    this.count[row] = 0;
    this.tokens[row] = 0;
    this.filledMs[row] = 0;
  }
}

const CLASSES = 256;
const CLASSES_PER_OCTAVE = 8;
const OCTAVES_BELOW = 8;
const classes = new Uint32Array(CLASSES);

function classOf(perSecond: number): number {
  if (perSecond <= 0) return 0;
  const at = Math.floor((Math.log2(perSecond) + OCTAVES_BELOW) * CLASSES_PER_OCTAVE) + 1;
  return Math.min(CLASSES - 1, Math.max(0, at));
}
