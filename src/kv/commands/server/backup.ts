/** BACKUP: backups of the running store (docs/backup.md). A command of Plinth's own. */
import { BackupError, type BackupErrorCode, type Backups } from '../../backup/index.ts';
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { helpSubcommand, replyHelp } from '../shared/help.ts';

const NO_PERSISTENCE = new ReplyError(
  'ERR persistence is switched off (kv.persistence in plinth.yaml): there is nothing to back up',
);
const NONE = new ReplyError('ERR no backup is under way');

/** First words of replies that a program may want to tell apart; ERR for the rest. */
const PREFIXES: Partial<Record<BackupErrorCode, string>> = {
  busy: 'BACKUPBUSY',
  exists: 'BACKUPEXISTS',
};

function backupsOf({ engine }: Call): Backups {
  if (engine.backups === undefined) throw NO_PERSISTENCE;
  return engine.backups;
}

function start(call: Call): void {
  const { args, count, reply } = call;
  const hasBase = count === 5 && args.keyword(3) === 'BASE';
  if (count !== 3 && !hasBase) throw SYNTAX_ERROR;
  const backups = backupsOf(call);
  try {
    backups.start(args.text(2), hasBase ? args.text(4) : undefined);
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new ReplyError(`${PREFIXES[error.code] ?? 'ERR'} ${error.message}`);
  }
  reply.ok();
}

/** A map; see the page for what each field means. */
function status(call: Call): void {
  const { reply } = call;
  const { status } = backupsOf(call);
  const fields: readonly (readonly [string, string | number])[] = [
    ['state', status.state],
    ['folder', status.folder],
    ['started', Math.floor(status.startedMs / 1000)],
    ['ended', Math.floor(status.endedMs / 1000)],
    ['done_bytes', status.doneBytes],
    ['total_bytes', status.totalBytes],
    ['linked_bytes', status.linkedBytes],
    ['copied_bytes', status.copiedBytes],
    ['log_index', status.logIndex],
    ['keys', status.keys],
    ['error_code', status.errorCode],
    ['error', status.error],
  ];
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkText(value);
  }
}

function cancel(call: Call): void {
  if (!backupsOf(call).cancel()) throw NONE;
  call.reply.ok();
}

function help(call: Call): void {
  replyHelp(call, [
    [
      'START <folder> [BASE <folder>]',
      'Begin a backup in a new folder below kv.backup_folder. What the base has is not copied again.',
    ],
    ['STATUS', 'Return how far the backup under way is, or how the last one ended.'],
    ['CANCEL', 'End the backup under way; nothing of it stays.'],
  ]);
}

const common = {
  flags: ['admin', 'noscript', 'no_async_loading'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  since: '7.2.0',
} as const;

export const backupCommands: readonly CommandSpec[] = [
  {
    ...common,
    name: 'backup',
    arity: -2,
    flags: [],
    acl: [],
    complexity: 'Depends on the subcommand',
    summary: 'Commands about backups of the running store.',
    syntax: '',
    subcommands: [
      {
        ...common,
        name: 'start',
        arity: -3,
        flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
        complexity: 'O(1); the backup itself O(N) with N bytes that have changed',
        summary: 'Begins a backup in the background.',
        syntax: 'folder [BASE folder]',
        run: start,
      },
      {
        ...common,
        name: 'status',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Returns how far the backup under way is, or how the last one ended.',
        syntax: '',
        tips: ['nondeterministic_output'],
        run: status,
      },
      {
        ...common,
        name: 'cancel',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Ends the backup under way.',
        syntax: '',
        run: cancel,
      },
      helpSubcommand({ ...common, run: help }),
    ],
  },
];
