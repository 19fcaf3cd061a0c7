/** `plinth kv`: subcommands for the key-value store. */
import type { Command } from 'commander';
import type { CommandContext } from './host.ts';
import { addBackup } from './kv-backup.ts';
import { addImport } from './kv-import.ts';
import { addRepairLog } from './kv-repair-log.ts';
import { addRestore } from './kv-restore.ts';
import { addStat } from './kv-stat.ts';
import { addVerify } from './kv-verify.ts';

export function addKv(program: Command, context: CommandContext): void {
  const kv = program
    .command('kv')
    .description('look at the key-value store, fill it, back it up, and mend its log');
  addStat(kv, context);
  addImport(kv, context);
  addBackup(kv, context);
  addVerify(kv, context);
  addRestore(kv, context);
  addRepairLog(kv, context);
}
