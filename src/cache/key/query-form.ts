/**
 * The query of a key when a rule names parameters that count, or that do not, or wants them sorted.
 *
 * Parameters are separated by `&` alone. Some servers take `;` for a separator as well, so a parameter with one may
 * hide another that counts: it always stays in the key.
 */
import { matchesOne } from './glob.ts';

export interface QueryRule {
  /** Only these count; all when there is none. */
  readonly queryOnly: readonly string[];
  /** These do not count. */
  readonly queryIgnore: readonly string[];
  readonly querySort: boolean;
  /** Empty parameters and empty queries say nothing. */
  readonly equivalent: boolean;
}

/** Whether a query is taken as it came. */
export function keepsQuery({ queryOnly, queryIgnore, querySort, equivalent }: QueryRule): boolean {
  return queryOnly.length === 0 && queryIgnore.length === 0 && !querySort && !equivalent;
}

/** The query in the key, with its `?`; empty when nothing of it counts. @param query in its form, without `?`. */
export function keyedQuery(query: string, rule: QueryRule): string {
  const { queryOnly, queryIgnore, querySort, equivalent } = rule;
  const kept = query.split('&').filter((parameter) => {
    if (parameter === '') return !equivalent && queryOnly.length === 0;
    if (parameter.includes(';')) return true;
    const name = nameOf(parameter);
    const counts = queryOnly.length === 0 || matchesOne(queryOnly, name);
    return counts && !matchesOne(queryIgnore, name);
  });
  if (kept.length === 0) return '';
  if (querySort) kept.sort(byName);
  return `?${kept.join('&')}`;
}

function nameOf(parameter: string): string {
  const equals = parameter.indexOf('=');
  return equals === -1 ? parameter : parameter.slice(0, equals);
}

/** Those of one name keep their order: servers take the first, the last or all. */
function byName(a: string, b: string): number {
  const one = nameOf(a);
  const other = nameOf(b);
  return one < other ? -1 : one > other ? 1 : 0;
}
