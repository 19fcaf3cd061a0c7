/** When a hash changes its form; the thresholds are Redis' settings of the same names. */
import type { Settings } from '../../settings.ts';

export type HashLimits = Pick<Settings, 'hashMaxListpackEntries' | 'hashMaxListpackValue'>;
