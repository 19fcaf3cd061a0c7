/** `plinth cache status`: what a running cache has handled and holds. */
import type { Command } from 'commander';
import type { CacheStatus } from '../cache/index.ts';
import { formatSize } from '../core/config/index.ts';
import { askOpenly } from './admin-ask.ts';
import { type AdminOptions, addAdminOptions } from './admin-door.ts';
import type { CommandContext } from './host.ts';
import { roughSize } from './rough-size.ts';
import { table } from './table.ts';

export function addCacheStatus(cache: Command, context: CommandContext): void {
  addAdminOptions(cache.command('status'))
    .description('show what a running cache has handled and holds')
    .addHelpText(
      'after',
      '\nExits with 0, or 69 when nobody answers.\n\nExample:\n  $ plinth cache status',
    )
    .action(async (options: AdminOptions) => {
      const body = await askOpenly(context, options, '/systems/cache/status');
      if (body === undefined) return;
      context.host.out(
        options.json ? `${JSON.stringify(body, null, 2)}\n` : statusText(body as CacheStatus),
      );
    });
}

/** The status for people. */
export function statusText(status: CacheStatus): string {
  const { requests, fetches, stored, notStored, memory, disk, purges, routes } = status;
  const room = (bytes: number, bytesMax: number): string =>
    `${roughSize(bytes)} of ${formatSize(bytesMax)}`;
  const rows = [
    ['REQUESTS', countsText(requests)],
    ['FETCHES', `${fetches}, ${stored} stored`],
    ['NOT STORED', countsText(notStored)],
    [
      'MEMORY',
      `${memory.objects} responses, ${room(memory.bytes, memory.bytesMax)}, ${memory.evictions} evicted`,
    ],
    [
      'DISK',
      disk === null
        ? 'none'
        : `${disk.objects} responses, ${room(disk.bytes, disk.bytesMax)}, ${disk.state}`,
    ],
    ['PURGES', `${purges.seq}${purges.sweeping ? ', taking what they name out of memory' : ''}`],
  ];
  const routeRows = routes.map(({ name, rule, resources }) => [name, rule, String(resources)]);
  return `${table(rows)}\n${table([['ROUTE', 'RULE', 'KEYS'], ...routeRows])}`;
}

/** The greatest first. */
function countsText(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  if (some.length === 0) return 'none';
  return some
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
