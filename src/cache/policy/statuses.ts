/** What a cache knows of status codes, RFC 9110 section 15. */

/** Section 15.1: may be stored and used without explicit times. */
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/** Those whose conditions for caching we follow, for `must-understand` (RFC 9111 section 5.2.2.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...HEURISTICALLY_CACHEABLE,
  ...[201, 202, 205, 302, 303, 307, 400, 401, 402, 403, 406, 407, 408, 409, 411, 412, 413, 415],
  ...[416, 417, 421, 422, 426, 500, 502, 503, 504, 505],
]);

export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTICALLY_CACHEABLE.has(status);
}

export function isUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status);
}
