/**
 * When a sorted set changes its form; the thresholds are Redis' settings of the same names.
 */
import type { Settings } from '../../settings.ts';
import { PACKED_BYTES_MAX } from '../packed.ts';

export type ZsetLimits = Pick<Settings, 'zsetMaxListpackEntries' | 'zsetMaxListpackValue'>;

/** Whether a packed value may have `count` entries, the longest member so long, so many bytes in all. */
export function packs(limits: ZsetLimits, count: number, longest: number, bytes: number): boolean {
  return (
    count <= limits.zsetMaxListpackEntries &&
    longest <= limits.zsetMaxListpackValue &&
    bytes <= PACKED_BYTES_MAX
  );
}
