/** `plinth balancer status`: what a running balancer says of its listeners, routes, pools and servers. */
import type { Command } from 'commander';
import type { BalancerStatus, PoolShown, ServerShown } from '../balancer/index.ts';
import { formatDuration } from '../core/config/index.ts';
import { askOpenly } from './admin-ask.ts';
import { type AdminOptions, addAdminOptions } from './admin-door.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

export function addBalancerStatus(balancer: Command, context: CommandContext): void {
  const { host, exit } = context;
  addAdminOptions(balancer.command('status'))
    .description('show listeners, routes, pools and servers of a running balancer')
    .argument('[pool...]', 'pools to show (default: all, with listeners and routes)')
    .addHelpText(
      'after',
      `
Exits with 0 when every pool that is shown has a server that takes work, 1 when one has
none, 69 when nobody answers.

Examples:
  $ plinth balancer status
  $ plinth balancer status app --json`,
    )
    .action(async (names: string[], options: AdminOptions) => {
      const body = await askOpenly(context, options, '/systems/balancer/status');
      if (body === undefined) return;
      const status = body as BalancerStatus;
      const unknown = names.find((name) => !status.pools.some((pool) => pool.name === name));
      if (unknown !== undefined) {
        host.err(`plinth: there is no pool ${unknown}\n`);
        exit(exitCode('usage'));
        return;
      }
      const pools = status.pools.filter(({ name }) => names.length === 0 || names.includes(name));
      const shown = names.length === 0 ? status : { pools };
      host.out(
        options.json ? `${JSON.stringify(shown, null, 2)}\n` : statusText(status, pools, names),
      );
      if (pools.some(({ servers }) => !servers.some(takesWork))) exit(exitCode('notReady'));
    });
}

const WORKING = new Set(['up', 'starting', 'probing']);

function takesWork({ state, weight }: ServerShown): boolean {
  return WORKING.has(state) && weight > 0;
}

function sessionsText(count: number): string {
  return count === 1 ? '1 session' : `${count} sessions`;
}

/** The status for people. */
export function statusText(
  { listeners, routes, accessLog }: BalancerStatus,
  pools: readonly PoolShown[],
  names: readonly string[],
): string {
  const parts = pools.map(poolText);
  if (names.length === 0) {
    const listenerRows = listeners.map(
      ({ name, protocol, address, open, requests, sessions, statuses, drain }) => [
        name,
        protocol,
        address,
        String(open),
        sessions === null ? String(requests) : sessionsText(sessions.ended),
        sessions === null ? String(statuses['5xx'] ?? 0) : '',
        drain === null ? '' : `${drain.state}, ${drain.left} left`,
      ],
    );
    const routeRows = routes.map(({ name, kind, pools: to, requests, statuses }) => [
      name,
      kind,
      to.join(', '),
      String(requests),
      String(statuses['5xx'] ?? 0),
    ]);
    parts.unshift(
      table([
        ['LISTENER', 'PROTOCOL', 'ADDRESS', 'OPEN', 'REQUESTS', '5XX', 'DRAIN'],
        ...listenerRows,
      ]),
      table([['ROUTE', 'KIND', 'POOLS', 'REQUESTS', '5XX'], ...routeRows]),
    );
  }
  if (accessLog !== null && accessLog.dropped > 0) {
    parts.push(`The access log has lost ${accessLog.dropped} lines.\n`);
  }
  return parts.join('\n');
}

function poolText({ name, policy, queued, retries, latency, sources, servers }: PoolShown): string {
  const { total } = latency;
  const speed =
    total.count === 0
      ? 'no answers yet'
      : `answers in ${total.p50Ms} ms (p50), ${total.p99Ms} ms (p99)`;
  const head = `Pool ${name}: ${policy}, ${queued} waiting, ${retries} retries, ${speed}\n`;
  const rows = servers.map((server) => [
    `  ${server.name}`,
    server.address,
    stateText(server),
    String(server.weight),
    String(server.active),
    String(server.queued),
    `${server.connections.active}/${server.connections.idle}`,
    String(server.requests),
    String(server.failures),
    checkText(server),
    server.from,
  ]);
  const found = sources
    .filter(({ problem }) => problem !== undefined)
    .map(({ kind, problem }) => `  source ${kind}: ${problem}\n`);
  const titles = [
    '  SERVER',
    'ADDRESS',
    'STATE',
    'WEIGHT',
    'ACTIVE',
    'QUEUED',
    'CONN',
    'REQUESTS',
    'FAILED',
    'LAST CHECK',
    'FROM',
  ];
  return head + table([titles, ...rows]) + found.join('');
}

function stateText({ state, causes, share, ejection, breaker, drain }: ServerShown): string {
  const more = causes.filter((cause) => cause !== state);
  const facts = [
    ...more,
    ...(share < 1 ? [`${Math.round(share * 100)} %`] : []),
    ...(ejection === null ? [] : [`back in ${seconds(ejection.endsInMs)}`]),
    ...(breaker?.state === 'open' ? [`probed in ${seconds(breaker.probesInMs)}`] : []),
    ...(drain !== null && drain.left > 0 ? [`${drain.left} left`] : []),
  ];
  return facts.length === 0 ? state : `${state} (${facts.join(', ')})`;
}

function checkText({ check }: ServerShown): string {
  if (check === null) return '-';
  const { reason, status } = check;
  if (reason === null) return 'not yet';
  return status === null ? reason : `${reason} ${status}`;
}

function seconds(ms: number): string {
  return formatDuration(Math.max(1, Math.ceil(ms / 1000)) * 1000);
}
