/**
 * Brings Accept-Language (RFC 9110 section 12.5.4) to one of the languages that there are, so that a response that
 * varies by it is stored once a language and not once a browser.
 *
 * RFC 4647 section 3.4, lookup: ranges in the order of their weights, each shortened from its end until it is one
 * of the tags. Whoever uses the normalised text for choosing a variant sends it to the server as well: otherwise
 * the server chooses by words that the variant does not tell.
 */
import type { Normaliser } from '../policy/index.ts';

/** Ranges of one field that are looked at. */
const RANGES_MAX = 32;
const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

interface Range {
  /** In small letters. */
  readonly text: string;
  readonly weight: number;
}

/**
 * @param tags the languages there are, the one for all others first: `['en', 'de', 'pt-BR']`.
 * @returns a normaliser whose texts are those tags; empty when every one of them is refused by `q=0`.
 */
export function languageNormaliser(tags: readonly string[]): Normaliser {
  const known = new Map(tags.map((tag) => [tag.toLowerCase(), tag]));
  return (value) => {
    const ranges = rangesOf(value);
    const refused = (tag: string): boolean => weightFor(tag, ranges) === 0;
    for (const { text, weight } of ranges) {
      if (weight === 0) continue;
      if (text === '*') break;
      for (let range = text; range !== ''; range = shortened(range)) {
        const tag = known.get(range);
        if (tag !== undefined && !refused(range)) return tag;
      }
    }
    return tags.find((tag) => !refused(tag.toLowerCase())) ?? '';
  };
}

/** Heaviest first; of equal ones the earlier. */
function rangesOf(value: string): readonly Range[] {
  const ranges: Range[] = [];
  for (const element of value.split(',', RANGES_MAX)) {
    const [text = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    if (!/^(?:\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)$/.test(text)) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    // RFC 9110 section 12.4.2; a weight that is none says that the client wants it.
    ranges.push({ text, weight: q !== undefined && QVALUE.test(q) ? Number(q) : 1 });
  }
  return ranges.sort((a, b) => b.weight - a.weight);
}

/** The weight of the longest range that a tag is in; undefined when it is in none. */
function weightFor(tag: string, ranges: readonly Range[]): number | undefined {
  let best: Range | undefined;
  for (const range of ranges) {
    const { text } = range;
    const isIn = text === '*' || tag === text || tag.startsWith(`${text}-`);
    if (isIn && (best === undefined || lengthOf(text) > lengthOf(best.text))) best = range;
  }
  return best?.weight;
}

function lengthOf(range: string): number {
  return range === '*' ? 0 : range.length;
}

/** Without its last subtag, and without a single letter that it then ends in. */
function shortened(range: string): string {
  const shorter = range.slice(0, Math.max(0, range.lastIndexOf('-')));
  return /-[a-z0-9]$/.test(shorter) ? shorter.slice(0, -2) : shorter;
}
