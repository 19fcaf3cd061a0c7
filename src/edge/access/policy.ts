/**
 * Policies of signed addresses and cookies: who may get what until when, in one text. docs/signed-urls.md is the
 * grammar and tells others how to sign.
 *
 *     until=1767225600~prefix=/films/~client=192.0.2.0/24~key=k1~sign=<43 characters of base64url>
 *
 * The signature is HMAC-SHA-256 over `plinth-1`, the policy before `~sign=`, method, host, path and query, one in each
 * line; with a prefix path and query are empty lines. No line can hold a line's end, so that no two requests have one
 * text. Invariant: nothing is said of the policy's contents before its signature was found right, in a time that does
 * not depend on how much of it was.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const VERSION = 'plinth-1';
const SIGN = '~sign=';
/** Longer ones are not read. */
export const POLICY_CHARACTERS_MAX = 2048;
const SIGNATURE = /^[A-Za-z0-9_-]{43}$/;
const POLICY_VALUE = /^[A-Za-z0-9._/:%-]+$/;

export interface Policy {
  /** Seconds since 1970: it holds before this one. */
  readonly until: number;
  /** It holds from this one on. */
  readonly from: number | undefined;
  /** An address or a network in CIDR notation. */
  readonly client: string | undefined;
  /** All paths that begin with it; undefined: the one path that was signed. */
  readonly prefix: string | undefined;
  /** Name of the key. */
  readonly key: string;
}

/** What a signature is for, beside the policy. */
export interface SignedThing {
  /** In capitals; GET stands for HEAD too. */
  readonly method: string;
  /** In small letters without a port; empty when signatures hold for all hosts. */
  readonly host: string;
  /** As it is sent, percent-encoded; empty with a prefix. */
  readonly path: string;
  /** Those parameters that are signed, in their order, joined by `&`; empty with a prefix. */
  readonly query: string;
}

/** A policy as it came: what is signed of it, what it says, and the signature. */
export interface ReceivedPolicy {
  readonly unsigned: string;
  readonly policy: Policy;
  readonly signature: string;
}

/** Undefined: it is none. */
export function readPolicy(text: string): ReceivedPolicy | undefined {
  if (text.length > POLICY_CHARACTERS_MAX) return undefined;
  const at = text.lastIndexOf(SIGN);
  if (at === -1) return undefined;
  const signature = text.slice(at + SIGN.length);
  if (!SIGNATURE.test(signature)) return undefined;
  const unsigned = text.slice(0, at);
  const said = pairsOf(unsigned);
  if (said === undefined) return undefined;
  const until = secondsOf(said.get('until'));
  const from = secondsOf(said.get('from'));
  const key = said.get('key');
  if (until === undefined || key === undefined || (from === undefined && said.has('from'))) {
    return undefined;
  }
  const prefix = decodedPrefix(said.get('prefix'));
  if (prefix === undefined && said.has('prefix')) return undefined;
  return { unsigned, signature, policy: { until, from, client: said.get('client'), prefix, key } };
}

const NAMES: ReadonlySet<string> = new Set(['until', 'from', 'client', 'prefix', 'key']);

/** Undefined: a name is unknown or there twice, or a value can not be one. */
function pairsOf(text: string): ReadonlyMap<string, string> | undefined {
  const said = new Map<string, string>();
  for (const pair of text.split('~')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const value = pair.slice(at + 1);
    if (at === -1 || !NAMES.has(name) || said.has(name) || !POLICY_VALUE.test(value)) {
      return undefined;
    }
    said.set(name, value);
  }
  return said;
}

function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,12}$/.test(text) ? Number(text) : undefined;
}

function decodedPrefix(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const decoded = text.replace(/%[0-9A-Fa-f]{2}/g, (hex) =>
    String.fromCharCode(Number.parseInt(hex.slice(1), 16)),
  );
  // What is left of a percent sign was none of an encoding; a line's end would begin a line of its own.
  if (text.replace(/%[0-9A-Fa-f]{2}/g, '').includes('%')) return undefined;
  return /^\/[\x21-\x7e]*$/.test(decoded) ? decoded : undefined;
}

/** The policy without its signature, for signers. @throws RangeError when it can not be written. */
export function policyText({ until, from, client, prefix, key }: Policy): string {
  const pairs: [string, string | undefined][] = [
    ['from', from === undefined ? undefined : String(from)],
    ['until', String(until)],
    ['client', client],
    ['prefix', prefix === undefined ? undefined : encodedPrefix(prefix)],
    ['key', key],
  ];
  const text = pairs
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join('~');
  if (pairsOf(text) === undefined || secondsOf(String(until)) === undefined) {
    throw new RangeError(
      `the policy ${JSON.stringify(text)} has a value that can not stand in one`,
    );
  }
  return text;
}

/** All but letters, digits, `-`, `.`, `_` and `/` percent-encoded, so that it can stand in addresses and cookies. */
function encodedPrefix(prefix: string): string {
  return prefix.replace(
    /[^A-Za-z0-9._/-]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** What the signature is over. */
function signedText(unsigned: string, { method, host, path, query }: SignedThing): string {
  return `${VERSION}\n${unsigned}\n${method}\n${host}\n${path}\n${query}`;
}

/** The signature, base64url without padding. @param secret as UTF-8. */
export function signatureOf(unsigned: string, thing: SignedThing, secret: string): string {
  return macOf(unsigned, thing, secret).toString('base64url');
}

/** In a time that does not depend on where a difference is. */
export function isSignature(
  { unsigned, signature }: ReceivedPolicy,
  thing: SignedThing,
  secret: string,
): boolean {
  return timingSafeEqual(macOf(unsigned, thing, secret), Buffer.from(signature, 'base64url'));
}

function macOf(unsigned: string, thing: SignedThing, secret: string): Buffer {
  return createHmac('sha256', secret).update(signedText(unsigned, thing), 'latin1').digest();
}
