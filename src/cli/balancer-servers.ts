/**
 * `plinth balancer weight | add | remove`: servers of a pool, as settings. What they change is in the configuration
 * file as well and outlives the process; but for the weight of a server that no setting lists, which is held in
 * memory.
 */
import type { Command } from 'commander';
import type { BalancerStatus } from '../balancer/index.ts';
import { askWithToken } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import { changeSettings } from './change-settings.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

type Tree = { readonly [key: string]: unknown };

interface AddOptions extends TokenOptions {
  readonly weight?: string;
  readonly priority?: string;
  readonly requestsMax?: string;
}

export function addWeight(balancer: Command, context: CommandContext): void {
  addTokenOptions(balancer.command('weight'))
    .description('give a server another share of the work')
    .argument('<pool>', 'the pool')
    .argument('<server>', 'the server')
    .argument('<weight>', '0 to 1000; with 0 it gets bound sessions only; reset: as without')
    .addHelpText(
      'after',
      `
The weight of a server in the settings is changed there. A server that was found or has
registered itself keeps the weight until the process ends, whatever its source says, or
until reset. Weights matter to the policies weighted, random, two-choices,
weighted-least-connections, peak-ewma and those that hash.

Example:
  $ plinth balancer weight app a 3`,
    )
    .action(async (pool: string, server: string, weight: string, options: TokenOptions) => {
      const value = weight === 'reset' ? null : numberOf(context, 'the weight', weight);
      if (value === undefined) return;
      const found = await findServer(context, options, pool, server);
      if (found === 'nobody') return;
      if (found !== 'found-elsewhere') {
        if (!tellMissing(context, pool, server, found, true)) return;
        await changeSettings(context, options, patchOf(pool, server, { weight: value }));
        return;
      }
      const name = encodeURIComponent;
      const body = await askWithToken(context, options, {
        method: 'POST',
        path: `/systems/balancer/pools/${name(pool)}/servers/${name(server)}/weight`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ weight: value }),
      });
      if (body === undefined) return;
      const { weight: now } = body as { readonly weight: number };
      context.host.out(
        options.json
          ? `${JSON.stringify(body, null, 2)}\n`
          : `${server} has the weight ${now}${value === null ? ', as its source says' : ' until the process ends'}.\n`,
      );
    });
}

export function addAdd(balancer: Command, context: CommandContext): void {
  addTokenOptions(balancer.command('add'))
    .description('add a server to a pool')
    .argument('<pool>', 'the pool')
    .argument('<server>', 'a name for the server')
    .argument('<address>', 'host:port, [IPv6]:port or unix:/path')
    .option('--weight <n>', 'share of the work (default: 1)')
    .option('--priority <n>', '0 is used first (default: 0)')
    .option('--requests-max <n>', 'requests at once (default: no limit)')
    .addHelpText('after', '\nExample:\n  $ plinth balancer add app c 10.0.0.3:8080 --weight 2')
    .action(async (pool: string, server: string, address: string, options: AddOptions) => {
      const given: [string, string | undefined][] = [
        ['weight', options.weight],
        ['priority', options.priority],
        ['requests_max', options.requestsMax],
      ];
      const settings: Record<string, unknown> = { address };
      for (const [key, text] of given) {
        if (text === undefined) continue;
        const value = numberOf(context, `--${key.replace('_', '-')}`, text);
        if (value === undefined) return;
        settings[key] = value;
      }
      if (!(await isThere(context, options, pool, server, false))) return;
      await changeSettings(context, options, patchOf(pool, server, settings));
    });
}

export function addRemove(balancer: Command, context: CommandContext): void {
  addTokenOptions(balancer.command('remove'))
    .description('remove a server from a pool; what it carries comes to its end')
    .argument('<pool>', 'the pool')
    .argument('<server>', 'the server')
    .addHelpText(
      'after',
      `
Sessions that are bound to the server are bound anew at once: drain it first to keep them.

Example:
  $ plinth balancer drain app c && plinth balancer remove app c`,
    )
    .action(async (pool: string, server: string, options: TokenOptions) => {
      if (!(await isThere(context, options, pool, server, true))) return;
      await changeSettings(context, options, patchOf(pool, server, null));
    });
}

function patchOf(pool: string, server: string, settings: Tree | null): Tree {
  return { balancer: { pools: { [pool]: { servers: { [server]: settings } } } } };
}

/** As `tellMissing`, when it has been asked. */
async function isThere(
  context: CommandContext,
  options: TokenOptions,
  pool: string,
  server: string,
  wanted: boolean,
): Promise<boolean> {
  const found = await findServer(context, options, pool, server);
  return found !== 'nobody' && tellMissing(context, pool, server, found, wanted);
}

type Found = 'in-settings' | 'found-elsewhere' | 'no-server' | 'no-pool';

/** Where a server stands; `nobody` after telling that nobody answered. */
async function findServer(
  context: CommandContext,
  options: TokenOptions,
  pool: string,
  server: string,
): Promise<Found | 'nobody'> {
  const document = await askWithToken(context, options, { method: 'GET', path: '/config' });
  if (document === undefined) return 'nobody';
  const known = below(below(below(document, 'balancer'), 'pools'), pool);
  if (known === undefined) return 'no-pool';
  if (below(below(known, 'servers'), server) !== undefined) return 'in-settings';
  const status = await askWithToken(context, options, {
    method: 'GET',
    path: '/systems/balancer/status',
  });
  if (status === undefined) return 'nobody';
  const shown = (status as BalancerStatus).pools.find(({ name }) => name === pool);
  const isFound = shown?.servers.some(({ name }) => name === server) === true;
  return isFound ? 'found-elsewhere' : 'no-server';
}

/** Whether the settings have the server, or have it not, as wanted; tells what is otherwise. */
function tellMissing(
  { host, exit }: CommandContext,
  pool: string,
  server: string,
  found: Found,
  wanted: boolean,
): boolean {
  const no = (text: string): false => {
    host.err(`plinth: ${text}\n`);
    exit(exitCode('notReady'));
    return false;
  };
  if (found === 'no-pool') return no(`there is no pool ${pool} in the settings`);
  if ((found === 'in-settings') === wanted) return true;
  return wanted
    ? no(
        found === 'no-server'
          ? `the pool ${pool} has no server ${server}`
          : `the pool ${pool} has no server ${server} in its settings; what it found elsewhere is changed there`,
      )
    : no(`the pool ${pool} has a server ${server} already`);
}

function below(tree: unknown, key: string): unknown {
  if (typeof tree !== 'object' || tree === null || !Object.hasOwn(tree, key)) return undefined;
  return (tree as Tree)[key];
}

function numberOf({ host, exit }: CommandContext, what: string, text: string): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  host.err(`plinth: ${what} is ${JSON.stringify(text)}, wanted a whole number\n`);
  exit(exitCode('usage'));
  return undefined;
}
