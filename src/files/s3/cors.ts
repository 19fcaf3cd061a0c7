/**
 * CORS of a bucket ("Using cross-origin resource sharing"): its configuration, preflights, and the fields that an
 * answer to another origin has. The first rule that fits decides.
 */
import { invalidArgument, S3Error } from './errors.ts';
import type { Bucket } from './object-store.ts';
import { onceEach } from './once-each.ts';
import type { Headers } from './request.ts';
import {
  childrenOf,
  numberIn,
  onlyChildren,
  readXml,
  textIn,
  type XmlElement,
} from './xml/reader.ts';
import { leaf, node, xmlDocument } from './xml/writer.ts';

export interface CorsRule {
  readonly id?: string;
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposes: readonly string[];
  readonly maxAgeSeconds?: number;
}

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];

/** @throws S3Error MalformedXML, InvalidRequest */
export function corsOfXml(bytes: Buffer): readonly CorsRule[] {
  const root = readXml(bytes, 'CORSConfiguration');
  onlyChildren(root, ['CORSRule']);
  const rules = childrenOf(root, 'CORSRule').map(ruleOf);
  if (rules.length === 0 || rules.length > 100) throw new S3Error('MalformedXML');
  return rules;
}

function ruleOf(row: XmlElement): CorsRule {
  const list = (name: string): string[] => childrenOf(row, name).map(({ text }) => text.trim());
  const methods = list('AllowedMethod');
  const origins = list('AllowedOrigin');
  if (methods.length === 0 || origins.length === 0) throw new S3Error('MalformedXML');
  for (const method of methods) {
    if (!METHODS.includes(method)) {
      throw new S3Error(
        'InvalidRequest',
        `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`,
      );
    }
  }
  const headers = list('AllowedHeader');
  const exposes = list('ExposeHeader');
  oneStarEach('AllowedOrigin', origins);
  oneStarEach('AllowedHeader', headers);
  for (const each of exposes) {
    if (!each.includes('*')) continue;
    throw new S3Error(
      'InvalidRequest',
      `ExposeHeader "${each}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
    );
  }
  fieldNames('AllowedHeader', headers);
  fieldNames('ExposeHeader', exposes);
  const id = textIn(row, 'ID');
  const maxAgeSeconds = numberIn(row, 'MaxAgeSeconds');
  return {
    ...{ origins, methods, headers, exposes },
    ...(id !== undefined && { id }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
}

/** RFC 9110 section 5.6.2, and the star of patterns, which is one of a token's characters. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function fieldNames(element: string, names: readonly string[]): void {
  const wrong = names.find((each) => !FIELD_NAME.test(each));
  if (wrong === undefined) return;
  throw new S3Error('InvalidRequest', `${element} "${wrong}" contains invalid character.`);
}

function oneStarEach(element: string, patterns: readonly string[]): void {
  for (const each of patterns) {
    if (each.split('*').length <= 2) continue;
    throw new S3Error(
      'InvalidRequest',
      `${element} "${each}" can not have more than one wildcard.`,
    );
  }
}

export function corsXml(rules: readonly CorsRule[]): string {
  return xmlDocument(
    'CORSConfiguration',
    rules.map((rule) =>
      node(
        'CORSRule',
        leaf('ID', rule.id),
        rule.methods.map((each) => leaf('AllowedMethod', each)),
        rule.origins.map((each) => leaf('AllowedOrigin', each)),
        rule.headers.map((each) => leaf('AllowedHeader', each)),
        rule.exposes.map((each) => leaf('ExposeHeader', each)),
        leaf('MaxAgeSeconds', rule.maxAgeSeconds),
      ),
    ),
  );
}

/** Fields of the answer to a request from another origin; none when no rule fits. */
export function corsHeaders(bucket: Bucket, headers: Headers, method: string): [string, string][] {
  const origin = headers.get('origin');
  if (origin === undefined) return [];
  // S3 judges by the method that a client says it is about to use, if it says one.
  const used = headers.get('access-control-request-method') ?? method;
  const rule = rulesOf(bucket).find(
    (each) => each.methods.includes(used) && each.origins.some((one) => fits(one, origin)),
  );
  return rule === undefined ? [] : fieldsOf(rule, origin);
}

/** The fields of the answer to a preflight. @throws S3Error AccessForbidden when it is not to be made. */
export function preflight(bucket: Bucket | undefined, headers: Headers): [string, string][] {
  const origin = headers.get('origin');
  const method = headers.get('access-control-request-method');
  if (origin === undefined) {
    throw new S3Error('BadRequest', 'Insufficient information. Origin request header needed.');
  }
  if (method === undefined || !METHODS.includes(method)) {
    throw invalidArgument(
      'Access-Control-Request-Method',
      method ?? '',
      `Invalid Access-Control-Request-Method: ${method ?? 'null'}`,
    );
  }
  const asked = (headers.get('access-control-request-headers') ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== '');
  if (bucket === undefined) throw new S3Error('NoSuchBucket');
  const rules = rulesOf(bucket);
  if (rules.length === 0) {
    throw new S3Error('AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.');
  }
  const rule = rules.find(
    (each) =>
      each.methods.includes(method) &&
      each.origins.some((one) => fits(one, origin)) &&
      asked.every((name) => each.headers.some((one) => fits(one.toLowerCase(), name))),
  );
  if (rule === undefined) {
    throw new S3Error(
      'AccessForbidden',
      "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
    );
  }
  return [
    ...fieldsOf(rule, origin),
    ...(asked.length > 0
      ? ([['access-control-allow-headers', asked.join(', ')]] as [string, string][])
      : []),
    ...(rule.maxAgeSeconds === undefined
      ? []
      : ([['access-control-max-age', String(rule.maxAgeSeconds)]] as [string, string][])),
  ];
}

function rulesOf({ documents }: Bucket): readonly CorsRule[] {
  const text = documents.cors;
  return text === undefined ? [] : readRules(text);
}

const readRules = onceEach((text) => JSON.parse(text) as readonly CorsRule[]);

function fieldsOf({ methods, exposes, origins }: CorsRule, origin: string): [string, string][] {
  const anyone = origins.includes('*');
  return [
    ['access-control-allow-origin', anyone ? '*' : origin],
    ['access-control-allow-methods', methods.join(', ')],
    ...(exposes.length > 0
      ? ([['access-control-expose-headers', exposes.join(', ')]] as [string, string][])
      : []),
    ...(anyone ? [] : ([['access-control-allow-credentials', 'true']] as [string, string][])),
    ['vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
  ];
}

/** One star at most. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === text;
  const [before, behind] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return (
    text.length >= before.length + behind.length && text.startsWith(before) && text.endsWith(behind)
  );
}
