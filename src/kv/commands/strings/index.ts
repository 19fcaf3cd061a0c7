/** String commands. */
import type { CommandSpec } from '../../command/spec.ts';
import { getCommands } from './get.ts';
import { incrementCommands } from './increment.ts';
import { setCommands } from './set.ts';

export const stringCommands: readonly CommandSpec[] = [
  ...setCommands,
  ...getCommands,
  ...incrementCommands,
];
