/**
 * How the codec's readers stop early. Both classes are thrown and caught inside
 * this folder only; its doors (`readDump`, `RdbFileParser`) turn them into
 * returned values. They carry no stack trace on purpose: hostile input must not
 * cost more than honest input, and an Error with a trace costs microseconds.
 */

/** The bytes break the format (or use a part of it that is refused). */
export class RdbFault {
  readonly kind: 'bad-format' | 'unsupported';
  /** Constant text for people: which rule was broken. */
  readonly reason: string;

  constructor(kind: 'bad-format' | 'unsupported', reason: string) {
    this.kind = kind;
    this.reason = reason;
  }
}

/** The bytes end too soon. In a file more may follow; in a DUMP payload nothing does. */
export class RdbStarved {
  /** Bytes counted from the last commit that must be present before a retry makes sense. */
  readonly wanted: number;

  constructor(wanted: number) {
    this.wanted = wanted;
  }
}

/** Stops the reader: the input breaks a rule of the format. */
export function badFormat(reason: string): never {
  throw new RdbFault('bad-format', reason);
}

/** Stops the reader: the input may be right, but it uses something that is not read here. */
export function unsupported(reason: string): never {
  throw new RdbFault('unsupported', reason);
}
