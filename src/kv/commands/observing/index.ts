/** Commands that show what the store is doing. */
import type { CommandSpec } from '../../command/spec.ts';
import { monitorCommands } from './monitor.ts';
import { slowlogCommands } from './slowlog.ts';

export const observingCommands: readonly CommandSpec[] = [...slowlogCommands, ...monitorCommands];
