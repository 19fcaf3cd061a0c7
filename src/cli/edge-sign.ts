/** `plinth edge sign`: signs an address as a rule of edge.access wants it. */
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/config/index.ts';
import { createNodeClock } from '../core/runtime/node/index.ts';
import { signCookie, signUrl } from '../edge/access/index.ts';
import { edgeConfig } from '../edge/config/index.ts';
import { addConfigOptions, type ConfigOptions, loadFor, tellProblems } from './config-options.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

interface Options extends ConfigOptions {
  readonly rule: string;
  readonly key?: string;
  readonly for: number;
  readonly client?: string;
  readonly prefix?: string;
  readonly cookie?: boolean;
}

const duration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError('wanted a time such as 15m');
};

export function addEdgeSign(edge: Command, context: CommandContext): void {
  const { host, exit } = context;
  addConfigOptions(edge.command('sign'))
    .description('sign an address, for a rule of edge.access')
    .argument('<url>', 'the address')
    .requiredOption('--rule <rule>', 'the rule')
    .option('--key <key>', 'key of the rule (default: its first)')
    .option('--for <time>', 'how long it holds', duration, 3_600_000)
    .option('--client <network>', 'only for clients of this address or network')
    .option('--prefix <path>', 'for all paths that begin so')
    .option('--cookie', 'print the value of a cookie instead')
    .addHelpText(
      'after',
      `
Reads the keys from the configuration; nobody is asked. docs/signed-urls.md says how others sign.

Example:
  $ plinth edge sign https://example.com/film.mp4 --rule members --for 2h`,
    )
    .action((url: string, options: Options) => {
      const refuse = (says: string): void => {
        host.err(`plinth: ${says}\n`);
        exit(exitCode('usage'));
      };
      const loaded = loadFor(host, options);
      if (!loaded.ok) {
        tellProblems(context, loaded.problems, false);
        return;
      }
      const rule = loaded.config.of(edgeConfig).access.find(({ name }) => name === options.rule);
      if (rule === undefined) {
        refuse(`edge.access has no rule ${options.rule}`);
        return;
      }
      const { keys, host: bindsHost, query, parameter } = rule.signed;
      const key =
        options.key === undefined ? keys[0] : keys.find(({ name }) => name === options.key);
      if (key === undefined) {
        refuse(
          `the rule ${rule.name} has no ${options.key === undefined ? 'key' : `key ${options.key}`}`,
        );
        return;
      }
      const { client, prefix } = options;
      try {
        const sign = options.cookie === true ? signCookie : signUrl;
        const signed = sign(url, {
          key: { name: key.name, secret: key.secret.reveal() },
          until: Math.floor((createNodeClock().wallMs() + options.for) / 1000),
          ...(client !== undefined && { client }),
          ...(prefix !== undefined && { prefix }),
          ...{ host: bindsHost, query, parameter },
        });
        host.out(`${signed}\n`);
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
        refuse(error.message);
      }
    });
}
