/** Commands on sorted sets. */
import type { CommandSpec } from '../../command/spec.ts';
import { addCommands } from './add.ts';
import { algebraCommands } from './algebra.ts';
import { memberCommands } from './members.ts';
import { popCommands } from './pop.ts';
import { randomCommands } from './random.ts';
import { rangeCommands } from './range.ts';
import { rangeChangeCommands } from './range-change.ts';
import { scanCommands } from './scan.ts';

export { Add, putMembers } from './add.ts';
export { storeResult } from './common.ts';

export const zsetCommands: readonly CommandSpec[] = [
  ...addCommands,
  ...memberCommands,
  ...rangeCommands,
  ...rangeChangeCommands,
  ...popCommands,
  ...algebraCommands,
  ...randomCommands,
  ...scanCommands,
];
