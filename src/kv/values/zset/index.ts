/** Sorted sets: packed in the record, or a hash table and a score tree. No commands, no replies. */
export { releaseAll, storeLarge, ZsetBuilder } from './builder.ts';
export { ZsetCursor } from './cursor.ts';
export { encodingOf, largeZsetOf, lengthOf } from './form.ts';
export { eachMember, scanMembers, type ZsetVisitor } from './iterate.ts';
export { LargeZset } from './large-zset.ts';
export type { ZsetLimits } from './limits.ts';
export {
  indexRange,
  type LexBound,
  type LexRange,
  lexRanks,
  mirrored,
  NO_RANKS,
  type RankRange,
  type ScoreRange,
  scoreRanks,
} from './range.ts';
export { ZsetAccess } from './zset-access.ts';
