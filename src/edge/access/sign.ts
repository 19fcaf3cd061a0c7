/** Signs addresses and cookies as docs/signed-urls.md says: for tools and tests, and for who wants to read how. */
import { type Policy, policyText, type SignedThing, signatureOf } from './policy.ts';

export interface SignOptions {
  readonly key: { readonly name: string; readonly secret: string };
  /** Seconds since 1970. */
  readonly until: number;
  readonly from?: number;
  /** An address or a network. */
  readonly client?: string;
  /** For all paths that begin with it, instead of the one path; GET and HEAD only. */
  readonly prefix?: string;
  /** Default GET, which stands for HEAD too. */
  readonly method?: string;
  /** False: for all hosts, as `signed.host` of the rule. Default true. */
  readonly host?: boolean;
  /** Parameters that are signed, as `signed.query` of the rule. Default `*`: all. */
  readonly query?: readonly string[];
  /** As `signed.parameter` of the rule. Default `token`. */
  readonly parameter?: string;
}

/**
 * The address with its signature.
 * @throws TypeError when it is no absolute one; RangeError when a value can not stand in a policy, or the address has
 * the parameter already.
 */
export function signUrl(url: string, options: SignOptions): string {
  const { parameter = 'token' } = options;
  const { host, path, query, hash, origin } = partsOf(url);
  const { signed, rest } = splitQuery(query, parameter, options.query ?? ['*']);
  if (rest.length !== pairsOf(query).length) {
    throw new RangeError(`the address has a parameter ${parameter} already`);
  }
  const token = signPolicy(options, host, path, signed);
  return `${origin}${path}?${[...rest, `${parameter}=${token}`].join('&')}${hash}`;
}

/**
 * The value of the cookie that opens what `url` names; with a prefix all below that on its host. The query of a
 * request is signed as it is in `url`.
 * @throws as `signUrl`.
 */
export function signCookie(url: string, options: SignOptions): string {
  const { host, path, query } = partsOf(url);
  const { signed } = splitQuery(query, options.parameter ?? 'token', options.query ?? ['*']);
  return signPolicy(options, host, path, signed);
}

function signPolicy(
  { key, until, from, client, prefix, method = 'GET', host: bindsHost = true }: SignOptions,
  host: string,
  path: string,
  query: string,
): string {
  const policy: Policy = { until, from, client, prefix, key: key.name };
  const unsigned = policyText(policy);
  const isPrefix = prefix !== undefined;
  const thing: SignedThing = {
    method: isPrefix || method === 'HEAD' ? 'GET' : method,
    host: bindsHost ? host : '',
    path: isPrefix ? '' : path,
    query: isPrefix ? '' : query,
  };
  return `${unsigned}~sign=${signatureOf(unsigned, thing, key.secret)}`;
}

/** Path and query as a client sends them. */
function partsOf(url: string) {
  const { protocol, host: authority, hostname: host, pathname: path, search, hash } = new URL(url);
  return { host, path, query: search.slice(1), hash, origin: `${protocol}//${authority}` };
}

function pairsOf(query: string): readonly string[] {
  return query === '' ? [] : query.split('&');
}

/**
 * Parts of a query: all pairs but those of the parameter, in their order, and of these what is signed.
 * @param names of signed parameters as they are sent; `*`: all.
 */
export function splitQuery(
  query: string,
  parameter: string,
  names: readonly string[],
): { readonly rest: readonly string[]; readonly signed: string } {
  const rest = pairsOf(query).filter((pair) => nameOf(pair) !== parameter);
  if (names.includes('*')) return { rest, signed: rest.join('&') };
  if (names.length === 0) return { rest, signed: '' };
  return { rest, signed: rest.filter((pair) => names.includes(nameOf(pair))).join('&') };
}

/** What stands before the first `=`. */
export function nameOf(pair: string): string {
  const at = pair.indexOf('=');
  return at === -1 ? pair : pair.slice(0, at);
}
