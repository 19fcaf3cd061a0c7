/**
 * The differences to Redis 7.0.15, the reference, that are known and meant. Plinth follows
 * Redis 7.2; where 7.2 itself left 7.0 the row says so.
 */
import { type Reply, show } from '../../../support/resp-reply.ts';
import { encodingReplies, encodingStates } from './encodings.ts';
import type { Explanation, ReplyRow, StateRow } from './explanation.ts';
import { numberReplies, numberStates } from './numbers.ts';
import { repliesOf72 } from './replies-of-7-2.ts';
import { repliesOfPlinth } from './replies-of-plinth.ts';

export type { Context, Explanation } from './explanation.ts';

const ownReplies: readonly ReplyRow[] = [...repliesOf72, ...numberReplies, ...repliesOfPlinth];

export const explainedReplies: readonly ReplyRow[] = [...ownReplies, ...encodingReplies];

export const explainedStates: readonly StateRow[] = [...encodingStates, ...numberStates];

/** Like replies after which the states may differ. */
export const partings: readonly (Explanation & { matches(reply: Reply): boolean })[] = [
  {
    commands: 'PFADD, PFMERGE',
    reason:
      'A damaged HyperLogLog that is refused is left as it was; Redis may have written a part.',
    way: 'own',
    matches: (reply) => show(reply).startsWith('-INVALIDOBJ'),
  },
];

/** Every explanation once, for docs/compatibility.md. */
export const explanations: readonly Explanation[] = [
  ...new Map(
    [...ownReplies, ...partings, ...explainedStates].map((row) => [row.reason, row]),
  ).values(),
];
