/**
 * `plinth balancer weight | add | remove`: servers of a pool, as settings. What they change is in the configuration
 * file as well and outlives the process.
 */
import type { Command } from 'commander';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import { askWithToken, changeSettings } from './change-settings.ts';
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
    .argument('<weight>', '0 to 1000; with 0 it gets bound sessions only')
    .addHelpText('after', '\nExample:\n  $ plinth balancer weight app a 3')
    .action(async (pool: string, server: string, weight: string, options: TokenOptions) => {
      if (!(await isThere(context, options, pool, server, true))) return;
      const value = numberOf(context, 'the weight', weight);
      if (value === undefined) return;
      await changeSettings(context, options, patchOf(pool, server, { weight: value }));
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

/** Whether the pool is configured and has the server, or has it not, as wanted; tells what is otherwise. */
async function isThere(
  context: CommandContext,
  options: TokenOptions,
  pool: string,
  server: string,
  wanted: boolean,
): Promise<boolean> {
  const { host, exit } = context;
  const document = await askWithToken(context, options, { method: 'GET', path: '/config' });
  if (document === undefined) return false;
  const pools = below(below(document, 'balancer'), 'pools');
  const known = below(pools, pool);
  const no = (text: string): false => {
    host.err(`plinth: ${text}\n`);
    exit(exitCode('notReady'));
    return false;
  };
  if (known === undefined) return no(`there is no pool ${pool} in the settings`);
  const isKnown = below(below(known, 'servers'), server) !== undefined;
  if (isKnown === wanted) return true;
  return wanted
    ? no(
        `the pool ${pool} has no server ${server} in its settings; what it found elsewhere is changed there`,
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
