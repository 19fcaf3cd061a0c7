/** `plinth kv backup`: has a running store back itself up, and waits for it. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Clock } from '../core/runtime/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeTransport,
} from '../core/runtime/node/index.ts';
import { isFault, type Reply } from '../core/wire/index.ts';
import { ImportError, openPipe, type RespPipe } from '../kv/import/index.ts';
import { addConfigOptions } from './config-options.ts';
import { type ExitName, exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';
import { backupExit } from './kv-backup-exit.ts';
import { addTargetOptions, configuredTarget, type TargetOptions } from './kv-target.ts';
import { mebibytes, WorkView } from './work-view.ts';

/** Between two looks at how far it is. */
const LOOK_EVERY_MS = 100;
/** What stands while a backup is under way, and what is shown of it. */
const RUNNING: Readonly<Record<string, string>> = {
  flushing: 'Flushing',
  linking: 'Linking',
  copying: 'Backing up',
};

interface Options extends TargetOptions {
  readonly to?: string;
  readonly base?: string;
}

export function addBackup(kv: Command, context: CommandContext): void {
  const command = addConfigOptions(kv.command('backup'))
    .description('back up a running store to a folder of its machine')
    .argument('[name]', 'folder below kv.backup_folder (default: the time of now)')
    .option('--to <folder>', 'the folder by its path instead; it has to lie below kv.backup_folder')
    .option('--base <folder>', 'an earlier backup: what it has is linked from there, not copied');
  addTargetOptions(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Clients are served meanwhile. The backup holds everything acknowledged before it was
begun; on the file system of the data it takes no room at first, elsewhere only what no
earlier backup beside it has. Ctrl-C cancels it. See docs/backup.md.
Exits with 0 when it is done, 1 when it was cancelled, 69 when the store cannot be reached
or is lost, 73 when the folder is taken, not allowed or its disk full, 75 when another
backup is under way, 77 when a password or right is refused.

Examples:
  $ plinth kv backup
  $ plinth kv backup before-upgrade --json`,
    )
    .action((name: string | undefined, options: Options) => run(context, name, options));
}

async function run(context: CommandContext, name: string | undefined, options: Options) {
  const { host, exit } = context;
  const fail = (exitName: ExitName, code: string, message: string): void => {
    if (options.json) host.out(`${JSON.stringify({ ok: false, code, message })}\n`);
    host.err(`plinth: ${message}\n`);
    exit(exitCode(exitName));
  };
  if (name !== undefined && options.to !== undefined) {
    fail('usage', 'usage', 'give a name or --to, not both');
    return;
  }
  const target = configuredTarget(context, options);
  if (target === undefined) return;
  if (typeof target === 'string') {
    fail('usage', 'usage', target);
    return;
  }
  const clock = createNodeClock();
  const folder = options.to === undefined ? (name ?? nameOf(clock.wallMs())) : resolve(options.to);
  const view = new WorkView(process.stderr, host.err, () => clock.monotonicMs());
  try {
    const { dial } = createNodeNetwork(await createNodeTransport());
    const pipe = await openPipe({ dial, endpoint: target, lostCode: 'target-lost' });
    try {
      const base = options.base === undefined ? [] : ['BASE', options.base];
      const refusal = await pipe.ask('BACKUP', 'START', folder, ...base);
      if (isFault(refusal)) {
        fail(refusalExit(refusal.error), 'refused', refusal.error);
        return;
      }
      const status = await untilEnded(pipe, view, clock);
      view.end();
      if (status.state === 'done') {
        host.out(options.json ? `${JSON.stringify({ ok: true, ...status })}\n` : summary(status));
      } else {
        const code = String(status.error_code ?? '');
        fail(backupExit(code), code, String(status.error ?? 'the backup is gone'));
      }
    } finally {
      pipe.close();
    }
  } catch (error) {
    view.end();
    if (!(error instanceof ImportError)) throw error;
    const { code } = error;
    fail(code === 'auth-refused' ? 'notPermitted' : 'notRunning', code, error.message);
  }
}

/** As a folder; the next second has another. */
function nameOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19).replaceAll(':', '-');
}

function refusalExit(error: string): ExitName {
  if (/^(NOPERM|NOAUTH|WRONGPASS)/.test(error)) return 'notPermitted';
  return error.startsWith('BACKUPBUSY') ? 'dataInUse' : 'dataUnwritable';
}

type Status = Readonly<Record<string, string | number>>;

/** Waits for the end; Ctrl-C cancels the backup, and its end is waited for as well. */
async function untilEnded(pipe: RespPipe, view: WorkView, clock: Clock): Promise<Status> {
  const cancel = (): void => {
    void pipe.ask('BACKUP', 'CANCEL').catch(() => {});
  };
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  try {
    for (;;) {
      const status = fieldsOf(await pipe.must('target-lost', 'BACKUP', 'STATUS'));
      const what = RUNNING[String(status.state)];
      if (what === undefined) return status;
      const total = Number(status.total_bytes);
      if (total > 0) view.tell(what, Number(status.done_bytes), total);
      await new Promise<void>((resolve) => clock.setTimer(LOOK_EVERY_MS, resolve));
    }
  } finally {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}

/** A map as RESP2 gives it: name, value, name, value. */
function fieldsOf(reply: Reply): Status {
  const items = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
  const fields: Record<string, string | number> = {};
  for (let nth = 0; nth + 1 < items.length; nth += 2) {
    const value = items[nth + 1];
    fields[String(items[nth])] = typeof value === 'number' ? value : String(value);
  }
  return fields;
}

function summary(status: Status): string {
  const mib = (name: string): number => mebibytes(Number(status[name]));
  return [
    `Backed up to ${status.folder}: ${status.keys} keys, as of entry ${status.log_index} of the log.`,
    `${mib('copied_bytes')} MiB copied, ${mib('linked_bytes')} MiB shared with the data or an earlier backup.`,
    '',
  ].join('\n');
}
