/**
 * Where a signed policy stands in a request, and the request without it: neither the key of a cache nor an origin is
 * to see it.
 */
import { FieldId, type RequestHead } from '../../core/wire/index.ts';
import { nameOf, splitQuery } from './sign.ts';

/** The policy of a parameter or a cookie; empty: none. Undefined: there are several, which nobody needs. */
export type FoundPolicy = string | undefined;

/** The value of the parameter. */
export function parameterOf(query: string, parameter: string): FoundPolicy {
  return onlyValue(query.split('&'), parameter);
}

/** The query without the parameter is the one that is sent on. False: there is no room in the request. */
export function removeParameter(request: RequestHead, parameter: string): boolean {
  const { rest } = splitQuery(request.query(), parameter, []);
  const query = rest.length === 0 ? '' : `?${rest.join('&')}`;
  return request.setOrigin(Buffer.from(request.path() + query, 'latin1'));
}

/** The value of the cookie, RFC 6265 section 4.2.1. */
export function cookieOf({ fields }: RequestHead, name: string): FoundPolicy {
  const cookies = fields.getList(FieldId.cookie);
  return cookies === undefined ? '' : onlyValue(cookies.split(/[;,] */), name);
}

/** Takes a cookie out of all fields Cookie. False: there is no room in the request. */
export function removeCookie({ fields }: RequestHead, name: string): boolean {
  for (let i = fields.find(FieldId.cookie); i !== -1; i = fields.find(FieldId.cookie, i + 1)) {
    const cookies = fields.value(i).split(/; */);
    const rest = cookies.filter((cookie) => nameOf(cookie) !== name);
    if (rest.length === cookies.length) continue;
    if (rest.length === 0) fields.remove(i);
    else if (!fields.setValue(i, rest.join('; '))) return false;
  }
  return true;
}

function onlyValue(pairs: readonly string[], name: string): FoundPolicy {
  let found = '';
  for (const pair of pairs) {
    if (nameOf(pair) !== name) continue;
    if (found !== '') return undefined;
    found = pair.slice(name.length + 1);
  }
  return found;
}
