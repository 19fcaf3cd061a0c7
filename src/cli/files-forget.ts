/** `plinth files forget`: a dead DataNode is not waited for any more. */
import type { Command } from 'commander';
import { askWithToken } from './admin-ask.ts';
import { addTokenOptions, type TokenOptions } from './admin-door.ts';
import type { CommandContext } from './host.ts';

export function addFilesForget(files: Command, context: CommandContext): void {
  addTokenOptions(files.command('forget'))
    .description('take a dead DataNode from the list, for one that does not come back')
    .argument('<node>', 'its id, as `plinth files status` shows it')
    .addHelpText(
      'after',
      `
It is no longer waited for at a start of the NameNode. When it comes back it joins anew.
Exits with 1 when there is no such node or it is not dead, 69 when nobody answers.

Example:
  $ plinth files forget 4cea903c6716735d`,
    )
    .action(async (node: string, options: TokenOptions) => {
      const path = `/systems/files/nodes/${encodeURIComponent(node)}`;
      const body = await askWithToken(context, options, { method: 'DELETE', path });
      if (body === undefined) return;
      context.host.out(
        options.json ? `${JSON.stringify(body, null, 2)}\n` : `${node} is forgotten.\n`,
      );
    });
}
