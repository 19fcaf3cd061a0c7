/**
 * The methods that are known by number, and what may be assumed of them.
 *
 * RFC 9110 section 9.2 and the IANA registry of HTTP methods. A method without a number (0) is forwarded,
 * and nothing is assumed of it. Hot: bench/http-parse.ts.
 */

export const MethodId = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  connect: 6,
  options: 7,
  trace: 8,
  patch: 9,
  propfind: 10,
  proppatch: 11,
  mkcol: 12,
  copy: 13,
  move: 14,
  lock: 15,
  unlock: 16,
  report: 17,
  search: 18,
  purge: 19,
} as const;
export type MethodId = (typeof MethodId)[keyof typeof MethodId];

/** No registered method is longer (`UPDATEREDIRECTREF` has 17 letters). */
export const METHOD_BYTES_MAX = 20;

const NAMES: readonly Buffer[] = Object.keys(MethodId).map((name) =>
  Buffer.from(name.toUpperCase(), 'latin1'),
);
const BY_LENGTH: readonly (readonly number[])[] = Array.from(
  { length: METHOD_BYTES_MAX + 1 },
  (_, length) => NAMES.flatMap((name, id) => (id > 0 && name.length === length ? [id] : [])),
);

const SAFE = new Set<MethodId>([
  MethodId.get,
  MethodId.head,
  MethodId.options,
  MethodId.trace,
  MethodId.propfind,
  MethodId.report,
  MethodId.search,
]);
const IDEMPOTENT = new Set<MethodId>([
  ...SAFE,
  MethodId.put,
  MethodId.delete,
  MethodId.proppatch,
  MethodId.mkcol,
  MethodId.copy,
  MethodId.move,
  MethodId.unlock,
]);

/** The id of the method in a range of bytes; methods are case-sensitive (RFC 9110 section 9.1). */
export function methodIdOf(buf: Buffer, start: number, length: number): MethodId {
  const candidates = BY_LENGTH[length];
  if (candidates === undefined) return MethodId.other;
  for (let c = 0; c < candidates.length; c++) {
    const id = candidates[c]!;
    const name = NAMES[id]!;
    let i = 0;
    while (i < length && buf[start + i] === name[i]) i++;
    if (i === length) return id as MethodId;
  }
  return MethodId.other;
}

/** The method's name as bytes; empty for `other`, whose name only the message has. */
export function methodNameOf(id: MethodId): Buffer {
  return id === MethodId.other ? EMPTY : (NAMES[id] as Buffer);
}

/** Whether the client asks for no change of state (RFC 9110 section 9.2.1). */
export function isSafe(id: MethodId): boolean {
  return SAFE.has(id);
}

/** Whether sending the request twice does what sending it once does (RFC 9110 section 9.2.2). */
export function isIdempotent(id: MethodId): boolean {
  return IDEMPOTENT.has(id);
}

const EMPTY = Buffer.alloc(0);
