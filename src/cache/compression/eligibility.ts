/** Whether other codings may be made of a stored response. */
import { FieldId, type Fields, lowerName } from '../../core/wire/index.ts';
import { type Coding, type Directives, parseCacheControl } from '../policy/index.ts';
import { typeGains } from './content-types.ts';
import type { CompressionSettings } from './settings.ts';

/** Why a response stays as it came, each with its reason. */
export const compressionRefusals = {
  disabled: 'the rule does not ask for it',
  'no-transform': 'RFC 9110 section 7.7 and RFC 9111 section 5.2.2.6: the response forbids it',
  partial: 'RFC 9110 section 14: a part is a part of the representation as it is',
  'no-content': 'there is no body',
  coding: 'RFC 9110 section 8.4: it has codings that are not undone here',
  secret: 'BREACH: the length of what is compressed tells of the secrets in it',
  type: 'its content type does not gain',
  short: 'it is too short to gain',
  long: 'it is longer than the rule allows',
} as const;
export type CompressionRefusal = keyof typeof compressionRefusals;

/** What is known of a response, whole in the store. */
export interface StoredBody {
  readonly status: number;
  readonly fields: Fields;
  /** Those that hold for us, targeted ones among them (RFC 9213). */
  readonly directives: Directives;
  /** Names of its Vary, small letters. */
  readonly varyNames: readonly string[];
  readonly bodyBytes: number;
}

/** The coding that a response came in; null: several, or one that is not known here. */
export function codingOf(fields: Fields): Coding | null {
  const list = fields.getList(FieldId.contentEncoding);
  if (list === undefined) return 'identity';
  const codings = list
    .split(',')
    .map((each) => each.trim().toLowerCase())
    // RFC 9110 section 12.5.3: identity is no coding, and does not belong here.
    .filter((each) => each !== '' && each !== 'identity');
  if (codings.length === 0) return 'identity';
  if (codings.length > 1) return null;
  const [coding] = codings;
  // Section 8.4.1.3: x-gzip is gzip.
  if (coding === 'gzip' || coding === 'x-gzip') return 'gzip';
  return coding === 'br' || coding === 'zstd' ? coding : null;
}

/**
 * Undefined: codings may be made of it. Of one that came coded only the identity is, for clients that refuse its
 * coding: types and sizes are of no account then.
 */
export function whyNotCompressed(
  { status, fields, directives, varyNames, bodyBytes }: StoredBody,
  rule: CompressionSettings,
): CompressionRefusal | undefined {
  if (!rule.enabled) return 'disabled';
  if (directives.has('no-transform') || ownDirectivesForbid(fields)) return 'no-transform';
  if (status === 206 || fields.has(FieldId.contentRange)) return 'partial';
  if (bodyBytes === 0) return 'no-content';
  const coding = codingOf(fields);
  if (coding === null) return 'coding';
  if (bodyBytes > rule.maxBytes) return 'long';
  if (coding !== 'identity') return undefined;
  if (holdsSecret(fields, varyNames, rule.secretFields)) return 'secret';
  if (!typeGains(fields.get(FieldId.contentType), rule.types)) return 'type';
  return bodyBytes < rule.minBytes ? 'short' : undefined;
}

/** Targeted directives take the place of Cache-Control for storing alone: this one is for all on the way. */
function ownDirectivesForbid(fields: Fields): boolean {
  const list = fields.getList(FieldId.cacheControl);
  return list !== undefined && parseCacheControl(list).has('no-transform');
}

/** What is different for who is signed in, and what a rule calls secret. */
function holdsSecret(
  fields: Fields,
  varyNames: readonly string[],
  secretFields: readonly string[],
): boolean {
  if (varyNames.includes('cookie') || varyNames.includes('authorization')) return true;
  return secretFields.some((name) => fields.findName(lowerName(name)) !== -1);
}
