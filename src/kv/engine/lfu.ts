/**
 * How often a key is used, in the 24 clock bits of its record, as Redis keeps it:
 *
 *   minutes (16 bits) of the last decay | logarithmic counter (8 bits)
 *
 * An access raises the counter with a chance that falls as it grows; minutes without access lower it.
 */

/** Counter of a new key, so that it is not the first to go. */
export const LFU_INITIAL = 5;
export const LFU_COUNTER_MAX = 255;
const MINUTES_MASK = 0xffff;

export interface LfuSettings {
  readonly lfuLogFactor: number;
  readonly lfuDecayTime: number;
}

export function lfuMinutes(nowMs: number): number {
  return Math.floor(nowMs / 60_000) & MINUTES_MASK;
}

/** Clock bits of a key with this counter, used now. */
export function lfuBits(nowMs: number, counter: number): number {
  return (lfuMinutes(nowMs) << 8) | counter;
}

/** Minutes since the last use. */
export function lfuIdleMinutes(bits: number, nowMs: number): number {
  return (lfuMinutes(nowMs) - (bits >>> 8)) & MINUTES_MASK;
}

/** The counter after the minutes since its last decay. */
export function lfuCounter(bits: number, nowMs: number, settings: LfuSettings): number {
  const counter = bits & LFU_COUNTER_MAX;
  if (settings.lfuDecayTime <= 0) return counter;
  const elapsed = (lfuMinutes(nowMs) - (bits >>> 8)) & MINUTES_MASK;
  return Math.max(0, counter - Math.floor(elapsed / settings.lfuDecayTime));
}

/** Clock bits after one more access; `chance` is uniform in [0, 1). */
export function lfuTouched(
  bits: number,
  nowMs: number,
  settings: LfuSettings,
  chance: number,
): number {
  const counter = lfuCounter(bits, nowMs, settings);
  const above = Math.max(0, counter - LFU_INITIAL);
  const rises = counter < LFU_COUNTER_MAX && chance < 1 / (above * settings.lfuLogFactor + 1);
  return lfuBits(nowMs, rises ? counter + 1 : counter);
}
