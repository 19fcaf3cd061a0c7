/**
 * HTTP-date as a cache reads it: the preferred form and the two obsolete ones (RFC 9110 section 5.6.7), without
 * case, and in GMT alone (RFC 9111 section 4.2).
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const DAY_LONG = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})';

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const IMF_FIXDATE = new RegExp(`^${DAY}, (\\d{2}) ([a-z]{3}) (\\d{4}) ${TIME} gmt$`, 'i');
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const RFC850_DATE = new RegExp(`^${DAY_LONG}, (\\d{2})-([a-z]{3})-(\\d{2}) ${TIME} gmt$`, 'i');
/** `Sun Nov  6 08:49:37 1994` */
const ASCTIME_DATE = new RegExp(`^${DAY} ([a-z]{3}) (\\d{2}| \\d) ${TIME} (\\d{4})$`, 'i');

/** The year of a date with two digits is not more than so far in the future, RFC 9110 section 5.6.7. */
const FUTURE_YEARS_MAX = 50;

/**
 * Milliseconds since 1970, NaN for what is no date.
 * @param nowMs tells the century of a year with two digits.
 */
export function parseHttpDate(text: string, nowMs: number): number {
  let found = IMF_FIXDATE.exec(text);
  if (found !== null) {
    const [, day, month, year, ...time] = found as unknown as DateParts;
    return dateOf(Number(year), month, Number(day), time);
  }
  found = RFC850_DATE.exec(text);
  if (found !== null) {
    const [, day, month, year, ...time] = found as unknown as DateParts;
    return dateOf(fullYear(Number(year), nowMs), month, Number(day), time);
  }
  found = ASCTIME_DATE.exec(text);
  if (found === null) return Number.NaN;
  const [, month, day, hour, minute, second, year] = found as unknown as DateParts;
  return dateOf(Number(year), month, Number(day), [hour, minute, second]);
}

type DateParts = [string, string, string, string, string, string, string];

function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + FUTURE_YEARS_MAX ? year - 100 : year;
}

function dateOf(year: number, month: string, day: number, time: readonly string[]): number {
  const monthIndex = MONTHS.indexOf(month.toLowerCase());
  const [hour, minute, second] = time.map(Number) as [number, number, number];
  // A leap second is 60.
  if (monthIndex === -1 || hour > 23 || minute > 59 || second > 60) return Number.NaN;
  const date = new Date(0);
  date.setUTCFullYear(year, monthIndex, day);
  if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== day) return Number.NaN;
  return date.setUTCHours(hour, minute, second);
}
