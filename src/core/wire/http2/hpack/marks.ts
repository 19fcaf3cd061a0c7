/**
 * What is known of a field once its octets have been read, in one number, so that a field from a table is
 * never looked at again: its id, whether it is a pseudo-field, whether it is allowed at all (RFC 9113, 8.2.1).
 */
import { fieldIdOf } from '../../http/field-ids.ts';
import { allIn, HT, LOWER_CASE, SP, TOKEN, VALUE_BYTE } from '../../http/grammar.ts';

/** The id: a `FieldId`, or a `Pseudo` when `Mark.pseudo` is set. */
export const MARK_ID = 0xff;
export const Mark = {
  /** The name begins with a colon. */
  pseudo: 0x100,
  badName: 0x200,
  badValue: 0x400,
  /** Came as a literal never to be indexed, and must leave as one (RFC 7541, 6.2.3). */
  never: 0x800,
} as const;

export const Pseudo = {
  unknown: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  status: 5,
  protocol: 6,
} as const;

const COLON = 0x3a;
const pseudoNames = Object.entries(Pseudo).map(([name, id]) => ({
  octets: Buffer.from(`:${name}`, 'latin1'),
  id,
}));

/** Octets that a field name may have in HTTP/2: those of a token without capital letters. */
const NAME_OCTET = Uint8Array.from(TOKEN, (allowed, octet) =>
  LOWER_CASE[octet] === octet ? allowed : 0,
);

/** The mark of a name, without anything of its value. */
export function markOfName(buf: Buffer, start: number, length: number): number {
  if (length > 0 && buf[start] === COLON) {
    for (const { octets, id } of pseudoNames) {
      if (octets.length === length && octets.compare(buf, start, start + length) === 0) {
        return Mark.pseudo | id;
      }
    }
    return Mark.pseudo | Pseudo.unknown;
  }
  if (length === 0 || !allIn(NAME_OCTET, buf, start, start + length)) return Mark.badName;
  return fieldIdOf(buf, start, length);
}

/** `Mark.badValue` or 0. */
export function markOfValue(buf: Buffer, start: number, length: number): number {
  if (length === 0) return 0;
  const first = buf[start]!;
  const last = buf[start + length - 1]!;
  if (first === SP || first === HT || last === SP || last === HT) return Mark.badValue;
  return allIn(VALUE_BYTE, buf, start, start + length) ? 0 : Mark.badValue;
}
