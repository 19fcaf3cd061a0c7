/**
 * Makes the key of a request: the text under which its response is stored.
 *
 *     https://example.com/a?b=1        the URL in its form (RFC 9110 section 4.2.3), as the rule reads it
 *     header accept-language: de       and a line for each part that the rule adds
 *     cookie plan                      without `: value` when the request has none
 *     device mobile
 *
 * Invariants: neither URLs nor values of fields have a line feed, and the rule gives the lines their order, so
 * that two requests get one key only if nothing of what the rule looks at differs; the URL of a key is what purges
 * are compared with. Hot for the default rule: bench/cache-key.ts.
 */
import {
  FieldId,
  type Fields,
  lowerName,
  MethodId,
  offsetIn,
  RequestHead,
  readTarget,
  TargetForm,
  targetEndOf,
} from '../../core/wire/index.ts';
import { deviceOf } from './device.ts';
import type { KeyRule } from './key-fields.ts';
import { keepsQuery, keyedQuery } from './query-form.ts';
import { SiteTexts } from './site-texts.ts';
import { equivalentPath, hasPercent, writeForm } from './url-form.ts';

/** Longest key; what would have a longer one is not cached. */
export const KEY_BYTES_MAX = 4096;

/** The end of the URL in a key. */
const LINE = '\n';

interface KeyHeader {
  readonly name: string;
  readonly bytes: Buffer;
}

export class KeyMaker {
  readonly rule: KeyRule;
  private readonly sites = new SiteTexts();
  /** Whether path and query are taken in their form and nothing else is done to them. */
  private readonly keepsPath: boolean;
  private readonly keepsQuery: boolean;
  /** Whether one URL has many keys. */
  readonly addsLines: boolean;
  private readonly headers: readonly KeyHeader[];
  private readonly cookies: readonly string[];

  constructor(rule: KeyRule) {
    this.rule = rule;
    this.keepsPath = !rule.ignoreCase && !rule.equivalent;
    this.keepsQuery = keepsQuery(rule);
    this.headers = [...new Set(rule.headers.map((name) => name.toLowerCase()))]
      .sort()
      .map((name) => ({ name, bytes: lowerName(name) }));
    this.cookies = [...new Set(rule.cookies)].sort();
    this.addsLines = this.headers.length > 0 || this.cookies.length > 0 || rule.device;
  }

  /**
   * The key of a request; empty when it would be longer than `KEY_BYTES_MAX`, or the request is for no path.
   * @param encrypted whether its scheme is https.
   */
  keyOf(request: RequestHead, encrypted: boolean): string {
    const { form } = request;
    if (form !== TargetForm.origin && form !== TargetForm.absolute) return '';
    if (request.originLength > KEY_BYTES_MAX) return '';
    const url = this.urlOf(request, encrypted);
    const key = this.addsLines ? url + this.linesOf(request.fields) : url;
    return key.length > KEY_BYTES_MAX ? '' : key;
  }

  /**
   * The beginning of a request's key when site and target as received are all that the rule looks at, empty when they
   * are not: then two requests with the same of both have the same key.
   */
  plainSiteOf(request: RequestHead, encrypted: boolean): string {
    const { form } = request;
    const plain =
      (form === TargetForm.origin || form === TargetForm.absolute) &&
      this.keepsPath &&
      this.keepsQuery &&
      !this.addsLines;
    return plain ? this.sites.of(request, encrypted) : '';
  }

  /**
   * The URL that all keys have which this rule makes of a URL, for purges; undefined when the text is no absolute
   * URL of http or https. Characters that may not stand in one are encoded as UTF-8.
   */
  keyedUrl(url: string): string | undefined {
    const head = headOf(url);
    return head === undefined ? undefined : this.urlOf(head, head.secure);
  }

  /** The beginning of all keys whose URLs have this beginning; undefined as in `keyedUrl`, or when it has a query. */
  keyedPrefix(prefix: string): string | undefined {
    const head = headOf(prefix);
    return head === undefined || head.hasQuery ? undefined : this.urlOf(head, head.secure);
  }

  private urlOf(request: RequestHead, encrypted: boolean): string {
    const site = this.sites.of(request, encrypted);
    const { fields, originStart, originLength, pathLength } = request;
    if (this.keepsPath && this.keepsQuery && pathLength > 0) {
      const from = fields.bytesAt(originStart);
      const start = offsetIn(originStart);
      if (!hasPercent(from, start, start + originLength)) {
        return site + from.toString('latin1', start, start + originLength);
      }
    }
    const path = formOf(fields, request.pathStart, pathLength) || '/';
    const keyed = this.keepsPath ? path : this.keyedPath(path);
    if (!request.hasQuery) return site + keyed;
    const query = formOf(fields, request.queryStart, request.queryLength);
    return site + keyed + (this.keepsQuery ? `?${query}` : keyedQuery(query, this.rule));
  }

  private keyedPath(path: string): string {
    const { equivalent, ignoreCase } = this.rule;
    const read = equivalent ? equivalentPath(path) : path;
    return ignoreCase ? read.toLowerCase() : read;
  }

  private linesOf(fields: Fields): string {
    let lines = '';
    for (const { name, bytes } of this.headers) {
      lines += lineOf('header', name, valuesOf(fields, bytes));
    }
    for (const name of this.cookies) lines += lineOf('cookie', name, cookiesOf(fields, name));
    return this.rule.device ? `${lines}${LINE}device ${deviceOf(fields)}` : lines;
  }
}

/** The URL of a key. */
export function urlOfKey(key: string): string {
  const end = key.indexOf(LINE);
  return end === -1 ? key : key.slice(0, end);
}

/** What a key has behind its URL, a text for each part. */
export function linesOfKey(key: string): readonly string[] {
  return key.split(LINE).slice(1);
}

function lineOf(kind: string, name: string, value: string | undefined): string {
  return value === undefined ? `${LINE}${kind} ${name}` : `${LINE}${kind} ${name}: ${value}`;
}

const scratch = { bytes: Buffer.alloc(1024) };

function formOf(fields: Fields, offset: number, length: number): string {
  const from = fields.bytesAt(offset);
  const start = offsetIn(offset);
  if (!hasPercent(from, start, start + length))
    return from.toString('latin1', start, start + length);
  if (scratch.bytes.length < length) scratch.bytes = Buffer.alloc(length * 2);
  return scratch.bytes.toString('latin1', 0, writeForm(from, start, start + length, scratch.bytes));
}

/** All lines of a field as one list (RFC 9110 section 5.3), undefined when there is none. */
function valuesOf(fields: Fields, name: Buffer): string | undefined {
  let list: string | undefined;
  for (let i = fields.findName(name); i !== -1; i = fields.findName(name, i + 1)) {
    list = list === undefined ? fields.value(i) : `${list},${fields.value(i)}`;
  }
  return list;
}

/** All values of a cookie, undefined when there is none. RFC 6265 section 5.4; HTTP/2 has a field for each. */
function cookiesOf(fields: Fields, name: string): string | undefined {
  let values: string | undefined;
  for (let i = fields.find(FieldId.cookie); i !== -1; i = fields.find(FieldId.cookie, i + 1)) {
    for (const pair of fields.value(i).split(';')) {
      const equals = pair.indexOf('=');
      if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
      const value = pair.slice(equals + 1).trim();
      // A value has no semicolon, so several stay apart.
      values = values === undefined ? value : `${values};${value}`;
    }
  }
  return values;
}

/** A request for an absolute URL, as the parser would read it. */
function headOf(url: string): RequestHead | undefined {
  const text = url.replace(/[^\x21-\x7e]|["<>]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
  const head = new RequestHead();
  head.method = MethodId.get;
  const bytes = Buffer.from(text, 'latin1');
  head.fields.buf = bytes;
  if (targetEndOf(bytes, 0, bytes.length) !== bytes.length) return undefined;
  if (readTarget(head, 0, bytes.length) !== 0) return undefined;
  return head.form === TargetForm.absolute ? head : undefined;
}
