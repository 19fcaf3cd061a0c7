/** `plinth files`: subcommands for the file system. */
import type { Command } from 'commander';
import { addFilesForget } from './files-forget.ts';
import { addFilesFsck } from './files-fsck.ts';
import { addFilesGet } from './files-get.ts';
import { addFilesLook } from './files-look.ts';
import { addFilesPut } from './files-put.ts';
import { addFilesStatus } from './files-status.ts';
import { addFilesTree } from './files-tree.ts';
import type { CommandContext } from './host.ts';

export function addFiles(program: Command, context: CommandContext): void {
  const files = program
    .command('files')
    .description('look at the file system, check it, and work with files')
    .addHelpText(
      'after',
      `
A door of WebHDFS that speaks TLS is trusted when its certificate is by an authority that Node
knows, or one in the file that the variable NODE_EXTRA_CA_CERTS names.`,
    );
  addFilesStatus(files, context);
  addFilesFsck(files, context);
  addFilesForget(files, context);
  addFilesLook(files, context);
  addFilesPut(files, context);
  addFilesGet(files, context);
  addFilesTree(files, context);
}
