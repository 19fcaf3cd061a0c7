/** HELP as a subcommand: its row and its reply. */
import type { Call } from '../../command/call.ts';
import type { CommandGroup, CommandSpec } from '../../command/spec.ts';
import { ReplyError, untilZero } from '../../errors.ts';

/** The row of a HELP that anybody may ask, also while the data is loaded. */
export function helpSubcommand(row: {
  readonly group: CommandGroup;
  readonly since: string;
  readonly run: (call: Call) => void;
}): CommandSpec {
  return {
    ...row,
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    acl: [],
    complexity: 'O(1)',
    summary: 'Returns help about the subcommands.',
    syntax: '',
  };
}

/**
 * Writes the subcommands of the command at hand as lines of status text: each entry is a syntax and
 * what it does, in one line or more.
 */
export function replyHelp(call: Call, entries: readonly (readonly [string, ...string[]])[]): void {
  const { reply } = call;
  const lines = entries.flatMap(([syntax, ...about]) => [
    syntax,
    ...about.map((line) => `    ${line}`),
  ]);
  const name = call.args.keyword(0);
  reply.array(lines.length + 3);
  reply.simple(`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
  for (const line of lines) reply.simple(line);
  reply.simple('HELP');
  reply.simple('    Print this help.');
}

/** A subcommand that takes at most so many arguments was given more. */
export function wrongUse(call: Call): ReplyError {
  const name = call.args.keyword(0);
  const subcommand = untilZero(call.args.text(1)).slice(0, 128);
  return new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try ${name} HELP.`,
  );
}
