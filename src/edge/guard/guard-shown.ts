/** What operators see of the guard. */
import type { BlockShown } from './blocks.ts';
import type { DetectorState } from './detector-states.ts';

export interface TalkerShown {
  readonly network: string;
  /** Requests a second, refused ones included. */
  readonly perSecond: number;
  /** Requests a second that are let through at most; null: no limit of the detector. */
  readonly limit: number | null;
}

export interface GuardShown {
  readonly state: DetectorState;
  /** 1 and more: something hurts. */
  readonly pressure: number;
  /** Requests a second. */
  readonly perSecond: number;
  readonly learnt: {
    readonly perSecond: number;
    /** Of the busiest client, and of the busiest /24 or /48. */
    readonly busiest: number;
    readonly busiestWide: number;
  };
  /** Requests a second that are too much. */
  readonly tooMuch: number;
  readonly talkers: readonly TalkerShown[];
  readonly blocks: readonly BlockShown[];
  /** Requests that were held back, by reason. */
  readonly mitigated: Readonly<Record<string, number>>;
  /** Connections that were turned away, by reason. */
  readonly turnedAway: Readonly<Record<string, number>>;
  readonly misdeeds: Readonly<Record<string, number>>;
  readonly memoryBytes: number;
}
