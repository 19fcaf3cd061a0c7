/** Sets: members packed in the record or in a hash table. No commands, no replies. */
export { SetBuilder } from './builder.ts';
export {
  addMember,
  beginSet,
  EMPTY_SET_BYTES,
  expectMembers,
  removeMember,
} from './change.ts';
export {
  eachMember,
  encodingOf,
  isMember,
  lengthOf,
  type MemberVisitor,
} from './form.ts';
export { parseHalves as isInteger } from './integer.ts';
export { LargeSet } from './large-set.ts';
export type { SetLimits } from './limits.ts';
export { distinctMembers, popMember, randomMember, randomMembers } from './random.ts';
export { scanMembers } from './scan.ts';
