/** All cases with the test that runs them. */
import { caseTitle } from '../../../support/origin/case-title.ts';
import type { Case } from '../../../support/origin/cases.ts';
import { conditions } from './conditions.ts';
import { constructing } from './constructing.ts';
import { directives } from './directives.ts';
import { freshened } from './freshened.ts';
import { freshness } from './freshness.ts';
import { cacheStatuses, messages } from './messages.ts';
import { ranges, wholeForRange } from './ranges.ts';
import { stale } from './stale.ts';
import { storing } from './storing.ts';
import { targeted } from './targeted.ts';
import { unsafe } from './unsafe.ts';
import { validation } from './validation.ts';

const files: Readonly<Record<string, readonly Case[]>> = {
  storing,
  constructing,
  freshness,
  stale,
  validation: [...validation, ...conditions, ...freshened],
  unsafe,
  directives,
  targeted,
  ranges: [...ranges, ...wholeForRange],
  messages: [...messages, ...cacheStatuses],
};

export interface CaseAt {
  /** Of tests/e2e/cache, without its ending. */
  readonly file: string;
  readonly title: string;
  readonly is: Case;
}

export const ALL_CASES: readonly CaseAt[] = Object.entries(files).flatMap(([file, cases]) =>
  cases.map((is) => ({ file, title: caseTitle(is), is })),
);
