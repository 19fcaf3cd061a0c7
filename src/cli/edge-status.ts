/** `plinth edge status`: the network as one point of presence sees it. */
import type { Command } from 'commander';
import type { EdgeStatus } from '../edge/index.ts';
import { askOpenly } from './admin-ask.ts';
import { type AdminOptions, addAdminOptions } from './admin-door.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

export function addEdgeStatus(edge: Command, context: CommandContext): void {
  addAdminOptions(edge.command('status'))
    .description('show points of presence, purges, certificates, and who is held back')
    .addHelpText(
      'after',
      '\nExits with 0, or 69 when nobody answers.\n\nExample:\n  $ plinth edge status',
    )
    .action(async (options: AdminOptions) => {
      const body = await askOpenly(context, options, '/systems/edge/status');
      if (body === undefined) return;
      context.host.out(
        options.json ? `${JSON.stringify(body, null, 2)}\n` : statusText(body as EdgeStatus),
      );
    });
}

/** The status for people. */
export function statusText(status: EdgeStatus): string {
  return [popsText(status), purgesText(status), certificatesText(status), guardText(status)].join(
    '\n',
  );
}

function popsText({ pop: own, pops }: EdgeStatus): string {
  const stateOf = ({ drained, up, namedForMs }: EdgeStatus['pops'][number]): string => {
    if (!drained) return up ? 'up' : 'down';
    return namedForMs > 0 ? `drained, named for ${Math.ceil(namedForMs / 1000)} s` : 'drained';
  };
  const rows = pops.map((pop) => {
    const { name, city, region, shield, load } = pop;
    return [
      name === own ? `${name} (asked)` : name,
      city,
      region,
      shield ? 'shield' : '',
      stateOf(pop),
      load === null ? '' : `${Math.round(load * 100)} %`,
    ];
  });
  return table([['POP', 'CITY', 'REGION', 'TIER', 'STATE', 'LOAD'], ...rows]);
}

function purgesText({ purges }: EdgeStatus): string {
  if (purges === null) return 'PURGES  none: there is no cache in this process\n';
  const { coordinator, inDoubt, position, order } = purges;
  const state = inDoubt ? 'in doubt, everything stored is validated' : 'up to date';
  const at = position === null ? '' : `, at ${position.sequence}`;
  const behind = order?.pops.filter((pop) => pop.cutOff || (pop.behind ?? 0) > 0) ?? [];
  const late = behind.map(({ pop, cutOff }) => (cutOff ? `${pop} (cut off)` : pop)).join(', ');
  return table([
    ['PURGES', `${state}${at}, ordered by ${coordinator}`],
    ...(late === '' ? [] : [['BEHIND', late]]),
  ]);
}

function certificatesText({ certificates }: EdgeStatus): string {
  if (certificates === null || certificates.certificates.length === 0) {
    return 'CERTIFICATES  none by ACME\n';
  }
  const rows = certificates.certificates.map(({ name, state, issuer, notAfter, lastFailure }) => [
    name,
    state,
    issuer ?? '',
    notAfter ?? '',
    lastFailure === null ? '' : lastFailure.says,
  ]);
  return table([['CERTIFICATE', 'STATE', 'ISSUER', 'NOT AFTER', 'LAST FAILURE'], ...rows]);
}

function guardText({ guard }: EdgeStatus): string {
  const { state, perSecond, learnt, blocks, mitigated, turnedAway } = guard;
  const rate = (value: number): string => `${Math.round(value)} a second`;
  const blocked = blocks.map(({ network, reason }) => [network, reason]);
  return `${table([
    ['GUARD', `${state}: ${rate(perSecond)}, learnt ${rate(learnt.perSecond)}`],
    ['HELD BACK', countsText(mitigated)],
    ['TURNED AWAY', countsText(turnedAway)],
  ])}${blocked.length === 0 ? '' : `\n${table([['BLOCKED', 'REASON'], ...blocked])}`}`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length === 0 ? 'none' : some.map(([name, count]) => `${count} ${name}`).join(', ');
}
