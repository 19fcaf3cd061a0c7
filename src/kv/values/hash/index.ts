/** Hashes: fields packed in the record or in a hash table, with expiries. No commands, no replies. */
export { HashBuilder } from './builder.ts';
export {
  beginHash,
  deleteField,
  EMPTY_HASH_BYTES,
  setField,
  toLarge,
  wasLive,
} from './change.ts';
export { expireFields, nextExpiry, noteFieldExpiries, setFieldExpiry } from './expiry.ts';
export {
  eachField,
  encodingOf,
  type FieldView,
  type FieldVisitor,
  getField,
  lengthOf,
  NO_TIME,
} from './form.ts';
export { LargeHash } from './large-hash.ts';
export type { HashLimits } from './limits.ts';
export { distinctFields, randomField } from './random.ts';
export { scanFields } from './scan.ts';
