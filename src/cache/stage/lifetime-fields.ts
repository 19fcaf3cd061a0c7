/** Settings that say how long responses are kept beside what they say themselves. */
import {
  type Conflict,
  decimal,
  list,
  parseDuration,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';
import { JITTER_SHARE_MAX, type StatusLifetimes, statusLifetimes } from '../policy/index.ts';

const reloadable = true;

/** `404: 10s` */
const ROW = /^(\w{3}): *(\w+)$/;

/** Of a rule: `lifetimes: group('...', lifetimeFields)`. */
export const lifetimeFields = {
  statuses: list(
    text({
      default: '',
      about: 'A status or a hundred of them, with the time.',
      pattern: ROW,
      wanted: 'a status and a time, such as 404: 10s or 5xx: 1s',
    }),
    {
      default: [],
      max: 100,
      about:
        'How long answers that say nothing of it stay fresh, by status: `404: 10s`, `5xx: 1s` for all of a hundred. What an answer says itself is obeyed.',
      change: 'To keep a crowd that asks for what is not there, or is broken, from the origin.',
      reloadable,
    },
  ),
  jitter: decimal({
    default: 0,
    max: JITTER_SHARE_MAX,
    about: 'Part of their lifetime that chance takes off responses, 0.1 for up to a tenth.',
    change: 'Where much is fetched at once and would become stale at once.',
    reloadable,
  }),
  earlyRefresh: decimal({
    default: 0,
    max: 10,
    about:
      'How eagerly what is asked for much is fetched anew shortly before it is stale, by chance (XFetch); 1 is usual, 0 is never.',
    change: 'Where the origin is slow, and nobody shall wait for it.',
    reloadable,
  }),
} as const;

export type LifetimeSettings = ValuesOf<typeof lifetimeFields>;

export const DEFAULT_LIFETIMES: LifetimeSettings = {
  statuses: lifetimeFields.statuses.default,
  jitter: lifetimeFields.jitter.default,
  earlyRefresh: lifetimeFields.earlyRefresh.default,
};

/** The settings, ready for use. */
export interface LifetimeRule {
  readonly byStatus: StatusLifetimes;
  /** Part that chance takes off. */
  readonly jitterShare: number;
  /** Beta of XFetch; 0: never. */
  readonly refreshBeta: number;
}

/** Of settings without conflicts. */
export function lifetimeRuleOf({ statuses, jitter, earlyRefresh }: LifetimeSettings): LifetimeRule {
  const byStatus = readStatuses(statuses) ?? new Map<number, number>();
  return { byStatus, jitterShare: jitter, refreshBeta: earlyRefresh };
}

/** What does not go together; keys are those of the group. */
export function lifetimeConflicts({ statuses }: LifetimeSettings): Conflict[] {
  if (readStatuses(statuses) !== null) return [];
  const says =
    'wants statuses from 200 to 599, or hundreds of them such as 5xx, but not 206, 304, 401 and 407, each with a time such as 10s';
  return [{ key: 'statuses', says }];
}

function readStatuses(rows: readonly string[]): StatusLifetimes | null {
  const pairs: [string, number][] = [];
  for (const row of rows) {
    const [, pattern = '', time = ''] = ROW.exec(row) ?? [];
    const ms = parseDuration(time);
    if (ms === undefined) return null;
    pairs.push([pattern, ms / 1000]);
  }
  return statusLifetimes(pairs);
}
