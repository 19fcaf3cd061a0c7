/** `plinth files mkdir`, `mv` and `rm`: changes of the tree, each one step however much is below. */
import type { Command } from 'commander';
import { exitCode } from './exit-codes.ts';
import { statusIfThere } from './file-status.ts';
import {
  addFilesOptions,
  atFiles,
  type FilesOptions,
  inside,
  lastName,
  remotePath,
} from './files-door.ts';
import type { CommandContext } from './host.ts';
import { type WebHdfs, WebHdfsFault } from './web-hdfs.ts';

interface MoveOptions extends FilesOptions {
  readonly force?: boolean;
}

interface RemoveOptions extends FilesOptions {
  readonly recursive?: boolean;
  readonly force?: boolean;
}

export function addFilesTree(files: Command, context: CommandContext): void {
  addFilesOptions(files.command('mkdir'))
    .description('make directories, with those above them')
    .argument('<path...>', 'the directories; one at the root is a bucket of S3')
    .addHelpText(
      'after',
      `
A directory that is there already is fine. Exits with 69 when nobody answers, 73 when a
file stands in the way, 77 when the user may not.

Example:
  $ plinth files mkdir /pictures/2026`,
    )
    .action((paths: string[], options: FilesOptions) =>
      atFiles(context, options, async (door) => {
        const made = paths.map(remotePath);
        for (const path of made) await door.ask('PUT', path, 'MKDIRS');
        tell(context, options, { made });
      }),
    );

  addFilesOptions(files.command('mv'))
    .description('rename a file or directory, or move it into a directory')
    .argument('<from>', 'what is there')
    .argument('<to>', 'its new path, or a directory to move it into')
    .option('-f, --force', 'replace a file that stands there')
    .addHelpText(
      'after',
      `
One step, however much is below. Exits with 66 when there is nothing at the path, 69 when
nobody answers, 73 when something stands there, 77 when the user may not.

Example:
  $ plinth files mv /pictures/2026 /archive/`,
    )
    .action((from: string, to: string, options: MoveOptions) =>
      atFiles(context, options, async (door) => {
        tell(context, options, await move(door, remotePath(from), remotePath(to), options));
      }),
    );

  addFilesOptions(files.command('rm'))
    .description('remove files and directories')
    .argument('<path...>', 'what to remove')
    .option('-r, --recursive', 'directories with all that is in them')
    .option('-f, --force', 'what is not there is fine')
    .addHelpText(
      'after',
      `
Where a bucket keeps versions a file stays behind a delete marker.
Exits with 66 when there is nothing at a path, 69 when nobody answers, 73 when a directory
is not empty, 77 when the user may not. What was named before it has gone by then.

Examples:
  $ plinth files rm /pictures/cat.jpg
  $ plinth files rm -r /pictures/2026`,
    )
    .action((paths: string[], options: RemoveOptions) =>
      atFiles(context, options, async (door) => {
        const removed: string[] = [];
        for (const path of paths.map(remotePath)) {
          if (lastName(path) === '') throw new WebHdfsFault('usage', 'the root can not be removed');
          const recursive = String(options.recursive ?? false);
          const answer = await door.ask('DELETE', path, 'DELETE', { recursive });
          if ((answer as { readonly boolean?: boolean }).boolean) removed.push(path);
          else if (!options.force) tellMissing(context, path);
        }
        tell(context, options, { removed });
      }),
    );
}

async function move(
  door: WebHdfs,
  from: string,
  to: string,
  { force }: MoveOptions,
): Promise<{ readonly from: string; readonly to: string }> {
  const there = await statusIfThere(door, to);
  const isInto = there?.type === 'DIRECTORY' && from.replace(/\/+$/, '') !== to.replace(/\/+$/, '');
  if (to.endsWith('/') && !isInto) {
    throw new WebHdfsFault('noInput', `there is no directory ${to}`);
  }
  const destination = isInto ? inside(to, lastName(from)) : to;
  const renameoptions = force ? 'OVERWRITE' : 'NONE';
  await door.ask('PUT', from, 'RENAME', { destination, renameoptions });
  return { from, to: destination };
}

function tellMissing({ host, exit }: CommandContext, path: string): void {
  host.err(`plinth: there is no ${path}\n`);
  exit(exitCode('noInput'));
}

/** Done as asked needs no words; a program may want to know. */
function tell({ host }: CommandContext, { json }: FilesOptions, done: object): void {
  if (json) host.out(`${JSON.stringify(done, null, 2)}\n`);
}
