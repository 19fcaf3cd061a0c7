/** Whether a response may be stored by a shared cache, RFC 9111 section 3. */
import type { Directives } from './directives.ts';
import type { ResponseFacts } from './response-facts.ts';
import { isHeuristicallyCacheable, isUnderstood } from './statuses.ts';

export interface RequestFacts {
  readonly method: string;
  readonly directives: Directives;
  /** It has Authorization. */
  readonly authorized: boolean;
}

/** Why not, each with its section. */
export const storingRefusals = {
  method: 'section 3: only responses to GET are stored',
  interim: 'section 3: the response is not final',
  'request-no-store': 'section 5.2.1.5: the request forbids it',
  'must-understand': 'section 5.2.2.3: the status is not one that is understood',
  'not-modified': 'section 3.2: a 304 freshens what is stored',
  'no-store': 'section 5.2.2.5: the response forbids it',
  private: 'section 5.2.2.7: the response is for one user',
  authorized: 'section 3.5: the request was authorized and the response does not allow it',
  'not-cacheable': 'section 3: neither its fields nor its status make it cacheable',
  'vary-any': 'section 4.1: Vary has *, nothing would ever match it',
} as const;
export type StoringRefusal = keyof typeof storingRefusals;

/** Undefined: it may be stored. `varyAny`: its Vary has `*`. */
export function whyNotStored(
  request: RequestFacts,
  response: ResponseFacts,
  varyAny: boolean,
): StoringRefusal | undefined {
  const { status, directives } = response;
  if (request.method !== 'GET') return 'method';
  if (status < 200) return 'interim';
  if (status === 304) return 'not-modified';
  if (request.directives.has('no-store')) return 'request-no-store';
  const mustUnderstand = directives.has('must-understand');
  if ((mustUnderstand || status === 206) && !isUnderstood(status)) return 'must-understand';
  // Section 5.2.2.3: whoever understands the status ignores the no-store that stands beside must-understand.
  if (directives.has('no-store') && !mustUnderstand) return 'no-store';
  if (directives.has('private') && directives.fieldNames('private') === undefined) return 'private';
  if (request.authorized && !allowsAuthorized(directives)) return 'authorized';
  if (!isCacheable(response)) return 'not-cacheable';
  return varyAny ? 'vary-any' : undefined;
}

/** Section 3.5. */
function allowsAuthorized(directives: Directives): boolean {
  return (
    directives.has('public') || directives.has('must-revalidate') || directives.has('s-maxage')
  );
}

/** The last condition of section 3. */
function isCacheable({ status, directives, targeted, expiresMs }: ResponseFacts): boolean {
  return (
    directives.has('public') ||
    directives.has('max-age') ||
    directives.has('s-maxage') ||
    (expiresMs !== undefined && !targeted) ||
    isHeuristicallyCacheable(status)
  );
}
