/** Copies a value to another key, in the form that it has. */
import { copyPacked, type Database, Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import type { Settings } from '../settings.ts';
import { dumpValue } from './dump.ts';
import { noteFieldExpiries } from './hash/index.ts';
import { ValueLoader } from './loader.ts';

/**
 * Adds `key`, which must not be there, to `to` with the value of a record of `from`, without its
 * expiry. Returns the new record.
 */
export function copyValue(
  store: { readonly settings: Settings },
  from: Database,
  record: Address,
  to: Database,
  key: Buffer,
): Address {
  if (!from.isLarge(record)) {
    const copy = copyPacked(from, record, to, key, 0, key.length);
    if (to.typeOf(copy) === Type.hash) noteFieldExpiries(to, copy);
    return copy;
  }
  const loader = new ValueLoader(store, to, key, 'large');
  dumpValue(from, record, loader);
  return loader.finish();
}
