/**
 * Which of the responses stored under a key answers a request, RFC 9111 section 4.1: the fields that Vary names
 * have to be in both requests or in none, with values that mean the same.
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';

/** Names that one Vary may have; a response with more is not stored. */
const VARY_NAMES_MAX = 32;

/** Names in small letters, sorted, each once; null: `*` or too many, nothing matches it. */
export function varyNames(fields: Fields): readonly string[] | null {
  const list = fields.getList(FieldId.vary);
  if (list === undefined) return NONE;
  const names = new Set<string>();
  for (const element of list.split(',')) {
    const name = element.trim().toLowerCase();
    if (name === '*') return null;
    if (name !== '') names.add(name);
  }
  return names.size > VARY_NAMES_MAX ? null : [...names].sort();
}

/** Shared by all that do not vary: there are many. */
const NONE: readonly string[] = [];

/** How the value of a field is brought to one form; what has none is compared as it stands. */
export type Normaliser = (value: string) => string;

/**
 * The variant that a request asks for: for each name its normalised value. Two requests ask for the same one when
 * the texts are equal.
 */
export function variantOf(
  names: readonly string[],
  request: Fields,
  normalisers: ReadonlyMap<string, Normaliser>,
): string {
  let variant = '';
  for (const name of names) {
    const value = fieldValue(request, name);
    if (value === undefined) variant += `${name}\n`;
    else variant += `${name}:${(normalisers.get(name) ?? joined)(value)}\n`;
  }
  return variant;
}

/** All lines of a field as one list, undefined when there is none. */
function fieldValue(fields: Fields, name: string): string | undefined {
  const bytes = Buffer.from(name, 'latin1');
  let list: string | undefined;
  for (let i = fields.findName(bytes); i !== -1; i = fields.findName(bytes, i + 1)) {
    list = list === undefined ? fields.value(i) : `${list},${fields.value(i)}`;
  }
  return list;
}

/** Blanks about commas mean nothing in a list (section 4.1, "normalizing"); those between words are kept. */
function joined(value: string): string {
  return value.replaceAll(/[ \t]*,[ \t]*/g, ',').trim();
}
