/** Commands on streams and their consumer groups. */
import type { CommandSpec } from '../../command/spec.ts';
import { acknowledgeCommands } from './acknowledge.ts';
import { addCommands } from './add.ts';
import { claimCommands } from './claim.ts';
import { editCommands } from './edit.ts';
import { groupCommands } from './groups.ts';
import { infoCommands } from './info.ts';
import { pendingCommands } from './pending.ts';
import { rangeCommands } from './range.ts';
import { readCommands } from './read.ts';
import { readGroupCommands } from './read-group.ts';

export const streamCommands: readonly CommandSpec[] = [
  ...addCommands,
  ...rangeCommands,
  ...readCommands,
  ...editCommands,
  ...groupCommands,
  ...readGroupCommands,
  ...acknowledgeCommands,
  ...pendingCommands,
  ...claimCommands,
  ...infoCommands,
];
