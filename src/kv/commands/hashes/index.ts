/** Commands on hashes. */
import type { CommandSpec } from '../../command/spec.ts';
import { combinedCommands } from './combined.ts';
import { expireCommands } from './expire.ts';
import { incrementCommands } from './increment.ts';
import { randomCommands } from './random.ts';
import { readCommands } from './read.ts';
import { scanCommands } from './scan.ts';
import { ttlCommands } from './ttl.ts';
import { writeCommands } from './write.ts';

export const hashCommands: readonly CommandSpec[] = [
  ...writeCommands,
  ...readCommands,
  ...incrementCommands,
  ...randomCommands,
  ...scanCommands,
  ...expireCommands,
  ...ttlCommands,
  ...combinedCommands,
];
