/** Which fields of a response are stored. */
import { FieldId, type Fields, lowerName } from '../../core/wire/index.ts';
import type { Directives } from '../policy/index.ts';

/** Removes what must not be used again without asking the origin. */
export function strip(fields: Fields, directives: Directives): void {
  for (const id of NEVER_KEPT) fields.removeAll(id);
  // RFC 9111 sections 5.2.2.4 and 5.2.2.7: fields that are named are for the one who asked, or asked for each time.
  for (const directive of NAMING) {
    for (const name of directives.fieldNames(directive) ?? []) {
      const lower = lowerName(name);
      for (let i = fields.findName(lower); i !== -1; i = fields.findName(lower, i + 1)) {
        fields.remove(i);
      }
    }
  }
}

/** Whether it sets cookies, and does not say itself that they are not for others. */
export function sharesCookies(fields: Fields, directives: Directives): boolean {
  if (!fields.has(FieldId.setCookie)) return false;
  return !NAMING.some((directive) => directives.fieldNames(directive)?.includes('set-cookie'));
}

/** Directives that may name fields. */
const NAMING = ['no-cache', 'private'] as const;

/** Age is computed anew; the others are about one message or one connection (RFC 9111 section 3.1). */
const NEVER_KEPT: readonly FieldId[] = [
  FieldId.age,
  FieldId.transferEncoding,
  FieldId.trailer,
  FieldId.connection,
  FieldId.proxyAuthenticate,
  FieldId.proxyAuthenticationInfo,
];
