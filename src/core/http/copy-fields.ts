/** A copy of fields that were lent, for trailers that have to wait. */
import { Fields } from '../wire/index.ts';

export function copyOf(fields: Fields): Fields {
  const copy = new Fields();
  for (let i = 0; i < fields.count; i++) {
    if (fields.isRemoved(i)) continue;
    if (fields.isSecret(i)) copy.markSecret(copy.count);
    copy.add(Buffer.from(fields.name(i), 'latin1'), fields.valueBytes(i));
  }
  return copy;
}
