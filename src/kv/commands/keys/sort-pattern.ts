/**
 * The patterns of SORT's BY and GET: `weight_*` names a string key, `object_*->field` a field of a
 * hash, with the element in the place of the first star; `#` is the element itself.
 */
import type { Call } from '../../command/call.ts';
import { Type } from '../../keyspace/index.ts';
import { getField } from '../../values/hash/index.ts';

const STAR = 42;
const HASH_SIGN = 35;

export interface SortPattern {
  /** `#`. */
  readonly isElement: boolean;
  readonly hasStar: boolean;
  readonly prefix: Buffer;
  readonly suffix: Buffer;
  readonly field: Buffer | undefined;
}

export function readPattern(text: Buffer): SortPattern {
  const star = text.indexOf(STAR);
  const isElement = text.length === 1 && text[0] === HASH_SIGN;
  if (star < 0) {
    return { isElement, hasStar: false, prefix: text, suffix: Buffer.alloc(0), field: undefined };
  }
  const arrow = text.indexOf('->', star + 1);
  // An arrow with nothing behind it belongs to the key.
  const hasField = arrow >= 0 && arrow + 2 < text.length;
  return {
    isElement: false,
    hasStar: true,
    prefix: text.subarray(0, star),
    suffix: text.subarray(star + 1, hasField ? arrow : text.length),
    field: hasField ? text.subarray(arrow + 2) : undefined,
  };
}

/**
 * What a pattern finds for an element: a view that lasts until the next look-up, undefined when there
 * is no such string or field.
 */
export function lookUp(call: Call, pattern: SortPattern, element: Buffer): Buffer | undefined {
  if (pattern.isElement) return element;
  if (!pattern.hasStar) return undefined;
  const { db } = call;
  const key = Buffer.concat([pattern.prefix, element, pattern.suffix]);
  const record = db.find(key, 0, key.length);
  if (record === 0) return undefined;
  const { field } = pattern;
  if (field === undefined) {
    return db.typeOf(record) === Type.string ? db.valueBytes(record) : undefined;
  }
  if (db.typeOf(record) !== Type.hash) return undefined;
  const found = getField(db, record, call.nowMs, field, 0, field.length);
  return found?.buf.subarray(found.start, found.start + found.length);
}
