/**
 * `plinth kv repair-log`: cuts a damaged write-ahead log where it stops to hold. What lies behind the
 * damage was acknowledged and is lost by it, so nothing is changed without --yes.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { createNodeDisk } from '../core/runtime/node/index.ts';
import {
  type DataFolder,
  DataFolderError,
  LogError,
  openDataFolder,
  type RepairReport,
  repairLog,
} from '../core/store/index.ts';
import { exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { progressBar } from './progress-bar.ts';

/** Where the store keeps its log below the data folder. */
const LOG_FOLDER = ['kv', 'log'] as const;

interface Options {
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addRepairLog(kv: Command, context: CommandContext): void {
  kv.command('repair-log')
    .description('cut a damaged log of the store where it stops to hold')
    .argument('<folder>', 'the data folder, as given to up by --data; nobody may be using it')
    .option('--yes', 'do it; without it only say what would be done')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Entries behind the damage were acknowledged and are lost by the cut: restore a
backup instead if there is one, and keep a copy of the folder.
Exits with 0 when the log holds, or was cut; 74 when it is damaged and --yes was
not given; 75 when a Plinth uses the folder.

Examples:
  $ plinth kv repair-log plinth-data
  $ plinth kv repair-log plinth-data --yes`,
    )
    .action((folder: string, options: Options) => repair(context, folder, options));
}

async function repair({ host, exit }: CommandContext, folder: string, options: Options) {
  const disk = createNodeDisk();
  const log = join(folder, ...LOG_FOLDER);
  if (disk.statSync(log) === null) {
    host.err(`plinth: there is no log of the store at ${log}\n`);
    exit(exitCode('usage'));
    return;
  }
  let locked: DataFolder | undefined;
  try {
    locked = await openDataFolder(disk, folder);
    const dryRun = options.yes !== true;
    const bar = progressBar('Reading the log', process.stderr);
    const report = repairLog({ disk, folder: log, dryRun, progress: bar.tell });
    bar.end();
    const isOpen = report.damage !== null && dryRun;
    host.out(options.json ? `${JSON.stringify({ dryRun, ...report })}\n` : text(report, dryRun));
    if (isOpen) exit(exitCode('dataDamaged'));
  } catch (error) {
    if (!(error instanceof DataFolderError || error instanceof LogError)) throw error;
    host.err(`plinth: ${error.message}\n`);
    exit(exitCode(error instanceof LogError ? 'dataDamaged' : folderExit(error)));
  } finally {
    locked?.release();
  }
}

function folderExit({ code }: DataFolderError): 'dataInUse' | 'dataUnwritable' {
  return code === 'in-use' ? 'dataInUse' : 'dataUnwritable';
}

function text(report: RepairReport, dryRun: boolean): string {
  const { damage, entriesKept, lastIndexKept, droppedFiles, droppedBytes } = report;
  if (damage === null)
    return `The log holds: ${entriesKept} entries, the last is ${lastIndexKept}.\n`;
  const would = dryRun ? 'would be ' : '';
  return [
    `Damaged: ${damage.file} at offset ${damage.offset}: ${damage.detail}`,
    `Kept: ${entriesKept} entries, the last is ${lastIndexKept}.`,
    `Cut off: ${droppedBytes} bytes ${would}dropped, with ${droppedFiles.length} whole files.`,
    ...droppedFiles.map((file) => `  ${file}`),
    dryRun ? 'Nothing was changed; --yes does it.' : 'Done.',
    '',
  ].join('\n');
}
