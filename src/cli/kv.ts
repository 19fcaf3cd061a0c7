/** `plinth kv`: subcommands for the key-value store. */
import type { Command } from 'commander';
import type { CommandContext } from './host.ts';
import { addImport } from './kv-import.ts';
import { addRepairLog } from './kv-repair-log.ts';
import { addStat } from './kv-stat.ts';

export function addKv(program: Command, context: CommandContext): void {
  const kv = program
    .command('kv')
    .description('look at the key-value store, fill it, and mend its log');
  addStat(kv, context);
  addImport(kv, context);
  addRepairLog(kv, context);
}
