/** String commands. */
import type { CommandSpec } from '../../command/spec.ts';
import { compareCommands } from './compare.ts';
import { getCommands } from './get.ts';
import { incrementCommands } from './increment.ts';
import { incrementFloatCommands } from './increment-float.ts';
import { lcsCommands } from './lcs.ts';
import { manyCommands } from './many.ts';
import { rangeCommands } from './range.ts';
import { setCommands } from './set.ts';

export const stringCommands: readonly CommandSpec[] = [
  ...setCommands,
  ...manyCommands,
  ...getCommands,
  ...rangeCommands,
  ...incrementCommands,
  ...incrementFloatCommands,
  ...compareCommands,
  ...lcsCommands,
];
