/**
 * Requests that go past the cache, and what it learns of them: an unsafe method makes stale what it may have changed,
 * a HEAD says whether what is stored for GET is still right.
 */
import { type Exchange, isHttps } from '../../core/http/index.ts';
import { FieldId, Fields, type ResponseHead } from '../../core/wire/index.ts';
import { originTags } from '../compression/index.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import {
  type ForwardReason,
  invalidatedBy,
  isAbout,
  readResponse,
  validatorsOf,
  varyNames,
} from '../policy/index.ts';
import { freshen, mayStay } from './freshen.ts';
import { PassSink } from './pass-sink.ts';
import { invalidate, type StageParts } from './stage-parts.ts';
import { fieldsOf, noteFreshness } from './stored-facts.ts';
import type { Visit } from './visit.ts';

const update = new Fields();

/** Whether a HEAD leaves it to be for all, and for those it has been for. */
function mayStayBy({ status, fields }: ResponseHead, stored: StoredResponse): boolean {
  const names = varyNames(fields);
  if (!mayStay(stored, readResponse(status, fields, stored.responseMs), names === null))
    return false;
  return !fields.has(FieldId.vary) || sameList(names ?? [], varyNames(fieldsOf(stored)) ?? []);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

export class Passing {
  private readonly parts: StageParts;

  constructor(parts: StageParts) {
    this.parts = parts;
  }

  /** Past the cache. */
  pass(exchange: Exchange, forwarded: ForwardReason): void {
    this.parts.counts.passed++;
    const status = this.parts.statusText({ hit: false, forwarded });
    if (status !== '') exchange.sink = new PassSink(exchange.sink, status, null);
    this.restoreTags(exchange);
    this.parts.next(exchange);
  }

  /** Tags of codings that were made here are unknown to the origin, which has to decide on If-Match. */
  private restoreTags({ request: { fields } }: Exchange): void {
    if (this.parts.rule.compression === null) return;
    const list = fields.getList(FieldId.ifMatch);
    if (list !== undefined) fields.set(FieldId.ifMatch, originTags(list));
  }

  /** A HEAD whose answer says whether what is stored for GET is still right, RFC 9111 section 4.3.5. */
  passHead(visit: Visit, stored: StoredResponse): void {
    const { exchange } = visit;
    const sentMs = this.parts.wallMs();
    const { seq } = this.parts.ledger;
    const status = this.parts.statusText({ hit: false, forwarded: 'stale' });
    this.parts.counts.passed++;
    exchange.sink = new PassSink(exchange.sink, status, {
      onHead: (head) => {
        if (stored.gone || head.status !== 200 || seq !== this.parts.ledger.seq) return;
        const length = head.fields.get(FieldId.contentLength);
        const validators = validatorsOf(head.fields);
        const same =
          (length === undefined || Number(length) === stored.lengthBytes) &&
          (validators.etag !== undefined || validators.lastModified !== undefined) &&
          isAbout(validators, validatorsOf(fieldsOf(stored))) &&
          mayStayBy(head, stored);
        if (!same) {
          invalidate(stored);
          return;
        }
        update.copyFrom(head.fields, head.start, head.end);
        const nowMs = this.parts.wallMs();
        const facts = freshen(stored, update, nowMs, this.parts.rule.setCookies);
        if (facts === null || !this.parts.retag(stored, head.fields, seq)) return;
        const exchanged = { requestMs: sentMs, responseMs: nowMs };
        noteFreshness(stored, facts, exchanged, this.parts.rule, this.parts.context.random);
        this.parts.context.codings.freshened(stored);
        this.parts.objects.resized(stored);
      },
    });
    this.parts.next(exchange);
  }

  /** Other methods: what they change becomes stale, RFC 9111 section 4.4. */
  passUnsafe(exchange: Exchange): void {
    this.parts.counts.passed++;
    const { request } = exchange;
    this.restoreTags(exchange);
    const method = request.methodName();
    const target = this.parts.rule.keys.keyedUrl(
      `${isHttps(exchange) ? 'https' : 'http'}://${request.authority()}${request.path()}${
        request.hasQuery ? `?${request.query()}` : ''
      }`,
    );
    const status = this.parts.statusText({ hit: false, forwarded: 'method' });
    exchange.sink = new PassSink(exchange.sink, status, {
      onHead: (head) => {
        if (target === undefined) return;
        for (const uri of invalidatedBy(method, target, head.status, head.fields)) {
          this.invalidateUrl(this.parts.rule.keys.keyedUrl(uri));
        }
      },
    });
    this.parts.next(exchange);
  }

  private invalidateUrl(url: string | undefined): void {
    if (url === undefined) return;
    const shelf = this.parts.context.shelf();
    if (this.parts.rule.keys.addsLines || this.parts.rule.sliceBytes > 0) {
      // One URL has many keys. A soft purge would leave what may be served stale, which section 4.4 forbids.
      // It is not kept in the log of the disk, which anybody could fill by requests.
      this.parts.ledger.purge({ kind: 'url', value: url, soft: false });
      return;
    }
    shelf?.forgetKey({ space: this.parts.space, key: url });
    const resource = this.parts.find(url);
    if (resource === undefined) return;
    for (let at = resource.newest; at !== null; at = at.nextVariant) invalidate(at);
    for (const part of resource.parts ?? []) invalidate(part);
    if (resource.loading !== null) resource.loading.overtaken = true;
    for (const flight of resource.flights ?? []) flight.overtake();
  }
}
