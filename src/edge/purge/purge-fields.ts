/** The settings of purges over the network of PoPs. */
import { type Conflict, duration, text, type ValuesOf } from '../../core/config/index.ts';
import { busTlsConflicts, busTlsFields } from '../bus/bus-fields.ts';

export const purgeBusFields = {
  coordinator: text({
    default: undefined,
    about:
      'The PoP that orders purges; default the first shield, or the first PoP. All must have the same one.',
    change: 'To another one: stop the old one first, or it gives receipts that nobody keeps.',
  }),
  leaseMs: duration({
    default: 3000,
    min: 200,
    max: 60_000,
    about:
      'A PoP that has not heard from the coordinator for so long validates what it has stored for each request; so long a purge waits at most for one that is cut off.',
    change: 'Longer: origins are spared while the coordinator is away. Shorter: receipts are soon.',
  }),
  tls: busTlsFields,
};

export type PurgeBusSettings = ValuesOf<typeof purgeBusFields>;

interface Named {
  readonly name: string;
  readonly shield: boolean;
}

/** What is wrong with them; keys are those of their group. */
export function purgeBusConflicts(
  { coordinator, tls }: PurgeBusSettings,
  pops: readonly Named[],
): Conflict[] {
  const found = busTlsConflicts(tls).map(({ key, says }) => ({ key: `tls.${key}`, says }));
  if (coordinator === undefined || pops.some(({ name }) => name === coordinator)) return found;
  const says = `is ${coordinator}, and edge.pops has no such PoP`;
  return [...found, { key: 'coordinator', says }];
}

/** The name of the PoP that orders purges. */
export function coordinatorOf({ coordinator }: PurgeBusSettings, pops: readonly Named[]): string {
  const first = pops.find(({ shield }) => shield) ?? pops[0];
  return coordinator ?? first?.name ?? '';
}
