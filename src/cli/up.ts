/** `plinth up`: start the chosen systems and run until told to stop. */
import type { Command } from 'commander';
import { loadFrom } from '../core/config/index.ts';
import { addConfigOptions, type ConfigOptions, sourceFor, tellProblems } from './config-options.ts';
import type { CommandContext } from './host.ts';

export function addUp(program: Command, context: CommandContext): void {
  addConfigOptions(program.command('up'))
    .description('start the systems and run until SIGTERM or Ctrl-C')
    .option('--json', 'print what listens where as one line of JSON')
    .addHelpText(
      'after',
      `
SIGHUP reads the configuration again and applies it whole or not at all; so do changes by
\`plinth config set\`, which are also written to the file.
A second SIGTERM or Ctrl-C stops at once, without waiting for running requests.

Examples:
  $ plinth up
  $ plinth up --config /etc/plinth/plinth.yaml
  $ plinth up --set kv.port=7000 --data /var/lib/plinth
  $ PLINTH_KV_PORT=7000 plinth up`,
    )
    .action(async (options: ConfigOptions & { readonly json?: boolean }) => {
      const { host, exit } = context;
      const source = sourceFor(host, options);
      const loaded = loadFrom(source);
      const json = options.json ?? false;
      if (!loaded.ok) tellProblems(context, loaded.problems, false);
      else exit(await host.up({ source, json }));
    });
}
