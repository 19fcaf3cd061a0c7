/**
 * Chunk extensions, byte by byte: read only to find their end, since nobody here knows any.
 * RFC 9112 section 7.1.1.
 *
 *     nameFirst -> name -> (`=`) valueFirst -> value | quoted <-> escaped
 *         ^         |                            |        |
 *         +--(`;`)--+----------------------------+------ ended
 *
 * Stricter than the grammar: no blanks around names, `=` and values ("bad" white space, which a recipient may
 * refuse), no bytes above 0x7e in quoted strings.
 */
import { HT, SEMICOLON, SP, TOKEN } from '../http/grammar.ts';

export const ExtensionState = {
  nameFirst: 0,
  name: 1,
  valueFirst: 2,
  value: 3,
  quoted: 4,
  escaped: 5,
  /** Behind a quoted string. */
  ended: 6,
} as const;

const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NONE = -1;

/** The state behind a byte, -1 when the byte must not stand there. A line may end where `mayEnd` says. */
export function nextExtensionState(state: number, byte: number): number {
  switch (state) {
    case ExtensionState.nameFirst:
      return TOKEN[byte] === 0 ? NONE : ExtensionState.name;
    case ExtensionState.name:
      if (TOKEN[byte] !== 0) return state;
      if (byte === EQUALS) return ExtensionState.valueFirst;
      break;
    case ExtensionState.valueFirst:
      if (byte === QUOTE) return ExtensionState.quoted;
      return TOKEN[byte] === 0 ? NONE : ExtensionState.value;
    case ExtensionState.value:
      if (TOKEN[byte] !== 0) return state;
      break;
    case ExtensionState.quoted:
      if (byte === QUOTE) return ExtensionState.ended;
      if (byte === BACKSLASH) return ExtensionState.escaped;
      return isQuotable(byte) ? state : NONE;
    case ExtensionState.escaped:
      return isQuotable(byte) ? ExtensionState.quoted : NONE;
  }
  return byte === SEMICOLON ? ExtensionState.nameFirst : NONE;
}

/** Whether an extension may end in this state. */
export function mayEnd(state: number): boolean {
  return (
    state === ExtensionState.name ||
    state === ExtensionState.value ||
    state === ExtensionState.ended
  );
}

function isQuotable(byte: number): boolean {
  return (byte >= SP && byte < 0x7f) || byte === HT;
}
