/** `plinth edge purge`: makes all points of presence forget, and shows the receipt. */
import type { Command } from 'commander';
import type { PurgeReceipt } from '../edge/index.ts';
import { addPurgeOptions, askToPurge, type PurgeOptions } from './cache-purge.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

/** A PoP that is cut off is waited for as long as its lease. */
const WAIT_MS = 60_000;

interface Purged {
  readonly seq: number;
  readonly receipt: PurgeReceipt;
}

export function addEdgePurge(edge: Command, context: CommandContext): void {
  addPurgeOptions(edge.command('purge'))
    .description('forget stored responses in all points of presence, or make them stale')
    .addHelpText(
      'after',
      `
Ask any point of presence. When the command ends with 0, none of them serves what was named:
those that are cut off ask the tier behind them for everything until they have caught up.
Exits with 0 when the receipt is given, 1 when it is refused, 69 when nobody answers.

Examples:
  $ plinth edge purge --tag product-17
  $ plinth edge purge --url https://example.com/news --soft`,
    )
    .action(async (options: PurgeOptions) => {
      const body = await askToPurge(context, options, 'edge', WAIT_MS);
      if (body === undefined) return;
      context.host.out(
        options.json ? `${JSON.stringify(body, null, 2)}\n` : receiptText(body as Purged),
      );
    });
}

function receiptText({ receipt: { sequence, ms, pops } }: Purged): string {
  const rows = pops.map((pop) => [
    pop.pop,
    pop.state,
    pop.ms === null ? '' : `${pop.ms.toFixed(1)} ms`,
  ]);
  const time = ms === null ? '' : `, ${ms.toFixed(1)} ms`;
  return `Purge ${sequence} holds in all points of presence${time}.\n${table(rows)}`;
}
