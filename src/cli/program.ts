/**
 * The program of all subcommands, and how a command line becomes an exit code.
 * To add a subcommand, write its file and add its row to `subcommands`.
 */
import { Command, CommanderError } from 'commander';
import { exitCode, exitCodeHelp } from './exit-codes.ts';
import type { CommandContext, Host } from './host.ts';

type AddSubcommand = (program: Command, context: CommandContext) => void;

/** Each row loads what adds one subcommand, in the order of the help. */
const subcommands: Readonly<Record<string, () => Promise<AddSubcommand>>> = {
  up: async () => (await import('./up.ts')).addUp,
  status: async () => (await import('./status.ts')).addStatus,
  config: async () => (await import('./config.ts')).addConfig,
  kv: async () => (await import('./kv.ts')).addKv,
  files: async () => (await import('./files.ts')).addFiles,
  cache: async () => (await import('./cache.ts')).addCache,
  balancer: async () => (await import('./balancer.ts')).addBalancer,
  edge: async () => (await import('./edge.ts')).addEdge,
  completion: async () => (await import('./completion.ts')).addCompletion,
};

const VERSION_OPTIONS = ['-V', '--version'] as const;

/** @param names of the subcommands that it has; others need not be loaded. */
export async function buildProgram(
  context: CommandContext,
  names: readonly string[] = Object.keys(subcommands),
): Promise<Command> {
  const { host } = context;
  const program = new Command('plinth')
    .description('The bottom layer of a platform in one program.')
    .version(host.version, VERSION_OPTIONS.join(', '), 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: host.out, writeErr: host.err })
    .showSuggestionAfterError()
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText(
      'after',
      `
Examples:
  $ plinth up
  $ plinth status
  $ plinth config show --all

${exitCodeHelp()}`,
    );
  for (const name of names) {
    const add = await subcommands[name]!();
    add(program, context);
  }
  return program;
}

/** The subcommands that a command line may mean. */
function namedBy([first = '']: readonly string[]): readonly string[] {
  if (VERSION_OPTIONS.some((option) => option === first)) return [];
  const names = Object.keys(subcommands);
  // The help shows all, completion completes all, and a name that nobody has is compared with all.
  return names.includes(first) && first !== 'completion' ? [first] : names;
}

/** Runs a command line, without the program's own name, and gives the exit code. */
export async function runCli(args: readonly string[], host: Host): Promise<number> {
  let code: number = exitCode('ok');
  const exit = (given: number): void => {
    code = given;
  };
  const program = await buildProgram({ host, exit }, namedBy(args));
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end parsing by an error that is none, with exit code 0.
    return error.exitCode === 0 ? code : exitCode('usage');
  }
  return code;
}
