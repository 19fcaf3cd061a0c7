/**
 * The program of all subcommands, and how a command line becomes an exit code.
 * To add a subcommand, write its file and add its row to `subcommands`.
 */
import { Command, CommanderError } from 'commander';
import { addBalancer } from './balancer.ts';
import { addCache } from './cache.ts';
import { addCompletion } from './completion.ts';
import { addConfig } from './config.ts';
import { addEdge } from './edge.ts';
import { exitCode, exitCodeHelp } from './exit-codes.ts';
import { addFiles } from './files.ts';
import type { CommandContext, Host } from './host.ts';
import { addKv } from './kv.ts';
import { addStatus } from './status.ts';
import { addUp } from './up.ts';

/** Each row adds one subcommand, in the order of the help. */
const subcommands: readonly ((program: Command, context: CommandContext) => void)[] = [
  addUp,
  addStatus,
  addConfig,
  addKv,
  addFiles,
  addCache,
  addBalancer,
  addEdge,
  addCompletion,
];

export function buildProgram(context: CommandContext): Command {
  const { host } = context;
  const program = new Command('plinth')
    .description('The bottom layer of a platform in one program.')
    .version(host.version, '-V, --version', 'print the version')
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
  for (const add of subcommands) add(program, context);
  return program;
}

/** Runs a command line, without the program's own name, and gives the exit code. */
export async function runCli(args: readonly string[], host: Host): Promise<number> {
  let code: number = exitCode('ok');
  const program = buildProgram({
    host,
    exit: (given) => {
      code = given;
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end parsing by an error that is none, with exit code 0.
    return error.exitCode === 0 ? code : exitCode('usage');
  }
  return code;
}
