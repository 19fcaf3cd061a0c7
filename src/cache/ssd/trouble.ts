/**
 * Whether the tier takes writes.
 *
 *     open ──disk full──▶ full ──the disk takes bytes again──▶ open
 *       └───disk refused──▶ failed ───────────────────────────▲
 *     any ──close──▶ closed
 *
 * Reads go on in each but the last.
 */
import { unreachable } from '../../core/base/index.ts';
import type { DiskTierError } from './errors.ts';
import type { TierState } from './types.ts';

export type TroubleEvent = 'disk-full' | 'disk-refused' | 'disk-takes' | 'close';

/** The state behind an event. */
export function stateAfter(state: TierState, event: TroubleEvent): TierState {
  if (state === 'closed') return 'closed';
  switch (event) {
    case 'disk-full':
      return 'full';
    case 'disk-refused':
      return 'failed';
    case 'disk-takes':
      return 'open';
    case 'close':
      return 'closed';
    default:
      return unreachable(event);
  }
}

export class Trouble {
  state: TierState = 'open';
  private readonly onState: (state: TierState, failure: DiskTierError | null) => void;

  constructor(onState: (state: TierState, failure: DiskTierError | null) => void = () => {}) {
    this.onState = onState;
  }

  on(event: TroubleEvent, failure: DiskTierError | null = null): void {
    const before = this.state;
    this.state = stateAfter(before, event);
    if (this.state !== before) this.onState(this.state, failure);
  }
}
