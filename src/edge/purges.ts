/** The purges of a PoP, as the settings of the network describe them. */
import type { Logger } from '../core/observe/index.ts';
import type { Clock, Disk, Network, Random } from '../core/runtime/index.ts';
import { Subscriptions } from './bus/index.ts';
import type { EdgeSettings } from './config/config.ts';
import { type PopSettings, reachedBy, sourceOf } from './pop-fields.ts';
import { type CarryingCache, PurgeBus, type PurgedCache, type PurgePop } from './purge/index.ts';

interface PurgeWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly network: Network;
  readonly log: Logger;
  readonly dataFolder: string;
  readonly cache: PurgedCache & CarryingCache;
}

export function purgeBusOf(
  { purge, pops, secret }: EdgeSettings,
  own: PopSettings,
  world: PurgeWorld,
): PurgeBus {
  const { name, bind, busPort } = own;
  return new PurgeBus({
    ...world,
    ...{ settings: purge, pop: name, bind: { host: bind, port: busPort } },
    localAddress: sourceOf(own),
    ...{ pops: purgePopsOf(pops), secret: secret?.reveal() ?? '' },
  });
}

export function purgePopsOf(pops: readonly PopSettings[]): PurgePop[] {
  return pops.map((pop) => ({
    ...{ name: pop.name, shield: pop.shield },
    bus: { host: reachedBy(pop), port: pop.busPort },
  }));
}

/** Links to other PoPs; without purges there are none. */
export function linksOf(
  purges: PurgeBus | undefined,
): Readonly<Record<'accepted' | 'dialled', Subscriptions>> {
  return purges ?? { accepted: new Subscriptions(), dialled: new Subscriptions() };
}
