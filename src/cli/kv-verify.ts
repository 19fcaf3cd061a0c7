/** `plinth kv verify`: reads a backup, or the data of a stopped store, whole, and names all damage. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { createNodeClock, createNodeDisk, createNodeThreads } from '../core/runtime/node/index.ts';
import { createLsmWorker, type DataFolder, openDataFolder } from '../core/store/index.ts';
import { STORE_FOLDER, type Verification, verifyBackup, verifyStore } from '../kv/backup/index.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { endWith } from './kv-backup-exit.ts';
import { mebibytes, WorkView } from './work-view.ts';

interface Options {
  readonly json?: boolean;
}

export function addVerify(kv: Command, context: CommandContext): void {
  kv.command('verify')
    .description('read a backup, or the data of a stopped store, and name all damage')
    .argument('<folder>', 'a backup, or a data folder that nobody uses')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Every file of a backup is read and compared with its checksum, and every block of every
table with its own; of a data folder all tables and the log. Nothing is changed.
Exits with 0 when everything holds, 66 when there is no backup and no store, or the
backup was cut short, 74 when something is damaged or of a newer version, 75 when a
Plinth uses the data folder.

Examples:
  $ plinth kv verify plinth-data/backups/before-upgrade
  $ plinth kv verify plinth-data --json`,
    )
    .action((folder: string, options: Options) => run(context, folder, options));
}

async function run(context: CommandContext, folder: string, { json = false }: Options) {
  const { host, exit } = context;
  try {
    const result = await verifyFolder(folder, host.err);
    host.out(json ? `${JSON.stringify(asJson(result))}\n` : verifyText(result));
    if (result.damage.length > 0) exit(exitCode('dataDamaged'));
  } catch (error) {
    endWith(context, error, json);
  }
}

/** Verifies what is there, showing how far it is. @throws BackupError, DataFolderError. */
export async function verifyFolder(
  folder: string,
  say: (text: string) => void,
): Promise<Verification> {
  const disk = createNodeDisk();
  const clock = createNodeClock();
  const view = new WorkView(process.stderr, say, () => clock.monotonicMs());
  const worker = createLsmWorker(createNodeThreads());
  const onProgress = (done: number, total: number): void => view.tell('Verifying', done, total);
  const store = join(folder, STORE_FOLDER);
  let locked: DataFolder | undefined;
  try {
    if (disk.statSync(store)?.isDirectory !== true) {
      return await verifyBackup({ disk, worker, folder, onProgress });
    }
    locked = await openDataFolder(disk, folder);
    return await verifyStore({ disk, worker, folder: store, onProgress });
  } finally {
    view.end();
    locked?.release();
    await worker.close();
  }
}

function asJson({ createdMs, ...rest }: Verification): object {
  const created = createdMs === null ? null : new Date(createdMs).toISOString();
  return { ok: rest.damage.length === 0, created, ...rest };
}

export function verifyText(result: Verification): string {
  const { kind, folder, createdMs, keys, tables, bytes, logIndex, damage } = result;
  const moment = createdMs === null ? '' : ` of ${new Date(createdMs).toISOString()}`;
  const what = kind === 'backup' ? `The backup${moment}` : 'The store';
  const count = keys === null ? '' : `${keys} keys, `;
  const read = `${count}${tables} tables as of entry ${logIndex} of the log, ${mebibytes(bytes)} MiB read`;
  if (damage.length === 0) return `${what} at ${folder} holds: ${read}.\n`;
  return [
    `${what} at ${folder} is damaged: ${read}.`,
    ...damage.map(({ file, offset, detail }) => {
      const at = offset === null ? '' : ` at offset ${offset}`;
      return `  ${file}${at}: ${detail}`;
    }),
    '',
  ].join('\n');
}
