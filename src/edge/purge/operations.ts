/** What operators can ask of purges over the network, one row each. */
import type { Operation } from '../../core/base/index.ts';
import type { PurgesShown } from './shown.ts';

export interface PurgesDoor {
  shown(): PurgesShown;
  /** Of the cache, whose purges are carried by the network. */
  ofCache(): readonly Operation[];
}

export function purgeBusOperations(purges: PurgesDoor): readonly Operation[] {
  const ofCache = purges.ofCache().find(({ path }) => path === '/purge');
  const status: Operation = {
    method: 'GET',
    path: '/purges',
    about: 'How far purges are at this PoP; of the coordinator also how far all PoPs are.',
    needsToken: false,
    run: () => ({ ok: true, body: purges.shown() }),
  };
  if (ofCache === undefined) return [status];
  const about =
    'Purges by URL, beginning of URLs, host or tag, or all, in all PoPs, and answers with the receipt.';
  return [status, { ...ofCache, about }];
}
