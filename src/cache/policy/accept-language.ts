/**
 * Accept-Language in one form, RFC 9110 section 12.5.4, so that what is meant alike is stored once: ranges are without
 * case, and stand in the order of their weights. Of equal weights the order is kept: some servers go by it.
 */

const RANGE = /^(?:\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)$/;
const WEIGHT = /^q[ \t]*=[ \t]*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** The text that stands for all that say the same; what is no such list stands for itself. */
export function normaliseAcceptLanguage(list: string): string {
  const ranges: { readonly text: string; readonly weight: number }[] = [];
  for (const element of list.toLowerCase().split(',')) {
    const [text = '', weight, more] = element.split(';').map((part) => part.trim());
    // Section 5.6.1.2: empty elements are skipped.
    if (text === '' && weight === undefined) continue;
    const value = weight === undefined ? '1' : WEIGHT.exec(weight)?.[1];
    if (value === undefined || more !== undefined || !RANGE.test(text)) return list.trim();
    ranges.push({ text, weight: Number(value) });
  }
  return ranges
    .sort((a, b) => b.weight - a.weight)
    .map(({ text, weight }) => (weight === 1 ? text : `${text};q=${weight}`))
    .join();
}
