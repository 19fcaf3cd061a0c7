/** List commands. */
import type { CommandSpec } from '../../command/spec.ts';
import { changeCommands } from './change.ts';
import { moveCommands } from './move.ts';
import { popCommands } from './pop.ts';
import { pushCommands } from './push.ts';
import { readCommands } from './read.ts';

export const listCommands: readonly CommandSpec[] = [
  ...pushCommands,
  ...popCommands,
  ...moveCommands,
  ...readCommands,
  ...changeCommands,
];
