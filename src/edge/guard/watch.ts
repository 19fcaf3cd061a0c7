/**
 * Who asks how much, and whether that is too much: sketch, talkers and detector, without requests and rules.
 *
 * Every request costs a look at two rows, or at four counters where there is no row. Nothing is allocated but for
 * ticks. Hot: bench/edge-guard.ts.
 */
import { Detector, type DetectorSettings, type LimitChange } from './detector.ts';
import { hashPrefix, PrefixKind, wideWord } from './prefixes.ts';
import { Sketch } from './sketch.ts';
import { TALKER_BYTES, Talkers } from './talkers.ts';

/** Counts of the sketch halve in this time, milliseconds. */
const WINDOW_MS = 1000;
/** Talkers that the detector and operators are told of. */
const BUSIEST = 64;
/** What a rate keeps of itself in a second, as those of talkers. */
const KEEPS_PER_SECOND = 0.25;

export const Asked = { passes: 0, narrow: 1, wide: 2 } as const;
/** Whether a request is let through, or which limit of the detector it hits. */
export type Asked = (typeof Asked)[keyof typeof Asked];

export class Watch {
  readonly talkers: Talkers;
  readonly detector: Detector = new Detector();
  /** Requests a second over about the last second, refused ones included. */
  perSecond = 0;
  /** From so many requests within about a second on a prefix is a talker. */
  heavyNarrow = 32;
  heavyWide = 128;
  /** Rows of the last request; -1: its prefix is no talker. */
  narrowRow = -1;
  wideRow = -1;
  /** What the sketch has seen of the last request's prefix if it has just become a talker. */
  seenNarrow = 0;
  seenWide = 0;
  private count = 0;
  private readonly sketch: Sketch;
  private readonly seed: number;

  constructor(options: { readonly memoryBytes: number; readonly seed: number }) {
    this.seed = options.seed;
    this.sketch = new Sketch((options.memoryBytes * 2) / 3);
    this.talkers = new Talkers(options.memoryBytes / 3 / TALKER_BYTES);
  }

  get bytes(): number {
    return this.sketch.bytes + this.talkers.rows * TALKER_BYTES;
  }

  /** A request of a narrow prefix came. */
  ask(a: number, b: number, nowMs: number): Asked {
    const { talkers, sketch } = this;
    this.count++;
    const window = Math.floor(nowMs / WINDOW_MS);
    const hash = hashPrefix(a, b, PrefixKind.narrow, this.seed);
    let row = talkers.find(hash, a, b, PrefixKind.narrow);
    this.seenNarrow = 0;
    if (row === -1) {
      const seen = sketch.add(hash, 1, window);
      if (seen >= this.heavyNarrow) {
        row = talkers.place(hash, a, b, PrefixKind.narrow, nowMs);
        this.seenNarrow = seen;
      }
    }
    this.narrowRow = row;
    this.wideRow = -1;
    if (row !== -1 && !talkers.ask(row, nowMs)) return Asked.narrow;
    return this.askWide(a, wideWord(a, b), nowMs, window);
  }

  private askWide(a: number, b: number, nowMs: number, window: number): Asked {
    const { talkers, sketch } = this;
    const hash = hashPrefix(a, b, PrefixKind.wide, this.seed);
    let row = talkers.find(hash, a, b, PrefixKind.wide);
    this.seenWide = 0;
    if (row === -1) {
      const seen = sketch.add(hash, 1, window);
      if (seen < this.heavyWide) return Asked.passes;
      row = talkers.place(hash, a, b, PrefixKind.wide, nowMs);
      this.seenWide = seen;
    }
    this.wideRow = row;
    return talkers.ask(row, nowMs) ? Asked.passes : Asked.wide;
  }

  /**
   * Brings rates up to date and lets the detector decide.
   * @param settings undefined: nobody is to be held back.
   * @returns limits that were set.
   */
  tick(
    nowMs: number,
    passedMs: number,
    pressure: number,
    settings: DetectorSettings | undefined,
  ): readonly LimitChange[] {
    const { talkers } = this;
    const keeps = KEEPS_PER_SECOND ** (passedMs / 1000);
    this.perSecond = this.perSecond * keeps + ((this.count * 1000) / passedMs) * (1 - keeps);
    this.count = 0;
    talkers.tick(passedMs);
    if (settings === undefined) {
      this.releaseAll(nowMs);
      return [];
    }
    const changes = this.detector.step(
      { nowMs, perSecond: this.perSecond, pressure, talkers: talkers.busiest(BUSIEST) },
      settings,
    );
    for (const { talker, perSecond } of changes) talkers.setLimit(talker.row, perSecond, nowMs);
    return changes;
  }

  private releaseAll(nowMs: number): void {
    const { talkers } = this;
    if (talkers.limited === 0) return;
    for (let row = 0; row < talkers.rows; row++) {
      if (talkers.limit[row]! > 0) talkers.setLimit(row, 0, nowMs);
    }
  }
}
