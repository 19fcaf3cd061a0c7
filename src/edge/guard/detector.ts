/**
 * Learns how much is normal, sees when it is too much, and says who is to be held back: the worst first, and no more
 * of them than it takes. Pure: time and what was counted are arguments.
 *
 * Too much is more than `factor` times what was learnt while something hurts (`pressure` of 1 or more: the loop lags,
 * or capacity is used up), for `CONFIRM_MS`: a crowd that does no harm is nobody's business. Offenders are prefixes
 * that ask `offenderFactor` times what the busiest one asks otherwise; when these do not suffice, wide prefixes that
 * have grown more than the whole. Who asks what clients always asked is never held back, however many they are.
 *
 * Held back: to what the busiest one asks otherwise, or as much more as leaves the whole at its target; to half of that
 * again while it does not help. Released: when it asks no more than others do, its limit doubles every `releaseMs`
 * until it is above what would make an offender. Who goes on flooding stays held back.
 *
 * Learning: averages over `learnMs`, of calm and of crowded times; what a moment can teach is bounded, so that one
 * burst does not make floods normal.
 */
import { type DetectorEvent, type DetectorState, nextDetectorState } from './detector-states.ts';
import { PrefixKind } from './prefixes.ts';
import type { Talker } from './talkers.ts';

export interface DetectorSettings {
  /** So many times what was learnt is too much. */
  readonly factor: number;
  /** What is never too much, requests a second. */
  readonly floorPerSecond: number;
  /** So many times what the busiest prefix asks otherwise makes an offender. */
  readonly offenderFactor: number;
  /** What never makes an offender, requests a second. */
  readonly offenderFloorPerSecond: number;
  readonly learnMs: number;
  readonly releaseMs: number;
}

export interface DetectorSample {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Requests a second that come, averaged as those of talkers are. */
  readonly perSecond: number;
  /** 1 and more: it hurts. */
  readonly pressure: number;
  /** Those with a limit, and the busiest others, the busiest first. */
  readonly talkers: readonly Talker[];
}

export interface LimitChange {
  readonly talker: Talker;
  /** 0: no limit any more. */
  readonly perSecond: number;
}

/** What was learnt, requests a second. */
export interface Learnt {
  perSecond: number;
  /** Of the busiest prefix of each kind. */
  narrow: number;
  wide: number;
}

/** How long it has to be too much, and between two steps against one attack. */
export const CONFIRM_MS = 300;
/** For so long there is not enough to say what is normal. */
export const WARM_UP_MS = 30_000;
/** After an attack or a crowd: how long it has to be quiet. */
const QUIET_MS = 5_000;
/** The whole is brought to so many times what was learnt. */
const TARGET_FACTOR = 1.25;
/** Near that target, as far as rates are known. */
const ENOUGH_FACTOR = 1.2;
/** The busiest prefix teaches what is normal in so long, upwards. */
const LEARN_UP_MS = 60_000;
/** It teaches no more than so many times what was known. */
const LESSON_FACTOR = 2;
/** No prefix of which there are others is taken to be normal with more than this share. */
const SHARE_MAX = 0.5;
/** A wide prefix has grown so many times as much as the whole. */
const WIDE_GROWTH_FACTOR = 2;
/** Of what is let through. */
const TAKEN_SHARE = 0.3;
const LIMIT_MIN = 1;

export class Detector {
  state: DetectorState = 'calm';
  readonly learnt: Learnt = { perSecond: 0, narrow: 0, wide: 0 };
  /** When it was first fed; NaN before. */
  private beganMs = Number.NaN;
  private lastMs = 0;
  /** Since when it is too much, and since when it is not; NaN: it is otherwise. */
  private overSinceMs = Number.NaN;
  private quietSinceMs = Number.NaN;
  private steppedMs = Number.NEGATIVE_INFINITY;
  private releasedMs = Number.NEGATIVE_INFINITY;

  /** What is too much, requests a second. */
  threshold({ factor, floorPerSecond }: DetectorSettings): number {
    return Math.max(floorPerSecond, factor * this.learnt.perSecond);
  }

  /** What makes a prefix an offender, requests a second. */
  offence(kind: PrefixKind, settings: DetectorSettings): number {
    return settings.offenderFactor * this.usual(kind, settings);
  }

  /** @returns limits to be set before the next sample. */
  step(sample: DetectorSample, settings: DetectorSettings): readonly LimitChange[] {
    const { nowMs } = sample;
    if (Number.isNaN(this.beganMs)) {
      this.beganMs = nowMs;
      this.lastMs = nowMs;
    }
    const threshold = this.threshold(settings);
    const admitted = admittedOf(sample);
    // An attack is over when the whole is near its target, and not where it might have begun.
    const bound = this.state === 'attack' ? ENOUGH_FACTOR * this.target(settings) : threshold;
    const isFull =
      sample.pressure >= 1 && admitted <= bound && this.isTaken(sample, admitted, settings);
    const isOver = sample.pressure >= 1 && (admitted > bound || isFull);
    if (this.state === 'crowd' || (this.state === 'calm' && !isOver)) this.learn(sample, settings);
    this.lastMs = nowMs;
    if (!isOver) {
      this.overSinceMs = Number.NaN;
      return this.relax(sample, settings);
    }
    this.quietSinceMs = Number.NaN;
    if (Number.isNaN(this.overSinceMs)) this.overSinceMs = nowMs;
    const isSure = nowMs - this.overSinceMs >= CONFIRM_MS && nowMs - this.steppedMs >= CONFIRM_MS;
    if (!isSure) return [];
    // Who has been displaced is not known: all offenders are held back.
    const target = isFull ? 0 : this.target(settings);
    return this.tighten(sample, admitted, target, settings);
  }

  /** What is let through in an attack, requests a second. */
  private target({ floorPerSecond }: DetectorSettings): number {
    return Math.max(floorPerSecond, TARGET_FACTOR * this.learnt.perSecond);
  }

  /** Whether offenders who are not held back take much of what is let through. */
  private isTaken(
    { talkers }: DetectorSample,
    admitted: number,
    settings: DetectorSettings,
  ): boolean {
    let taken = 0;
    for (const { kind, perSecond, limit } of talkers) {
      const isOffender = kind === PrefixKind.narrow && perSecond > this.offence(kind, settings);
      if (isOffender && limit === 0) taken += perSecond;
    }
    return taken > 0 && taken >= TAKEN_SHARE * admitted;
  }

  private usual(
    kind: PrefixKind,
    { offenderFactor, offenderFloorPerSecond }: DetectorSettings,
  ): number {
    const { narrow, wide, perSecond } = this.learnt;
    const known = kind === PrefixKind.narrow ? narrow : wide;
    const floor = offenderFloorPerSecond / offenderFactor;
    return Math.max(floor, Math.min(known, perSecond * SHARE_MAX));
  }

  private tighten(
    sample: DetectorSample,
    admittedNow: number,
    target: number,
    settings: DetectorSettings,
  ): readonly LimitChange[] {
    this.steppedMs = sample.nowMs;
    const changes: LimitChange[] = [];
    let admitted = admittedNow;
    for (const kind of [PrefixKind.narrow, PrefixKind.wide] as const) {
      for (const talker of sample.talkers) {
        if (admitted <= target) break;
        if (talker.kind !== kind || !this.isOffender(talker, sample, settings)) continue;
        const perSecond = Math.max(
          this.usual(kind, settings),
          talker.perSecond - (admitted - target),
        );
        changes.push({ talker, perSecond });
        admitted -= talker.perSecond - perSecond;
      }
    }
    if (changes.length === 0 && admittedNow > this.target(settings))
      changes.push(...harder(sample));
    if (changes.length > 0) this.go('flooded', ['calm', 'crowd']);
    else this.go('crowded', ['calm']);
    return changes;
  }

  private isOffender(
    { kind, perSecond, limit }: Talker,
    sample: DetectorSample,
    settings: DetectorSettings,
  ): boolean {
    if (limit > 0 || perSecond <= this.offence(kind, settings)) return false;
    if (kind === PrefixKind.narrow) return true;
    // A crowd grows everywhere; behind one network of a provider it may be large.
    const growth = sample.perSecond / Math.max(1, this.learnt.perSecond);
    return perSecond / this.usual(kind, settings) > WIDE_GROWTH_FACTOR * growth;
  }

  private relax(sample: DetectorSample, settings: DetectorSettings): readonly LimitChange[] {
    const { nowMs, talkers } = sample;
    if (this.state === 'calm') return [];
    if (Number.isNaN(this.quietSinceMs)) this.quietSinceMs = nowMs;
    const isQuiet = nowMs - this.quietSinceMs >= QUIET_MS;
    if (this.state === 'crowd') {
      if (isQuiet) this.go('over', ['crowd']);
      return [];
    }
    const held = talkers.filter(({ limit }) => limit > 0);
    if (held.length === 0) {
      if (isQuiet) this.go('all-released', ['attack']);
      return [];
    }
    if (nowMs - Math.max(this.releasedMs, this.steppedMs) < settings.releaseMs) return [];
    this.releasedMs = nowMs;
    return held.flatMap((talker): LimitChange[] => {
      const offence = this.offence(talker.kind, settings);
      if (talker.perSecond > offence / 2) return [];
      const perSecond = talker.limit * 2;
      return [{ talker, perSecond: perSecond >= offence ? 0 : perSecond }];
    });
  }

  private learn({ nowMs, perSecond, talkers }: DetectorSample, settings: DetectorSettings): void {
    const passedMs = Math.max(0, nowMs - this.lastMs);
    const { learnt } = this;
    // In the beginning a plain average of what there was.
    const sinceMs = nowMs - this.beganMs;
    const weight = passedMs / Math.max(passedMs, Math.min(settings.learnMs, sinceMs));
    const share = Number.isFinite(weight) ? weight : 1;
    const isWarm = sinceMs >= WARM_UP_MS;
    const lessonMax = Math.max(learnt.perSecond, settings.floorPerSecond) * LESSON_FACTOR;
    const whole = isWarm ? Math.min(perSecond, lessonMax) : perSecond;
    learnt.perSecond += (whole - learnt.perSecond) * share;
    for (const kind of [PrefixKind.narrow, PrefixKind.wide] as const) {
      const name = kind === PrefixKind.narrow ? 'narrow' : 'wide';
      const busiest = talkers.find((talker) => talker.kind === kind)?.perSecond ?? 0;
      const known = learnt[name];
      const most = isWarm ? Math.max(this.usual(kind, settings), known) * LESSON_FACTOR : busiest;
      const lesson = Math.min(busiest, most);
      const overMs = lesson > known ? (isWarm ? LEARN_UP_MS : passedMs) : settings.learnMs;
      learnt[name] += (lesson - known) * Math.min(1, passedMs / Math.max(1, overMs));
    }
  }

  private go(event: DetectorEvent, from: readonly DetectorState[]): void {
    if (from.includes(this.state)) this.state = nextDetectorState(this.state, event);
  }
}

/** Requests a second that are let through. */
function admittedOf({ perSecond, talkers }: DetectorSample): number {
  let admitted = perSecond;
  for (const talker of talkers) {
    // What a narrow limit has refused is not counted for the wide prefix.
    if (talker.limit > 0) admitted -= Math.max(0, talker.perSecond - talker.limit);
  }
  return admitted;
}

/** Nobody new stands out: those who were held back already get half. */
function harder({ talkers }: DetectorSample): LimitChange[] {
  return talkers
    .filter(({ limit, perSecond }) => limit > LIMIT_MIN && perSecond > limit)
    .map((talker) => ({ talker, perSecond: Math.max(LIMIT_MIN, talker.limit / 2) }));
}
