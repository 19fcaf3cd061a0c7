/** An explanation for people. */
import type { ExplainedResponse, Explanation } from './explanation.ts';

/** Lines without ends. */
export function explanationLines(explanation: Explanation): readonly string[] {
  const { route, rule, url, keyLines, verdict, why, otherVariants, stored, refused } = explanation;
  const rows: [string, string][] = [
    ['route', `${route}, rule ${rule}`],
    ['key', url === '' ? 'none' : url],
    ...keyLines.map((line): [string, string] => ['', line]),
    ['verdict', `${verdict}: ${why}`],
  ];
  if (otherVariants > 0) rows.push(['variants', `${otherVariants} for requests with other fields`]);
  if (refused !== null) {
    const { says, forSeconds } = refused;
    rows.push(['not stored', `${says}; remembered for ${seconds(forSeconds)}`]);
  }
  if (stored !== null) rows.push(...responseRows(stored));
  return rows.map(([title, text]) => `${title.padEnd(11)}${text}`);
}

function responseRows(stored: ExplainedResponse): [string, string][] {
  const { status, tier, bodyBytes, variesBy, tags, directives, lifetime, age } = stored;
  const where = tier === 'memory' ? 'in memory' : 'on the disk';
  const rows: [string, string][] = [['stored', `${status}, ${bodyBytes} bytes, ${where}`]];
  for (const { name, value } of variesBy) {
    rows.push([
      'varies by',
      value === null ? `${name}, which the request had not` : `${name}: ${value}`,
    ]);
  }
  if (tags.length > 0) rows.push(['tags', tags.join(', ')]);
  rows.push(
    ['says', directives === '' ? 'nothing of caching' : directives],
    ['lifetime', `${seconds(lifetime.seconds)} by ${lifetime.by}`],
    ['age', ageText(age)],
    ['ttl', ttlText(stored)],
    [
      'on error',
      stored.servedOnError
        ? 'would be served if the origin failed (RFC 5861 section 4)'
        : 'would not be served if the origin failed (RFC 5861 section 4)',
    ],
  );
  return rows;
}

function ageText({
  apparentSeconds,
  initialSeconds,
  residentSeconds,
  currentSeconds,
}: ExplainedResponse['age']): string {
  const byDate =
    apparentSeconds !== null && apparentSeconds >= initialSeconds
      ? 'by its Date'
      : 'by its Age and the time of the fetch';
  const sum = `${seconds(initialSeconds)} when it came, ${byDate}, and ${seconds(residentSeconds)} here`;
  return `${seconds(currentSeconds)} = ${sum} (RFC 9111 section 4.2.3)`;
}

function ttlText({ invalidated, ttlSeconds, lifetime, age }: ExplainedResponse): string {
  if (invalidated) return 'stale: a purge or an unsafe request has named it';
  const sum = `${seconds(lifetime.seconds)} - ${seconds(age.currentSeconds)}`;
  return ttlSeconds > 0
    ? `${seconds(ttlSeconds)} = ${sum}`
    : `stale for ${seconds(-ttlSeconds)}: ${sum}`;
}

/** With a fraction where it tells something. */
function seconds(value: number): string {
  const shown =
    Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value);
  return `${shown} s`;
}
