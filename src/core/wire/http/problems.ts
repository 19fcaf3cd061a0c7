/**
 * Everything that can be wrong with a message of HTTP, one row each: the reason's name (for counters, logs and
 * answers), the status it is answered with, and a sentence.
 *
 * Invariants: a code is negative and never changes its meaning within a process, so that a parser can return
 * either a number of bytes or a problem; names are unique. What an upstream server does wrong has the same
 * reason, but is answered with 502 whatever it was (RFC 9110 section 15.6.3).
 */

/** One reason to refuse a message. */
export interface HttpProblem {
  /** What a parser returns. Negative. */
  readonly code: number;
  /** For counters, logs and the body of the answer. */
  readonly name: string;
  /** What a client is answered with. The connection ends afterwards: where its next message starts is unknown. */
  readonly status: number;
  readonly says: string;
}

const rows = {
  // The request line.
  badMethod: [400, 'The method is not made of capital letters.'],
  methodTooLong: [501, 'The method is longer than any that is known.'],
  badTarget: [400, 'The request target has a form or a byte that is not allowed.'],
  targetTooLong: [414, 'The request target is longer than allowed.'],
  badRequestLine: [400, 'The request line is not a method, a target and a version.'],
  badVersion: [400, 'The version of the protocol cannot be read.'],
  versionNotSupported: [505, 'Only HTTP/1.0 and HTTP/1.1 are spoken in this form.'],
  // Lines.
  bareLf: [400, 'A line ends with LF without CR.'],
  bareCr: [400, 'CR stands without LF.'],
  nul: [400, 'A byte is NUL.'],
  emptyLines: [400, 'Too many empty lines stand before the message.'],
  // Fields.
  obsFold: [400, 'A line begins with white space: folded fields are not accepted.'],
  spaceBeforeColon: [400, 'White space stands between the name of a field and its colon.'],
  badFieldName: [400, 'A field has no name, no colon or a byte in its name that is not allowed.'],
  badFieldValue: [400, 'A control character stands in the value of a field.'],
  headTooLarge: [431, 'The head of the message is larger than allowed.'],
  tooManyFields: [431, 'The message has more fields than allowed.'],
  badConnection: [400, 'The Connection field cannot be read, or it names a field of the framing.'],
  badExpectation: [417, 'Only the expectation 100-continue is known.'],
  // Host.
  missingHost: [400, 'The Host field is missing.'],
  repeatedHost: [400, 'There is more than one Host field.'],
  badHost: [400, 'The host is not a name or an address with an optional port.'],
  // Framing of the body.
  badContentLength: [400, 'The Content-Length is not one decimal number.'],
  repeatedContentLength: [400, 'There is more than one Content-Length.'],
  bothLengths: [400, 'Both Content-Length and Transfer-Encoding are given.'],
  badTransferEncoding: [400, 'The Transfer-Encoding does not end with chunked, or is repeated.'],
  unknownTransferCoding: [501, 'The only transfer coding known is chunked.'],
  transferEncodingInOldVersion: [400, 'HTTP/1.0 has no Transfer-Encoding.'],
  bodyTooLarge: [413, 'The body of the message is larger than allowed.'],
  bodyNotAllowed: [400, 'The message must not have a body, but announces one.'],
  // The chunked body.
  badChunkSize: [400, 'The size of a chunk is not a hexadecimal number.'],
  chunkTooLarge: [413, 'The size of a chunk is too large a number.'],
  badChunkExtension: [400, 'A byte of a chunk extension is not allowed.'],
  chunkExtensionsTooLarge: [400, 'The chunk extensions of the body are larger than allowed.'],
  badChunkEnd: [400, 'The data of a chunk is not followed by CRLF.'],
  badTrailer: [400, 'A field of the framing or of the connection stands in the trailer section.'],
  trailersTooLarge: [431, 'The trailer section is larger than allowed.'],
  // The status line of an upstream server.
  badStatusLine: [502, 'The status line is not a version, three digits and a reason.'],
  badStatus: [502, 'The status is not between 100 and 599.'],
  tooManyInterims: [502, 'More interim responses come than any request needs.'],
  badSwitch: [502, 'The status 101 comes without Upgrade, or without Connection naming it.'],
} as const satisfies Record<string, readonly [number, string]>;

type Key = keyof typeof rows;

/** The problems by key; `problems.bothLengths.code` is what a parser returns. */
export const problems: Readonly<Record<Key, HttpProblem>> = Object.fromEntries(
  Object.entries(rows).map(([key, [status, says]], index): [string, HttpProblem] => [
    key,
    { code: -1 - index, name: kebab(key), status, says },
  ]),
) as Record<Key, HttpProblem>;

/** Every problem there is, by falling code: `problemList[-1 - code]`. */
export const problemList: readonly HttpProblem[] = Object.values(problems);

/** The names of all problems, for tables of counters. */
export type HttpProblemKey = Key;

/** The problem behind a negative result of a parser. */
export function problemOf(code: number): HttpProblem {
  const problem = problemList[-1 - code];
  if (problem === undefined) throw new RangeError(`there is no problem with code ${code}`);
  return problem;
}

/** The status to answer the client with when an upstream server's message has a problem. */
export const UPSTREAM_PROBLEM_STATUS = 502;

/** `bothLengths` -> `both-lengths`. */
function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
