/**
 * When a set changes its form; the thresholds are Redis' settings of the same names.
 */
import type { Settings } from '../../settings.ts';

export type SetLimits = Pick<
  Settings,
  'setMaxIntsetEntries' | 'setMaxListpackEntries' | 'setMaxListpackValue'
>;

/** Redis never lets an intset grow beyond this, whatever the setting says. */
const INTSET_ENTRIES_MAX = 2 ** 30;

/** Integers that a set may have in the form of an intset. */
export function intsetEntriesMax(limits: SetLimits): number {
  return Math.min(limits.setMaxIntsetEntries, INTSET_ENTRIES_MAX);
}

/** Form of a new set whose first member is, or is not, an integer, and that will have `count`. */
export function initialForm(
  integer: boolean,
  count: number,
  limits: SetLimits,
): 'intset' | 'listpack' | 'hashtable' {
  if (integer && count <= limits.setMaxIntsetEntries) return 'intset';
  return count <= limits.setMaxListpackEntries ? 'listpack' : 'hashtable';
}
