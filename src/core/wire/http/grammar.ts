/**
 * Which bytes may stand where: the tables behind every parser of HTTP here.
 *
 * Invariants: a table has 256 entries, one a byte; 0 means no. The tables are as narrow as the grammars of
 * RFC 9110, RFC 9112 and RFC 3986 allow, or narrower where a comment says so, never wider.
 */

export const HT = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const QUESTION = 0x3f;
export const SLASH = 0x2f;

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();

/** token, RFC 9110 section 5.6.2: names of fields, connection options, codings. */
export const TOKEN: Uint8Array = tableOf(`!#$%&'*+-.^_\`|~${DIGITS}${LOWER}${UPPER}`);

/**
 * Bytes of a method. A token by RFC 9110 section 9.1; here capital letters, digits, `-` and `_` only,
 * which all registered methods are made of: `get` is not GET, but there are servers that think so.
 */
export const METHOD_BYTE: Uint8Array = tableOf(`-_${DIGITS}${UPPER}`);

/** field-content with SP and HT, RFC 9110 section 5.5: visible, obs-text and blanks; no controls. */
export const VALUE_BYTE: Uint8Array = tableOfBytes(
  (byte) => byte === HT || (byte >= SP && byte !== 0x7f),
);

/** What a byte of a request target means to the scan of it. */
export const TargetByte = { no: 0, plain: 1, question: 2, backslash: 3 } as const;

/**
 * Bytes of a request target. RFC 3986 allows fewer; browsers send `[ ] ^ | { }` and the backtick as they are
 * (URL Standard, percent-encode sets), so these pass. Never: controls, space, `"`, `<`, `>`, `#` (a fragment
 * is not sent, RFC 9112 section 3.2) and bytes above 0x7e. A backslash passes in the query only, because
 * servers disagree on whether it separates segments of a path.
 */
export const TARGET_BYTE: Uint8Array = tableOfBytes((byte) => {
  if (byte <= SP || byte >= 0x7f || '"<>#'.includes(String.fromCharCode(byte))) {
    return TargetByte.no;
  }
  if (byte === QUESTION) return TargetByte.question;
  return byte === 0x5c ? TargetByte.backslash : TargetByte.plain;
});

/**
 * Bytes of a host's name: `unreserved` of RFC 3986. Its reg-name allows sub-delims and percent-encoding too;
 * no name that can be resolved has them, and caches and servers read them differently.
 */
export const HOST_BYTE: Uint8Array = tableOf(`-._~${DIGITS}${LOWER}${UPPER}`);

/** Value of a hexadecimal digit, 255 for every other byte. */
export const HEX_VALUE: Uint8Array = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  HEX_VALUE[digit.charCodeAt(0)] = value;
  HEX_VALUE[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Each byte with the letters A-Z made small. */
export const LOWER_CASE: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte,
);

/** Whether a byte is a digit 0-9. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether all bytes of a range are in a table; an empty range is. */
export function allIn(table: Uint8Array, buf: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (table[buf[i]!] === 0) return false;
  return true;
}

/**
 * Whether a range equals a word, ASCII letters compared without case (RFC 9110 section 5.1 for names).
 * `word` is in small letters.
 */
export function equalsIgnoringCase(
  buf: Buffer,
  start: number,
  length: number,
  word: Uint8Array,
): boolean {
  if (length !== word.length) return false;
  for (let i = 0; i < length; i++) if (LOWER_CASE[buf[start + i]!] !== word[i]) return false;
  return true;
}

function tableOf(members: string): Uint8Array {
  return tableOfBytes((byte) => byte < 0x80 && members.includes(String.fromCharCode(byte)));
}

function tableOfBytes(of: (byte: number) => number | boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(of(byte)));
}
