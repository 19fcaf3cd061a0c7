/**
 * Cross-origin reading as the Fetch standard (section 3.3) has it: preflights are answered here, answers get the
 * fields of this rule whoever made them, the cache included, and what an origin server says of it is taken out.
 *
 * What is stored never has them: this stands before the cache. Where the answer depends on who asks, `Vary: Origin`
 * says so to caches between us and the client.
 */
import type { ResponseSink } from '../../core/http/index.ts';
import {
  FieldId,
  type Fields,
  listHas,
  MethodId,
  type RequestHead,
  type ResponseHead,
} from '../../core/wire/index.ts';
import type { AccessRuleSettings } from './access-fields.ts';
import { OriginPatterns } from './cors-origins.ts';

type NamedValue = readonly [name: string, value: string];

export interface CorsRule {
  /** Whether it asks what a script may do, without doing it (section 3.3.3). */
  isPreflight(request: RequestHead): boolean;
  /** The fields of the answer to one; undefined: the origin may not. */
  preflight(request: RequestHead): readonly NamedValue[] | undefined;
  /** Puts the fields on the way of the response. */
  before(sink: ResponseSink, request: RequestHead): ResponseSink;
}

/** Undefined: the edge leaves it to the origin. */
export function corsRuleOf(settings: AccessRuleSettings['cors']): CorsRule | undefined {
  return settings.origins.length === 0 ? undefined : new Cors(settings);
}

const ALLOW_ORIGIN = 'access-control-allow-origin';
const ALLOW_CREDENTIALS = 'access-control-allow-credentials';
const ALLOW_METHODS = 'access-control-allow-methods';
const ALLOW_HEADERS = 'access-control-allow-headers';
const EXPOSE_HEADERS = 'access-control-expose-headers';
const MAX_AGE = 'access-control-max-age';
const REQUEST_METHOD = Buffer.from('access-control-request-method', 'latin1');
const REQUEST_HEADERS = Buffer.from('access-control-request-headers', 'latin1');
const ORIGIN = Buffer.from('origin', 'latin1');
const ANY = Buffer.from('*', 'latin1');
/** Those that an origin server may have said. */
const TAKEN_OUT: readonly Buffer[] = [
  ...[ALLOW_ORIGIN, ALLOW_CREDENTIALS, ALLOW_METHODS, ALLOW_HEADERS, EXPOSE_HEADERS, MAX_AGE],
].map((name) => Buffer.from(name, 'latin1'));
const ALLOW_CREDENTIALS_NAME = Buffer.from(ALLOW_CREDENTIALS, 'latin1');
const EXPOSE_HEADERS_NAME = Buffer.from(EXPOSE_HEADERS, 'latin1');
/** Names of fields in a list, as they may be said back. */
const NAMES = /^[!#$%&'*+.^_`|~0-9A-Za-z, -]{1,1024}$/;
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

class Cors implements CorsRule {
  private readonly settings: AccessRuleSettings['cors'];
  private readonly origins: OriginPatterns;
  /** Everybody is answered alike. */
  private readonly isSame: boolean;
  private readonly expose: string;

  constructor(settings: AccessRuleSettings['cors']) {
    this.settings = settings;
    this.origins = new OriginPatterns(settings.origins);
    this.isSame = this.origins.any && !settings.credentials;
    this.expose = settings.expose.join(', ');
  }

  isPreflight({ method, fields }: RequestHead): boolean {
    return (
      method === MethodId.options &&
      fields.has(FieldId.origin) &&
      fields.findName(REQUEST_METHOD) !== -1
    );
  }

  preflight({ fields }: RequestHead): readonly NamedValue[] | undefined {
    const origin = fields.get(FieldId.origin) ?? '';
    if (!this.origins.has(origin)) return undefined;
    const { methods, headers, credentials, maxAgeMs } = this.settings;
    const method = fields.value(fields.findName(REQUEST_METHOD));
    const index = fields.findName(REQUEST_HEADERS);
    const names = index === -1 ? '' : fields.value(index);
    return [
      [ALLOW_ORIGIN, this.isSame ? '*' : origin],
      ...(credentials ? [[ALLOW_CREDENTIALS, 'true'] as const] : []),
      ...listed(ALLOW_METHODS, methods, METHOD.test(method) ? method : ''),
      ...listed(ALLOW_HEADERS, headers, NAMES.test(names) ? names : ''),
      [MAX_AGE, String(Math.floor(maxAgeMs / 1000))],
      ['vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
    ];
  }

  before(sink: ResponseSink, request: RequestHead): ResponseSink {
    if (this.isSame) return new CorsResponse(sink, this, '*');
    const origin = request.fields.get(FieldId.origin);
    const isAllowed = origin !== undefined && this.origins.has(origin);
    return new CorsResponse(sink, this, isAllowed ? origin : '');
  }

  /** @param allowed what stands in Access-Control-Allow-Origin; empty: nothing. @returns false: there is no room. */
  edit({ fields }: ResponseHead, allowed: string): boolean {
    for (const name of TAKEN_OUT) removeNamed(fields, name);
    if (allowed !== '') {
      if (!fields.addKnown(FieldId.accessControlAllowOrigin, allowed)) return false;
      if (this.settings.credentials && !fields.add(ALLOW_CREDENTIALS_NAME, 'true')) return false;
      if (this.expose !== '' && !fields.add(EXPOSE_HEADERS_NAME, this.expose)) return false;
    }
    return this.isSame || variesByOrigin(fields) || fields.appendToList(FieldId.vary, 'Origin');
  }
}

/** Of a list with `*` what was asked for, since with cookies a `*` is taken by its letter. */
function listed(name: string, list: readonly string[], asked: string): readonly NamedValue[] {
  const value = list.includes('*') ? asked : list.join(', ');
  return value === '' ? [] : [[name, value]];
}

function removeNamed(fields: Fields, name: Buffer): void {
  for (let i = fields.findName(name); i !== -1; i = fields.findName(name, i + 1)) fields.remove(i);
}

function variesByOrigin(fields: Fields): boolean {
  return listHas(fields, FieldId.vary, ORIGIN) || listHas(fields, FieldId.vary, ANY);
}

/** A response on its way to the client that gets the fields of the rule. */
class CorsResponse implements ResponseSink {
  private readonly next: ResponseSink;
  private readonly rule: Cors;
  private readonly allowed: string;

  constructor(next: ResponseSink, rule: Cors, allowed: string) {
    this.next = next;
    this.rule = rule;
    this.allowed = allowed;
  }

  interim(head: ResponseHead): void {
    this.next.interim(head);
  }

  head(head: ResponseHead, end: boolean): void {
    if (this.rule.edit(head, this.allowed)) this.next.head(head, end);
    else this.next.abort();
  }

  data(bytes: Buffer, stays: boolean): boolean {
    return this.next.data(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.next.end(trailers);
  }

  flush(): void {
    this.next.flush();
  }

  abort(): void {
    this.next.abort();
  }
}
