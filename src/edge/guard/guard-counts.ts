/** What the guard has counted. */
import type { DoorMitigation, Misdeed, Mitigation } from './reasons.ts';

export class GuardCounts {
  /** Requests that were looked at. */
  requests = 0;
  passed = 0;
  /** Requests whose floods of ranges were ignored. */
  rangesIgnored = 0;
  /** Tasks that were set. */
  tasks = 0;
  readonly mitigated = new Map<Mitigation, number>();
  readonly turnedAway = new Map<DoorMitigation, number>();
  readonly misdeeds = new Map<Misdeed, number>();

  mitigate(reason: Mitigation): void {
    this.mitigated.set(reason, (this.mitigated.get(reason) ?? 0) + 1);
  }

  turnAway(reason: DoorMitigation): void {
    this.turnedAway.set(reason, (this.turnedAway.get(reason) ?? 0) + 1);
  }

  misdeed(misdeed: Misdeed): void {
    this.misdeeds.set(misdeed, (this.misdeeds.get(misdeed) ?? 0) + 1);
  }
}
