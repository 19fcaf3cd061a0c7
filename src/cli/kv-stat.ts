/** `plinth kv stat`: what INFO of a running store says. */
import type { Command } from 'commander';
import { kvConfig } from '../kv/config/index.ts';
import { addressOf } from './address.ts';
import { addConfigOptions, type ConfigOptions, loadFor, tellProblems } from './config-options.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { askResp } from './resp-ask.ts';
import { table } from './table.ts';

/** Sections shown when none is named. */
const SECTIONS = ['server', 'clients', 'memory', 'persistence', 'stats', 'keyspace'];

interface Options extends ConfigOptions {
  readonly json?: boolean;
  readonly server?: string;
}

export function addStat(kv: Command, context: CommandContext): void {
  const { host, exit } = context;
  addConfigOptions(kv.command('stat'))
    .description('show what a running store says of itself (INFO)')
    .argument('[section...]', `sections of INFO (default: ${SECTIONS.join(', ')})`)
    .option('--server <host:port>', 'address of the store (default: that of the configuration)')
    .option('--json', 'print the fields as JSON, by section')
    .addHelpText(
      'after',
      `
The password is that of the configuration (kv.password). Exits with 69 when nobody answers.

Examples:
  $ plinth kv stat
  $ plinth kv stat memory commandstats --json`,
    )
    .action(async (sections: string[], options: Options) => {
      const loaded = loadFor(host, options);
      if (!loaded.ok) {
        tellProblems(context, loaded.problems, options.json ?? false);
        return;
      }
      const settings = loaded.config.of(kvConfig);
      const target = addressOf(options.server ?? `${settings.bind}:${settings.port}`);
      if (target === undefined) {
        host.err(`plinth: --server is ${JSON.stringify(options.server)}, wanted host:port\n`);
        exit(exitCode('usage'));
        return;
      }
      const { address, port } = target;
      const password = settings.password?.reveal();
      const wanted = sections.length === 0 ? SECTIONS : sections;
      const answer = await askResp({ address, port, password, command: ['INFO', ...wanted] });
      if (!answer.ok) {
        host.err(`plinth: no store answers at ${address}:${port} (${answer.why}); is it up?\n`);
        exit(exitCode('notRunning'));
        return;
      }
      const fields = parseInfo(answer.text);
      host.out(options.json ? `${JSON.stringify(fields, null, 2)}\n` : forPeople(fields));
    });
}

type Sections = Record<string, Record<string, string | number>>;

/** Fields by section; values that are numbers as such. */
export function parseInfo(text: string): Sections {
  const sections: Sections = {};
  let fields: Record<string, string | number> = {};
  for (const line of text.split('\r\n')) {
    if (line.startsWith('# ')) {
      fields = {};
      sections[line.slice(2).toLowerCase()] = fields;
    } else if (line.includes(':')) {
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1);
      fields[line.slice(0, colon)] = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    }
  }
  return sections;
}

function forPeople(sections: Sections): string {
  return Object.entries(sections)
    .map(([name, fields]) => {
      const rows = Object.entries(fields).map(([field, value]) => [`  ${field}`, String(value)]);
      return `${name}\n${table(rows)}`;
    })
    .join('\n');
}
