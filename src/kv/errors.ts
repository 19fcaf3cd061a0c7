/**
 * What goes wrong in answering a command. A ReplyError is thrown by a command and becomes its error
 * reply; it is no Error object, because it needs no stack and is thrown on paths that clients choose.
 * Texts are Redis' own, since clients match on them.
 */

export class ReplyError {
  /** Whole line: code word, blank, sentence. */
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  toString(): string {
    return this.message;
  }
}

export const WRONG_TYPE = new ReplyError(
  'WRONGTYPE Operation against a key holding the wrong kind of value',
);
export const SYNTAX_ERROR = new ReplyError('ERR syntax error');
export const NOT_AN_INTEGER = new ReplyError('ERR value is not an integer or out of range');
export const NOT_A_FLOAT = new ReplyError('ERR value is not a valid float');
export const NO_SUCH_KEY = new ReplyError('ERR no such key');
export const INDEX_OUT_OF_RANGE = new ReplyError('ERR index out of range');
export const OUT_OF_MEMORY = new ReplyError(
  "OOM command not allowed when used memory > 'maxmemory'.",
);
export const NOT_POSITIVE = new ReplyError('ERR value is out of range, must be positive');
export const OVERFLOW = new ReplyError('ERR increment or decrement would overflow');
export const STRING_TOO_LONG = new ReplyError(
  'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
);
export const NOT_AUTHENTICATED = new ReplyError('NOAUTH Authentication required.');

/** An argument as Redis shows it in an error: a C string, which ends at a zero byte. */
export function untilZero(text: string): string {
  const zero = text.indexOf('\0');
  return zero < 0 ? text : text.slice(0, zero);
}

/** `ERR wrong number of arguments for 'x' command`; `name` as in `config|get`. */
export function wrongArity(name: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${name}' command`);
}
