/** Retry-After of RFC 9110 section 10.2.3: seconds, or an HTTP date in its preferred form. */

/** Longest wait that is told apart from a longer one, in milliseconds: a year. */
const LONGEST_MS = 365 * 24 * 3600 * 1000;
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Milliseconds from now, 0 or more; undefined when the value is neither of the two forms. */
export function parseRetryAfter(value: string, wallMs: number): number | undefined {
  const text = value.trim();
  if (/^\d{1,10}$/.test(text)) return Math.min(LONGEST_MS, Number(text) * 1000);
  if (!HTTP_DATE.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(LONGEST_MS, Math.max(0, at - wallMs));
}
