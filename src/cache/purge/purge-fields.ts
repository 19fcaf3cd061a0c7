/** The settings of purges: who may ask for them by the method PURGE, and how often anybody may. */
import { networkProblemTable, parseNetwork } from '../../core/base/index.ts';
import {
  type Conflict,
  flag,
  integer,
  list,
  secret,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';

const reloadable = true;

export const purgeFields = {
  method: flag({
    default: true,
    about: 'Whether the method PURGE is answered by the cache; otherwise it is passed on.',
    reloadable,
  }),
  token: secret({
    about: 'Who sends it as `Authorization: Bearer <token>` may purge by that method.',
    reloadable,
  }),
  networks: list(text({ default: '', about: '' }), {
    default: ['127.0.0.0/8', '::1'],
    about:
      'Addresses and networks that may purge by that method without the token, unless their requests came through a proxy or from a web page.',
    reloadable,
    max: 100,
  }),
  perSecond: integer({
    default: 100,
    max: 1_000_000,
    about: 'Purges a second, by whatever way; further ones get 429.',
    reloadable,
  }),
  burst: integer({
    default: 1000,
    min: 1,
    max: 1_000_000,
    about: 'Purges that may come at once.',
    reloadable,
  }),
};

export type PurgeSettings = ValuesOf<typeof purgeFields>;

/** What is wrong with them; keys are those of their group. */
export function purgeConflicts({ networks }: PurgeSettings): Conflict[] {
  return networks.flatMap((network) => {
    const parsed = parseNetwork(network);
    if (parsed.kind === 'network') return [];
    const says = `has ${JSON.stringify(network)}, which ${networkProblemTable[parsed.problem]}`;
    return [{ key: 'networks', says }];
  });
}
