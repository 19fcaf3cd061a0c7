/** The running store that a subcommand works on: its options, and where they and the settings say it is. */
import type { Command } from 'commander';
import { kvConfig } from '../kv/config/index.ts';
import type { Endpoint } from '../kv/import/index.ts';
import { addressOf } from './address.ts';
import { type ConfigOptions, loadFor, tellProblems } from './config-options.ts';
import type { CommandContext } from './host.ts';

export interface TargetOptions extends ConfigOptions {
  readonly server?: string;
  readonly user?: string;
  readonly password?: string;
  readonly json?: boolean;
}

export function addTargetOptions(command: Command): Command {
  return command
    .option(
      '--server <host:port>',
      'the store, or the path of its socket (default: by configuration)',
    )
    .option('--user <name>', 'user at the store')
    .option('--password <password>', 'password at the store (default: kv.password)');
}

/**
 * The store, and who to be there. A string says what is wrong with --server; undefined: the
 * configuration does not hold, which was told.
 */
export function configuredTarget(
  context: CommandContext,
  options: TargetOptions,
): Endpoint | string | undefined {
  const loaded = loadFor(context.host, options);
  if (!loaded.ok) {
    tellProblems(context, loaded.problems, options.json ?? false);
    return undefined;
  }
  const settings = loaded.config.of(kvConfig);
  return targetOf(options.server ?? `${settings.bind}:${settings.port}`, {
    user: options.user,
    password: options.password ?? settings.password?.reveal(),
  });
}

/** The store of --server: `host:port`, or the path of a socket. A string says what is wrong with it. */
export function targetOf(
  text: string,
  login: { readonly user: string | undefined; readonly password: string | undefined },
): Endpoint | string {
  if (text.startsWith('/')) return { address: { path: text }, ...login };
  const found = addressOf(text);
  if (found === undefined) return `--server is ${JSON.stringify(text)}, wanted host:port or a path`;
  return { address: { host: found.address, port: found.port }, ...login };
}
