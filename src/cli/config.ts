/** `plinth config`: check, show and describe the configuration, and change that of a running process. */
import type { Command } from 'commander';
import { jsonSchema, shownSettings } from '../core/config/index.ts';
import { addConfigLive } from './config-live.ts';
import { addConfigOptions, type ConfigOptions, loadFor, tellProblems } from './config-options.ts';
import type { CommandContext } from './host.ts';
import { table } from './table.ts';

interface Options extends ConfigOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

export function addConfig(program: Command, context: CommandContext): void {
  const { host } = context;
  const config = program
    .command('config')
    .description('check, show and describe the configuration, or change that of a running Plinth');

  addConfigOptions(config.command('check'))
    .description('name every mistake with its line, or say that there is none')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ plinth config check --config plinth.yaml')
    .action((options: Options) => {
      const loaded = loadFor(host, options);
      if (!loaded.ok) tellProblems(context, loaded.problems, options.json ?? false);
      else host.out(options.json ? '{"ok":true,"problems":[]}\n' : 'The configuration is right.\n');
    });

  addConfigOptions(config.command('show'))
    .description('print the settings in force and where each comes from')
    .option('--json', 'print them as JSON')
    .option('--all', 'also those at their default')
    .addHelpText('after', '\nExample:\n  $ plinth config show --all --set kv.port=7000')
    .action((options: Options) => {
      const loaded = loadFor(host, options);
      if (!loaded.ok) {
        tellProblems(context, loaded.problems, options.json ?? false);
        return;
      }
      const shown = shownSettings(host.sections, loaded.config);
      const chosen = options.all ? shown : shown.filter(({ from }) => from !== 'default');
      if (options.json) host.out(`${JSON.stringify(chosen, null, 2)}\n`);
      else if (chosen.length === 0) host.out('Every setting has its default; --all shows them.\n');
      else host.out(table(chosen.map((s) => [s.path, JSON.stringify(s.value), s.from])));
    });

  addConfigLive(config, context);

  config
    .command('schema')
    .description('print the JSON Schema of plinth.yaml, for editors')
    .addHelpText(
      'after',
      `
Example:
  $ plinth config schema > plinth.schema.json
  and as first line of plinth.yaml:
  # yaml-language-server: $schema=plinth.schema.json`,
    )
    .action(() => host.out(`${JSON.stringify(jsonSchema(host.sections), null, 2)}\n`));
}
