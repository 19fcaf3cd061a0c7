/**
 * What the results of active checks say of a server.
 *
 *                 success                          failure
 *     unknown     healthy                          unhealthy
 *     healthy     healthy                          failing (fall 1: unhealthy)
 *     failing     healthy                          failing, at the fall-th in a row unhealthy
 *     unhealthy   recovering (rise 1: healthy)     unhealthy
 *     recovering  recovering, at the rise-th       unhealthy
 *                 in a row healthy
 *
 * Invariants: the verdict turns to unhealthy only after `fall` failures in a row and to healthy only after
 * `rise` successes in a row, the very first result excepted, which decides at once.
 * Source: HAProxy's rise and fall.
 */
import { unreachable } from '../../core/base/index.ts';

export type CheckState = 'unknown' | 'healthy' | 'failing' | 'unhealthy' | 'recovering';

/** A server's standing: the state, and the results in a row that lead out of it. */
export interface Standing {
  readonly state: CheckState;
  /** Failures in a row while failing, successes in a row while recovering, else 0. */
  readonly inRow: number;
}

export interface Thresholds {
  /** Successes in a row after which an unhealthy server is healthy, 1 or more. */
  readonly rise: number;
  /** Failures in a row after which a healthy server is unhealthy, 1 or more. */
  readonly fall: number;
}

export const firstStanding: Standing = { state: 'unknown', inRow: 0 };
/** Of a server that is taken to be well before anything is known of it. */
export const healthyStanding: Standing = { state: 'healthy', inRow: 0 };
const unhealthy: Standing = { state: 'unhealthy', inRow: 0 };

/** Whether a server in this state takes work. One that was never checked does not, panic excepted. */
export function isWell(state: CheckState): boolean {
  return state === 'healthy' || state === 'failing';
}

export function nextStanding(
  from: Standing,
  success: boolean,
  { rise, fall }: Thresholds,
): Standing {
  switch (from.state) {
    case 'unknown':
      return success ? healthyStanding : unhealthy;
    case 'healthy':
    case 'failing':
      if (success) return healthyStanding;
      return from.inRow + 1 >= fall ? unhealthy : { state: 'failing', inRow: from.inRow + 1 };
    case 'unhealthy':
    case 'recovering':
      if (!success) return unhealthy;
      return from.inRow + 1 >= rise
        ? healthyStanding
        : { state: 'recovering', inRow: from.inRow + 1 };
    default:
      return unreachable(from.state);
  }
}
