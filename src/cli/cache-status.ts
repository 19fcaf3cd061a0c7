/** `plinth cache status`: what a running cache has handled and holds. */
import type { Command } from 'commander';
import type { CacheStatus } from '../cache/index.ts';
import { formatSize } from '../core/config/index.ts';
import {
  type AdminOptions,
  addAdminOptions,
  adminDoor,
  askAdmin,
  parsed,
  tellNobody,
} from './admin-door.ts';
import { tellRefused } from './change-settings.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

export function addCacheStatus(cache: Command, context: CommandContext): void {
  addAdminOptions(cache.command('status'))
    .description('show what a running cache has handled and holds')
    .addHelpText(
      'after',
      '\nExits with 0, or 69 when nobody answers.\n\nExample:\n  $ plinth cache status',
    )
    .action(async (options: AdminOptions) => {
      const door = adminDoor(context, options);
      if (door === undefined) return;
      const answer = await askAdmin(door, { method: 'GET', path: '/systems/cache/status' });
      const body = answer.ok ? parsed(answer.body) : undefined;
      if (!answer.ok || typeof body !== 'object' || body === null) {
        tellNobody(context, door, answer.ok ? 'something else answers there' : answer.why);
        return;
      }
      if (answer.status !== 200) {
        tellRefused(context, options.json ?? false, answer.status, body);
        return;
      }
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

/** In the greatest unit that leaves at least one. */
function roughSize(bytes: number): string {
  const units = ['b', 'kb', 'mb', 'gb', 'tb'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)}${units[unit]}`;
}
