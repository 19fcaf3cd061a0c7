/** Paths as they are written in rules: checked, and in the form that requests are compared in. */

import { looseFormOf, PathProblem, SLASH, strictFormOf } from './normal-path.ts';
import { SEGMENTS_MAX } from './path-scan.ts';

const SAYS: Readonly<Record<number, string>> = {
  [PathProblem.encoding]: 'has % without two hexadecimal digits behind it',
  [PathProblem.nul]: 'has %00',
  [PathProblem.overlong]: 'has bytes that are no UTF-8',
  [PathProblem.aboveRoot]: 'leads above the root',
};

/** Text as bytes of a target: what must not stand there by itself is percent-encoded. */
export function targetBytes(text: string): Buffer {
  return Buffer.from(
    text.replace(/[^\x21-\x7e]|["<>\\]/gu, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join(''),
    ),
  );
}

/** The strict form of a path that is sent to servers, or what is wrong with it. */
export function sentPathOf(text: string): Buffer | string {
  if (!text.startsWith('/')) return 'must begin with /';
  if (/[?#]/.test(text)) return 'must be a path, without ? and #';
  const form = strictFormOf(targetBytes(text));
  return typeof form === 'number' ? (SAYS[form] as string) : form;
}

/** The form of a path that requests are compared with, or what is wrong with it. */
export function rulePathOf(text: string): Buffer | string {
  const form = sentPathOf(text);
  if (typeof form === 'string') return form;
  const loose = looseFormOf(form);
  if (typeof loose === 'number' || !loose.equals(form)) {
    return 'has // or ; or %2F or %5C, which servers read in two ways: no request would take it';
  }
  const segments = form.reduce((count, byte) => count + (byte === SLASH ? 1 : 0), 0);
  return segments > SEGMENTS_MAX ? `has more than ${SEGMENTS_MAX} segments` : form;
}
