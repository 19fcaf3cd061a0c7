/**
 * The policy of a form upload ("Browser-based uploads using POST", "POST policy"): who signed it, and whether the
 * form keeps to it. Every field but a few must be spoken of by a condition.
 */
import { invalidArgument, S3Error } from '../errors.ts';
import {
  type Authenticated,
  type Authenticator,
  accessKeyOf,
  checkSkew,
  unsupported,
} from './authenticate.ts';
import { ALGORITHM, parseAmzDate, parseCredential, sameSignature, signatureOf } from './scope.ts';
import { signatureV2 } from './signature-v2.ts';

type Fields = ReadonlyMap<string, string>;

/** Who the form comes from; nobody when it has no policy. @throws S3Error */
export function authenticateForm(fields: Fields, by: Authenticator): Authenticated {
  const policy = fields.get('policy');
  const body = { kind: 'plain' } as const;
  if (policy === undefined) {
    return { user: null, accessKeyId: '', how: 'anonymous', signedMs: 0, body };
  }
  const need = (name: string): string => {
    const value = fields.get(name.toLowerCase());
    if (value !== undefined) return value;
    const says = `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`;
    throw invalidArgument(name, '', says);
  };
  if (!fields.has('x-amz-algorithm')) {
    const accessKeyId = need('AWSAccessKeyId');
    const given = need('signature');
    if (!by.takesV2) throw unsupported();
    const accessKey = accessKeyOf(by.users, accessKeyId);
    if (!sameSignature(signatureV2(accessKey, policy), given)) {
      throw new S3Error('SignatureDoesNotMatch', undefined, { AWSAccessKeyId: accessKey.id });
    }
    const { user } = accessKey;
    return { user, accessKeyId, how: 'post', signedMs: by.nowMs, body, version: 'AWS' };
  }
  if (need('x-amz-algorithm') !== ALGORITHM)
    throw new S3Error('InvalidRequest', 'Unsupported algorithm.');
  const credential = parseCredential(need('x-amz-credential'));
  const date = need('x-amz-date');
  const signedMs = parseAmzDate(date);
  if (credential === undefined || signedMs === undefined) throw new S3Error('InvalidArgument');
  // A form may be used long behind its signing: its policy says until when.
  if (signedMs > by.nowMs) checkSkew(date, signedMs, by.nowMs);
  const accessKey = accessKeyOf(by.users, credential.accessKeyId);
  const signature = signatureOf(by.keys.keyOf(accessKey, credential), policy);
  if (!sameSignature(signature, need('x-amz-signature'))) {
    throw new S3Error('SignatureDoesNotMatch', undefined, { AWSAccessKeyId: accessKey.id });
  }
  const { user, id: accessKeyId } = accessKey;
  return { user, accessKeyId, how: 'post', signedMs, body, version: ALGORITHM };
}

export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

/** Fields that no condition need speak of. */
const FREE = /^(policy|x-amz-signature|awsaccesskeyid|signature|file|x-ignore-.*)$/;

/**
 * Whether a form keeps to its policy.
 * @returns the sizes that the file may have
 * @throws S3Error AccessDenied, InvalidPolicyDocument
 */
export function checkPolicy(fields: Fields, bucket: string, nowMs: number): SizeRange {
  const { expiration, conditions } = parsed(fields.get('policy') ?? '');
  if (nowMs > expiration) {
    throw new S3Error('AccessDenied', 'Invalid according to Policy: Policy expired.');
  }
  let range: SizeRange = { min: 0, max: Number.POSITIVE_INFINITY };
  const spoken = new Set<string>();
  // The bucket counts as a field of every form.
  const given = new Map([...fields, ['bucket', bucket]]);
  for (const condition of conditions) {
    if (condition.operator === 'content-length-range') {
      range = condition;
      continue;
    }
    const { operator, field, value } = condition;
    spoken.add(field);
    const met = given.get(field) ?? '';
    const holds = operator === 'eq' ? met === value : startsWith(field, met, value);
    if (!holds) {
      const shown = JSON.stringify([operator, `$${field}`, value]);
      throw new S3Error(
        'AccessDenied',
        `Invalid according to Policy: Policy Condition failed: ${shown}`,
      );
    }
  }
  for (const name of given.keys()) {
    if (!spoken.has(name) && !FREE.test(name)) {
      throw new S3Error('AccessDenied', `Invalid according to Policy: Extra input fields: ${name}`);
    }
  }
  return range;
}

/** A type may be a list; each of it must fit. */
function startsWith(field: string, met: string, value: string): boolean {
  if (field !== 'content-type') return met.startsWith(value);
  return met.split(',').every((each) => each.trim().startsWith(value));
}

type Condition =
  | { readonly operator: 'eq' | 'starts-with'; readonly field: string; readonly value: string }
  | ({ readonly operator: 'content-length-range' } & SizeRange);

function parsed(text: string): { expiration: number; conditions: Condition[] } {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, 'base64').toString());
  } catch {
    throw wrong('Invalid JSON.');
  }
  const { expiration, conditions } = (json ?? {}) as { expiration?: unknown; conditions?: unknown };
  if (expiration === undefined) throw wrong('Policy missing expiration.');
  const isTime = typeof expiration === 'string' && ISO_8601.test(expiration);
  const atMs = isTime ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(atMs)) throw wrong(`Invalid 'expiration' value: '${String(expiration)}'`);
  if (!Array.isArray(conditions)) throw wrong('Policy missing conditions.');
  return { expiration: atMs, conditions: conditions.flatMap(conditionOf) };
}

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function conditionOf(row: unknown): Condition[] {
  if (Array.isArray(row)) {
    const [operator, a, b] = row as unknown[];
    const name = typeof operator === 'string' ? operator.toLowerCase() : '';
    if (row.length !== 3) throw wrong('Invalid condition.');
    if (name === 'content-length-range') {
      const [min, max] = [Number(a), Number(b)];
      if (!(min >= 0) || !(max >= min)) throw wrong('Invalid content-length-range.');
      return [{ operator: 'content-length-range', min, max }];
    }
    if (name !== 'eq' && name !== 'starts-with') throw wrong('Invalid condition.');
    if (typeof a !== 'string' || !a.startsWith('$') || typeof b !== 'string') {
      throw wrong('Invalid condition.');
    }
    return [{ operator: name, field: a.slice(1).toLowerCase(), value: b }];
  }
  if (typeof row !== 'object' || row === null) throw wrong('Invalid condition.');
  if (Object.keys(row).length !== 1) {
    throw wrong(
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    );
  }
  return Object.entries(row).map(([field, value]) => {
    if (typeof value !== 'string') throw wrong('Invalid condition.');
    return { operator: 'eq', field: field.toLowerCase(), value };
  });
}

function wrong(says: string): S3Error {
  return new S3Error('InvalidPolicyDocument', `Invalid Policy: ${says}`);
}
