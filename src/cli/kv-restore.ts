/** `plinth kv restore`: makes a store's data of a backup, which stays as it is. */
import type { Command } from 'commander';
import { createNodeClock, createNodeDisk } from '../core/runtime/node/index.ts';
import { type DataFolder, openDataFolder } from '../core/store/index.ts';
import { keysOf, type RestoreReport, restoreBackup } from '../kv/backup/index.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { endWith } from './kv-backup-exit.ts';
import { verifyFolder, verifyText } from './kv-verify.ts';
import { mebibytes, WorkView } from './work-view.ts';

interface Options {
  readonly data: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addRestore(kv: Command, context: CommandContext): void {
  kv.command('restore')
    .description("make a stopped store's data of a backup")
    .argument('<folder>', 'the backup')
    .requiredOption('-d, --data <folder>', 'folder of the data, as given to up; nobody may use it')
    .option('--force', 'move a store that is there aside, within the data folder')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The backup is verified first and copied, never linked. Cut short, it leaves the store that
was there as it is, or a data folder with which no store starts; run it again then.
Exits with 0 when it is done, 66 when there is no backup or it was cut short, 73 when the
data folder has a store and --force was not given, or cannot be written or is full, 74 when
the backup is damaged or of a newer version, 75 when a Plinth uses the data folder.

Examples:
  $ plinth kv restore backups/before-upgrade --data plinth-data
  $ plinth kv restore backups/before-upgrade --data plinth-data --force`,
    )
    .action((folder: string, options: Options) => run(context, folder, options));
}

async function run(context: CommandContext, backup: string, options: Options) {
  const { host, exit } = context;
  const { data, force = false, json = false } = options;
  const disk = createNodeDisk();
  const clock = createNodeClock();
  const view = new WorkView(process.stderr, host.err, () => clock.monotonicMs());
  let locked: DataFolder | undefined;
  try {
    const verified = await verifyFolder(backup, host.err);
    if (verified.damage.length > 0) {
      const { damage } = verified;
      if (json) host.out(`${JSON.stringify({ ok: false, code: 'damaged', damage })}\n`);
      host.err(`plinth: nothing was restored. ${verifyText(verified)}`);
      exit(exitCode('dataDamaged'));
      return;
    }
    locked = await openDataFolder(disk, data);
    const onProgress = (done: number, total: number): void => view.tell('Restoring', done, total);
    const report = await restoreBackup({ disk, clock, backup, data, force, onProgress });
    view.end();
    host.out(json ? `${JSON.stringify(asJson(report, data))}\n` : text(report, data));
  } catch (error) {
    view.end();
    endWith(context, error, json);
  } finally {
    locked?.release();
  }
}

function asJson({ description, bytes, movedTo }: RestoreReport, data: string): object {
  const { createdMs, logIndex } = description;
  const created = new Date(createdMs).toISOString();
  return { ok: true, data, created, logIndex, keys: keysOf(description), bytes, movedTo };
}

function text({ description, bytes, movedTo }: RestoreReport, data: string): string {
  const created = new Date(description.createdMs).toISOString();
  const aside = movedTo === null ? '' : `What was there is in ${movedTo}.\n`;
  return `Restored to ${data}: ${keysOf(description)} keys of ${created}, ${mebibytes(bytes)} MiB.\n${aside}`;
}
