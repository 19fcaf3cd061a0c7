/** Commands about the server itself. */
import type { CommandSpec } from '../../command/spec.ts';
import { backupCommands } from './backup.ts';
import { clusterCommands } from './cluster.ts';
import { commandCommands } from './command.ts';
import { configCommands } from './config.ts';
import { hotkeysCommands } from './hotkeys.ts';
import { infoCommands } from './info.ts';
import { latencyCommands } from './latency.ts';
import { moduleCommands } from './module.ts';
import { persistenceCommands } from './persistence.ts';
import { replicationCommands } from './replication.ts';

export const serverCommands: readonly CommandSpec[] = [
  ...backupCommands,
  ...clusterCommands,
  ...commandCommands,
  ...configCommands,
  ...hotkeysCommands,
  ...infoCommands,
  ...latencyCommands,
  ...moduleCommands,
  ...persistenceCommands,
  ...replicationCommands,
];
