/** Commands on keys of any type, and on databases as a whole. */
import type { CommandSpec } from '../../command/spec.ts';
import { debugCommands } from './debug.ts';
import { dumpCommands } from './dump.ts';
import { expireCommands } from './expire.ts';
import { flushCommands } from './flush.ts';
import { memoryCommands } from './memory.ts';
import { migrateCommands } from './migrate.ts';
import { moveCommands } from './move.ts';
import { objectCommands } from './object.ts';
import { presenceCommands } from './presence.ts';
import { sortCommands } from './sort.ts';
import { ttlCommands } from './ttl.ts';
import { walkCommands } from './walk.ts';

export const keyCommands: readonly CommandSpec[] = [
  ...presenceCommands,
  ...expireCommands,
  ...ttlCommands,
  ...walkCommands,
  ...moveCommands,
  ...migrateCommands,
  ...objectCommands,
  ...flushCommands,
  ...dumpCommands,
  ...sortCommands,
  ...memoryCommands,
  ...debugCommands,
];
