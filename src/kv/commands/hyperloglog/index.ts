/** HyperLogLog commands. */
import type { CommandSpec } from '../../command/spec.ts';
import { countCommands } from './count.ts';
import { debugCommands } from './debug.ts';

export const hyperloglogCommands: readonly CommandSpec[] = [...countCommands, ...debugCommands];
