/** RFC 9111 sections 4.2.1 to 4.2.3, 5.1 and 5.3: how long a response is fresh, in all spellings. */
import {
  answer,
  at,
  type Case,
  cc,
  checked,
  dated,
  FRESH,
  fill,
  hit,
  kept,
  type Level,
  type Line,
  line,
  lost,
  MODIFIED,
  miss,
  STALE,
  type Step,
  table,
} from '../../../support/origin/cases.ts';

type Row = readonly [Level, string, readonly Step[]];
const HOUR_AGO = dated('Date', -3600);
const age = (value: string): Line => line('Age', value);

const lifetimes = table('9111', '4.2.1', [
  ['may', 's-maxage is longer than max-age', kept(cc('max-age=0, s-maxage=3600'))],
  ['must', 's-maxage is shorter than max-age', lost(cc('max-age=3600, s-maxage=0'))],
  ['must', 's-maxage is shorter than max-age, in another line', lost(FRESH, cc('s-maxage=0'))],
  ['may', 's-maxage overrides Expires', kept(cc('s-maxage=3600'), dated('Expires', -10))],
  ['may', 'max-age overrides an old Expires', kept(FRESH, dated('Expires', -10))],
  ['may', 'max-age overrides an Expires that is no date', kept(FRESH, line('Expires', '0'))],
  ['must', 'max-age=0 overrides a later Expires', lost(STALE, dated('Expires', 3600))],
  ['must', 's-maxage=0 overrides a later Expires', lost(cc('s-maxage=0'), dated('Expires', 3600))],
  ['must', 'max-age=0 leaves no room for a heuristic', lost(STALE, MODIFIED)],
  ['must', 'Expires of now leaves no room for a heuristic', lost(dated('Expires', 0), MODIFIED)],
  ['must', 'max-age is over', [fill(answer(cc('max-age=1'))), miss({ waitMs: 2200 })]],
  [
    'must',
    's-maxage is over',
    [fill(answer(cc('s-maxage=1, max-age=3600'))), miss({ waitMs: 2200 })],
  ],
  ['must', 'Expires is over', [fill(answer(dated('Expires', 1))), miss({ waitMs: 2600 })]],
]);

/** What counts as a time and what does not, RFC 9111 sections 1.2.2 and 4.2.1: what is none says stale. */
const STALE_SPELLINGS = [
  ...['max-age', 'max-age=', 'max-age=-1', 'max-age=-3600', 'max-age=3600.5', 'max-age=a3600'],
  ...['max-age=3600a', "max-age='3600'", 'max-age =3600', 'max-age= 3600', 'max-age=0x10'],
  ...['max-age="3600', 'max-age=36 00', 'max-age="abc"', 'max-age=0', 'max-age="0"', 'max-age=000'],
  ...['max-age=+3600', 'max-age:3600', 'max-age=3e3', 's-maxage=abc, max-age=3600'],
];
const FRESH_SPELLINGS = [
  ...['max-age=3600', 'Max-Age=3600', 'MAX-AGE=3600', 'max-age="3600"', 'max-age=003600'],
  ...[
    'max-age=3600,',
    ',max-age=3600',
    ' , ,max-age=3600',
    'public,max-age=3600',
    'public\t,\tmax-age=3600',
  ],
  ...['max-age=2147483648', 'max-age=99999999999999999999', 'max-age=2147483647'],
  ...['foo, max-age=3600', 'foo=bar, max-age=3600', 'foo="max-age=0, x", max-age=3600'],
  ...[
    'foo="a\\"b", max-age=3600',
    'max-age=3600, foo="no-store"',
    'max-age=3600, x="no-cache, private"',
  ],
  ...[
    'max-age=3600, nono-store',
    'max-age=3600, no-storexyz',
    'max-age=3600, xprivate',
    'S-MaxAge=3600',
  ],
  ...['max-age=3600, immutable', 'max-age=3600, no-transform', 'max-age=3600, community="UCI"'],
];
const spellings = table('9111', '4.2.1', [
  ...STALE_SPELLINGS.map((text): Row => ['should', `stale: ${text}`, lost(cc(text))]),
  ...FRESH_SPELLINGS.map((text): Row => ['may', `fresh: ${text}`, kept(cc(text))]),
  [
    'should',
    'a time between quotes in the argument of another directive is none',
    lost(cc('foo="max-age=3600"')),
  ],
  ['should', 'a name that only ends in max-age is none', lost(cc('x-max-age=3600'))],
  ['should', 'a name that only begins with max-age is none', lost(cc('max-agex=3600'))],
  [
    'should',
    'of two max-age the first counts or none: it is 0',
    lost(cc('max-age=0, max-age=3600')),
  ],
  ['should', 'of two lines of max-age the first counts or none: it is 0', lost(STALE, FRESH)],
  ['may', 'of two max-age the first counts', kept(cc('max-age=3600, max-age=7200'))],
  [
    'should',
    'of conflicting directives the strictest counts: no-cache',
    checked(cc('max-age=3600, no-cache')),
  ],
  [
    'should',
    'of conflicting directives the strictest counts: no-store',
    lost(cc('public, max-age=3600, no-store')),
  ],
  [
    'should',
    'of two Expires the first counts or none: it is over',
    lost(dated('Expires', -100), dated('Expires', 3600)),
  ],
  ['may', 'two lines of Cache-Control are one list', kept(cc('public'), FRESH)],
]);

/** RFC 9111 section 4.2.2: by the status and its Last-Modified. */
const HEURISTIC = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];
const NO_HEURISTIC = [201, 202, 302, 303, 307, 400, 403, 418, 500, 502, 503, 504, 599];
const aged = (status: number, ...fields: Line[]) => ({ status, fields: [MODIFIED, ...fields] });
const heuristics = table('9111', '4.2.2', [
  ...HEURISTIC.map(
    (status): Row => [
      'may',
      `${status} is used for a tenth of the time since it changed`,
      [fill(aged(status)), hit()],
    ],
  ),
  ...NO_HEURISTIC.map(
    (status): Row => [
      'must',
      `${status} without a time is not used`,
      [fill(aged(status)), miss({ answer: aged(status) })],
    ],
  ),
  ['may', 'public lets 201 be used for a time of ours', [fill(aged(201, cc('public'))), hit()]],
  ['may', 'public lets 599 be used for a time of ours', [fill(aged(599, cc('public'))), hit()]],
  [
    'must',
    'it is not used much longer than the time since it changed',
    [fill(answer(HOUR_AGO, dated('Last-Modified', -3601))), miss()],
  ],
  ['must', 'Last-Modified in the future gives no time', lost(dated('Last-Modified', 3600))],
  ['must', 'must-revalidate says nothing of how long', lost(cc('must-revalidate'))],
  [
    'may',
    'a disposition as attachment does not matter',
    kept(MODIFIED, line('Content-Disposition', 'attachment; filename=a')),
  ],
]);

const ages = table('9111', '4.2.3', [
  ['must', 'Age is more than max-age', lost(FRESH, age('7200'))],
  ['must', 'Age is as much as max-age', lost(FRESH, age('3600'))],
  ['may', 'Age is less than max-age', kept(FRESH, age('1800'))],
  ['must', 'Age is more than s-maxage', lost(cc('s-maxage=3600, max-age=99999'), age('7200'))],
  ['must', 'Age is more than Expires allows', lost(dated('Expires', 3600), age('7200'))],
  ['must', 'Date is longer ago than max-age', lost(cc('max-age=1800'), HOUR_AGO)],
  ['must', 'Date is as long ago as Expires allows', lost(HOUR_AGO, dated('Expires', -1))],
  [
    'may',
    'Expires counts from Date, not from us',
    [fill(answer(dated('Date', 7200), dated('Expires', 9000))), hit()],
  ],
  [
    'must',
    'Date in the future and Expires before it: over',
    lost(dated('Date', 7200), dated('Expires', 3600)),
  ],
  [
    'may',
    'without Date it was made when it came',
    [fill({ fields: [FRESH], noDate: true }), hit()],
  ],
  [
    'may',
    'without Date Expires counts from when it came',
    [fill({ fields: [dated('Expires', 3600)], noDate: true }), hit()],
  ],
  ['may', 'Date in the future does not make it older', kept(FRESH, dated('Date', 600))],
  ['may', 'a Date that is none does not make it older', kept(FRESH, line('Date', 'yesterday'))],
  ['must', 'Age and Date both count: Age is more', lost(FRESH, age('7200'), dated('Date', -10))],
  ['must', 'Age and Date both count: Date is more', lost(FRESH, age('1'), dated('Date', -7200))],
  ['must', 'time at the origin counts', [fill({ fields: [cc('max-age=2')], after: 2500 }), miss()]],
]);

/** Section 5.1: several values: the first; what is no time is ignored. */
const OLD_AGES = ['7200, 0', '7200,0', '07200', '7200 , abc', '99999999999999999999', '2147483648'];
const NO_AGES = [
  ...[
    'abc',
    '-7200',
    '7200.0',
    '7200;foo=bar',
    '"7200"',
    '0, 7200',
    '7200 7200',
    'a7200',
    '7200a',
    '',
    '1e9',
  ],
];
const ageForms = table('9111', '5.1', [
  ...OLD_AGES.map((text): Row => ['should', `too old: Age: ${text}`, lost(FRESH, age(text))]),
  ...NO_AGES.map((text): Row => ['should', `ignored: Age: ${text}`, kept(FRESH, age(text))]),
  ['should', 'of two lines of Age the first counts: it is old', lost(FRESH, age('7200'), age('0'))],
  [
    'should',
    'of two lines of Age the first counts: it is young',
    kept(FRESH, age('0'), age('7200')),
  ],
]);

const IN_AN_HOUR = at(3600);
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
/** A date in an hour, as a text made of its parts: weekday, day, month, year, time. */
function inAnHour(
  write: (is: {
    full: string;
    day: string;
    month: string;
    year: string;
    time: string;
    long: string;
  }) => string,
): (nowMs: number) => string {
  return (nowMs) => {
    const full = IN_AN_HOUR(nowMs);
    const [, day = '', month = '', year = '', time = ''] = full.split(/[, ]+/);
    const long = DAYS[new Date(nowMs + 3_600_000).getUTCDay()] as string;
    return write({ full, day, month, year, time, long });
  };
}
const asctime = inAnHour(({ full, day, month, year, time }) => {
  return `${full.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
});
const rfc850 = inAnHour(({ day, month, year, time, long }) => {
  return `${long}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
});
const expires = (value: string | ((nowMs: number) => string)): Line => line('Expires', value);
const expiresForms = table('9111', '5.3', [
  ['may', 'Expires in the form of today', kept(expires(IN_AN_HOUR))],
  ['must', 'Expires in the form of RFC 850', kept(expires(rfc850))],
  ['must', 'Expires in the form of asctime', kept(expires(asctime))],
  ['may', 'Expires in small letters', kept(expires((now) => IN_AN_HOUR(now).toLowerCase()))],
  ['may', 'Expires in capitals', kept(expires((now) => IN_AN_HOUR(now).toUpperCase()))],
  ['may', 'Expires far in the future', kept(expires('Fri, 31 Dec 9999 23:59:59 GMT'))],
  ['must', 'Expires: 0 is over', lost(expires('0'), MODIFIED)],
  ['must', 'Expires: -1 is over', lost(expires('-1'), MODIFIED)],
  ['must', 'an empty Expires is over', lost(expires(''), MODIFIED)],
  ['must', 'Expires that is no date is over', lost(expires('tomorrow'), MODIFIED)],
  ['must', 'Expires of the past is over', lost(dated('Expires', -3600), MODIFIED)],
  [
    'must',
    'Expires of the past as asctime is over',
    lost(expires('Sun Nov  6 08:49:37 1994'), MODIFIED),
  ],
  ['must', 'Expires in seconds of Unix is over', lost(expires((now) => `${now / 1000 + 3600}`))],
  [
    'must',
    'Expires with another zone is over',
    lost(expires((now) => IN_AN_HOUR(now).replace('GMT', 'CET'))),
  ],
  [
    'must',
    'Expires with UTC is over',
    lost(expires((now) => IN_AN_HOUR(now).replace('GMT', 'UTC'))),
  ],
  [
    'must',
    'Expires with an offset is over',
    lost(expires((now) => IN_AN_HOUR(now).replace('GMT', '+0000'))),
  ],
  [
    'must',
    'Expires without a zone is over',
    lost(expires((now) => IN_AN_HOUR(now).replace(' GMT', ''))),
  ],
  ['must', 'Expires without a weekday is over', lost(expires((now) => IN_AN_HOUR(now).slice(5)))],
  [
    'must',
    'Expires without a comma is over',
    lost(expires((now) => IN_AN_HOUR(now).replace(',', ''))),
  ],
  [
    'must',
    'Expires with two blanks is over',
    lost(expires((now) => IN_AN_HOUR(now).replace(', ', ',  '))),
  ],
  [
    'must',
    'Expires with hyphens is over',
    lost(
      expires(
        inAnHour(
          ({ full, day, month, year, time }) =>
            `${full.slice(0, 3)}, ${day}-${month}-${year} ${time} GMT`,
        ),
      ),
    ),
  ],
  [
    'must',
    'Expires with points in its time is over',
    lost(expires((now) => IN_AN_HOUR(now).replaceAll(':', '.'))),
  ],
  [
    'must',
    'Expires with a year of two digits is over',
    lost(
      expires(
        inAnHour(
          ({ full, day, month, year, time }) =>
            `${full.slice(0, 3)}, ${day} ${month} ${year.slice(2)} ${time} GMT`,
        ),
      ),
    ),
  ],
  [
    'must',
    'Expires with a day of one digit is over',
    lost(expires('Mon, 6 Nov 2096 08:49:37 GMT')),
  ],
  [
    'must',
    'Expires with an hour of one digit is over',
    lost(expires('Tue, 06 Nov 2096 8:49:37 GMT')),
  ],
  [
    'must',
    'Expires on the 31st of a month of 30 days is over',
    lost(expires('Tue, 31 Nov 2096 08:49:37 GMT')),
  ],
  ['must', 'Expires at 25 hours is over', lost(expires('Tue, 06 Nov 2096 25:49:37 GMT'))],
  [
    'must',
    'Expires with a month nobody knows is over',
    lost(expires('Tue, 06 Foo 2096 08:49:37 GMT')),
  ],
  [
    'must',
    'Expires with a parameter behind it is over',
    lost(expires((now) => `${IN_AN_HOUR(now)}; a=b`)),
  ],
]);

export const freshness: readonly Case[] = [
  ...[...lifetimes, ...spellings, ...heuristics, ...ages, ...ageForms, ...expiresForms],
];
