/** Sets: members packed in the record or in a hash table. No commands, no replies. */
export {
  eachMember,
  encodingOf,
  isMember,
  lengthOf,
  type MemberVisitor,
} from './form.ts';
