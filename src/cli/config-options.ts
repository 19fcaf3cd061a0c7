/** The options by which every subcommand finds the configuration: --config, --set, --data. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  type ConfigSource,
  type Loaded,
  loadConfig,
  loadFrom,
  type Problem,
  problemText,
} from '../core/config/index.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext, Host } from './host.ts';

/** The file that is used when it exists and none is named. */
export const DEFAULT_FILE = 'plinth.yaml';
/** The variable that names the file, as --config does. */
export const FILE_VARIABLE = 'PLINTH_CONFIG';

export interface ConfigOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly data?: string;
}

export function addConfigOptions(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      `configuration file (default: ${FILE_VARIABLE}, or ${DEFAULT_FILE} when it exists)`,
    )
    .option('-s, --set <name=value>', 'one setting, such as kv.port=7000; may be repeated', append)
    .option('-d, --data <folder>', 'folder of the data, short for --set node.data=<folder>');
}

/** What the options, the environment and the file say, whenever it is asked. */
export function sourceFor(host: Host, options: ConfigOptions): ConfigSource {
  const named = options.config ?? host.environment[FILE_VARIABLE];
  const name = named ?? DEFAULT_FILE;
  return {
    read() {
      const text = read(name);
      if (typeof text === 'string') return { ok: true, file: { name, text } };
      const isMissing = text.code === 'ENOENT';
      if (named === undefined && isMissing) return { ok: true, file: undefined };
      const why = isMissing ? 'there is no such file' : `it cannot be read (${text.code})`;
      return { ok: false, problems: [{ place: { source: name }, text: why }] };
    },
    load: (file) =>
      loadConfig(host.sections, {
        ...(file !== undefined && { file }),
        environment: host.environment,
        otherVariables: [FILE_VARIABLE],
        set: [
          ...(options.set ?? []),
          ...(options.data === undefined ? [] : [`node.data=${options.data}`]),
        ],
        readFile: (path) => readFileSync(path, 'utf8'),
      }),
  };
}

/** Loads what the options, the environment and the file say. Never throws. */
export function loadFor(host: Host, options: ConfigOptions): Loaded {
  return loadFrom(sourceFor(host, options));
}

/** Prints every problem of a configuration and sets the exit code. */
export function tellProblems(
  { host, exit }: CommandContext,
  problems: readonly Problem[],
  json: boolean,
): void {
  if (json) host.out(`${JSON.stringify({ ok: false, problems })}\n`);
  else for (const problem of problems) host.err(`plinth: ${problemText(problem)}\n`);
  exit(exitCode('badConfig'));
}

function append(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function read(name: string): string | { readonly code: string } {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}
