/**
 * The tags of a response, by which it can be purged: `Surrogate-Key` (words with blanks between) and `Cache-Tag`
 * (a list with commas). A request to purge names them in the same fields.
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';

/** Longest tag, characters. */
export const TAG_LENGTH_MAX = 1024;

/**
 * A tag as fields have it, a character a byte, of text that comes from elsewhere: servers write UTF-8.
 */
export function tagOfText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Each tag once, as it is written; null: they are too many or one is too long, and what has them must not be stored,
 * since a purge by one that was left out would miss it.
 */
export function tagsOf(fields: Fields, tagsMax: number): readonly string[] | null {
  const { surrogateKey, cacheTag } = FieldId;
  if (!fields.has(surrogateKey) && !fields.has(cacheTag)) return NO_TAGS;
  const tags = new Set<string>();
  for (let i = fields.find(surrogateKey); i !== -1; i = fields.find(surrogateKey, i + 1)) {
    for (const tag of fields.value(i).split(/[ \t]+/)) if (tag !== '') tags.add(tag);
  }
  for (let i = fields.find(cacheTag); i !== -1; i = fields.find(cacheTag, i + 1)) {
    for (const element of fields.value(i).split(',')) {
      const tag = element.trim();
      if (tag !== '') tags.add(tag);
    }
  }
  if (tags.size > tagsMax) return null;
  for (const tag of tags) if (tag.length > TAG_LENGTH_MAX) return null;
  return [...tags];
}

const NO_TAGS: readonly string[] = [];
