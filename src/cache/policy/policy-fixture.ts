/** For tests: fields from a list of lines. */
import { Fields } from '../../core/wire/index.ts';

/** `name: value` each. */
export function fieldsOf(...lines: readonly string[]): Fields {
  const fields = new Fields();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = Buffer.from(line.slice(0, colon), 'latin1');
    if (!fields.add(name, line.slice(colon + 1).trim())) throw new Error(`no field: ${line}`);
  }
  return fields;
}
