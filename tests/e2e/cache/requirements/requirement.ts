/** What a specification demands of a shared cache, and the cases that show whether ours does it. */
export interface Requirement {
  readonly section: string;
  readonly level: 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY';
  /** In our words. */
  readonly says: string;
  /**
   * Names of cases, from the section that they cite (`4.2: name`) or of the requirement's own; `*` at the end stands
   * for all that begin so. A name with a path (`crowd: name`) is that of a test of tests/e2e/cache.
   */
  readonly cases: readonly string[];
  /** Why there is nothing to show, or what else there is to know. */
  readonly note?: string;
}

export interface Specification {
  readonly rfc: string;
  readonly title: string;
  readonly requirements: readonly Requirement[];
}

type Row = readonly [
  section: string,
  level: Requirement['level'],
  says: string,
  cases: readonly string[],
  note?: string,
];

export function specification(rfc: string, title: string, rows: readonly Row[]): Specification {
  const requirements = rows.map(([section, level, says, cases, note]) => ({
    ...{ section, level, says, cases },
    ...(note !== undefined && { note }),
  }));
  return { rfc, title, requirements };
}
