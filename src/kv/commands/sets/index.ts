/** Commands on sets. */
import type { CommandSpec } from '../../command/spec.ts';
import { algebraCommands } from './algebra.ts';
import { memberCommands } from './members.ts';
import { randomCommands } from './random.ts';
import { scanCommands } from './scan.ts';

export const setCommands: readonly CommandSpec[] = [
  ...memberCommands,
  ...randomCommands,
  ...algebraCommands,
  ...scanCommands,
];
