/**
 * What the detector makes of the traffic.
 *
 *     calm ──flooded──▶ attack ──all-released──▶ calm
 *       │                 ▲
 *       └──crowded──▶ crowd ──flooded──┘
 *                       └──over──▶ calm
 *
 * `attack`: too much, and some prefixes ask far more than anybody does otherwise: they are held back. `crowd`: too
 * much, and nobody stands out; nobody is held back for it.
 */
import { invariant } from '../../core/base/index.ts';

export type DetectorState = 'calm' | 'crowd' | 'attack';
export type DetectorEvent = 'flooded' | 'crowded' | 'over' | 'all-released';

export const detectorTransitions = {
  calm: { flooded: 'attack', crowded: 'crowd' },
  crowd: { flooded: 'attack', over: 'calm' },
  attack: { 'all-released': 'calm' },
} as const satisfies Record<DetectorState, Partial<Record<DetectorEvent, DetectorState>>>;

export function nextDetectorState(state: DetectorState, event: DetectorEvent): DetectorState {
  const row: Partial<Record<DetectorEvent, DetectorState>> = detectorTransitions[state];
  const next = row[event];
  invariant(next !== undefined, 'this event does not happen in this state of the detector');
  return next;
}
