/** `plinth edge explain`: why a name is answered with these addresses. */
import type { Command } from 'commander';
import type { NameExplanation } from '../edge/index.ts';
import { askWithToken } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

interface Options extends TokenOptions {
  readonly type: string;
  readonly client: string;
}

export function addEdgeExplain(edge: Command, context: CommandContext): void {
  addTokenOptions(edge.command('explain'))
    .description('say why a name is answered as it is, for a client')
    .argument('<name>', 'the name: www.example.com')
    .requiredOption('--client <address>', 'address of the client, or of its resolver')
    .option('--type <type>', 'type of the records', 'A')
    .addHelpText(
      'after',
      `
Exits with 0, 1 when this point of presence answers no names, 69 when nobody answers.

Example:
  $ plinth edge explain www.example.com --client 203.0.113.7`,
    )
    .action(async (name: string, options: Options) => {
      const { type, client } = options;
      const body = await askWithToken(context, options, {
        method: 'POST',
        path: '/systems/edge/explain',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, type, client }),
      });
      if (body === undefined) return;
      context.host.out(
        options.json ? `${JSON.stringify(body, null, 2)}\n` : explainText(body as NameExplanation),
      );
    });
}

function explainText({
  name,
  type,
  client,
  rcode,
  zone,
  answers,
  steering,
}: NameExplanation): string {
  const head = `${name} ${type} for ${client}: ${rcode}${zone === undefined ? ', no zone of ours' : ''}\n${answers
    .map((line) => `  ${line}\n`)
    .join('')}`;
  if (steering === undefined) return head;
  const { rule, place, reason, scopeBits, candidates, chosen } = steering;
  const where =
    place.latitude === undefined
      ? 'somewhere'
      : `near ${place.latitude}, ${place.longitude}${place.country === undefined ? '' : ` (${place.country})`}`;
  const rows = candidates.map(({ pop, city, distanceKm, up, drained, excluded }) => [
    chosen.includes(pop) ? `* ${pop}` : `  ${pop}`,
    city,
    distanceKm === undefined ? '' : `${Math.round(distanceKm)} km`,
    drained ? 'drained' : up ? 'up' : 'down',
    excluded ?? '',
  ]);
  return `${head}The client is ${where}, as ${place.from} says; rule ${rule}: ${reason}; holds for a /${scopeBits}.\n${table(rows)}`;
}
