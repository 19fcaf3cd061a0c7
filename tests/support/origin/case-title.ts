/** How a case is called where it is run and where it is listed. */
import type { Case } from './cases.ts';

export function caseTitle({ rfc, section, name }: Case): string {
  return `RFC ${rfc}, ${section}: ${name}`;
}
