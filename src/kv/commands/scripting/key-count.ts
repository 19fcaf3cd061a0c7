/** How EVAL and FCALL say which of their arguments are keys. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec, KeySpec } from '../../command/spec.ts';
import { NOT_AN_INTEGER, ReplyError } from '../../errors.ts';

const TOO_MANY = new ReplyError("ERR Number of keys can't be greater than number of args");
const NEGATIVE = new ReplyError("ERR Number of keys can't be negative");

/** The number at argument 2 of the keys that follow it. */
export function keyCount(call: Call, otherwise: ReplyError = NOT_AN_INTEGER): number {
  const count = call.int(2, otherwise);
  if (count > call.count - 3) throw TOO_MANY;
  if (count < 0) throw NEGATIVE;
  return count;
}

function keysFrom2(access: KeySpec['access'], purpose: KeySpec['purpose']): readonly KeySpec[] {
  return [
    {
      access,
      ...(purpose !== undefined && { purpose }),
      ...(access === 'RW' && { alsoRead: true }),
      begin: 2,
      find: { keynum: 0, first: 1, step: 1 },
    },
  ];
}

/** What the rows of commands that run scripts have in common. */
export const runsScript = {
  arity: -3,
  flags: ['noscript', 'stale', 'skip_monitor', 'may_replicate', 'no_mandatory_keys', 'movablekeys'],
  keys: keysFrom2('RW', 'update'),
  acl: ['scripting'],
  group: 'scripting',
  complexity: 'that of the script',
} as const satisfies Partial<CommandSpec>;

/** As `runsScript`, for those whose script may not write. */
export const runsReadOnlyScript = {
  ...runsScript,
  flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
  keys: keysFrom2('RO', 'access'),
} as const satisfies Partial<CommandSpec>;
