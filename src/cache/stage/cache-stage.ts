/**
 * The cache as a stage of a route: what becomes of a request.
 *
 *     receive ─▶ pass        other methods, bodies, upgrades, keys that are too long
 *        └─▶ lookup ─▶ deliver       fresh, or stale and allowed to be (then fetched anew behind the client)
 *              ├─▶ fetch             nothing stored: a flight of its own, or the one under way
 *              ├─▶ revalidate        stale: a flight that asks whether it is still right
 *              └─▶ 504               nothing that may be used, and only-if-cached
 *     flight ─▶ head: store and deliver, pass on, freshen and deliver, deliver stale, or look again
 *
 * Invariants: whoever waits is answered once, or looks again, at most `ROUNDS_MAX` times; what a purge names is not
 * used by any request that comes behind it, nor stored by a fetch that began before it.
 */
import { answer, type Exchange, type Handler } from '../../core/http/index.ts';
import {
  BodyKind,
  FieldId,
  Fields,
  isBodiless,
  MethodId,
  type ResponseHead,
} from '../../core/wire/index.ts';
import { Flight, type FlightOwner } from '../flights/flight.ts';
import { FLIGHTS_PER_RESOURCE_MAX, HEAD_BYTES_MAX, TAGS_MAX, WAITERS_MAX } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Resource, Space } from '../objects/resource.ts';
import { storedFieldsBytes } from '../objects/stored-fields.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import {
  cacheStatus,
  decideReuse,
  type ForwardReason,
  invalidatedBy,
  isAbout,
  mayServeOnError,
  NO_DIRECTIVES,
  type ResponseFacts,
  readResponse,
  validatorsOf,
  variantOf,
  varyNames,
  whyNotStored,
} from '../policy/index.ts';
import { type PurgeLedger, tagsOf } from '../purge/index.ts';
import type { Counts } from './counts.ts';
import { ageOf, deliver, sendBody } from './deliver.ts';
import { freshen } from './freshen.ts';
import { strip } from './kept-fields.ts';
import { PassSink } from './pass.ts';
import { RequestFlag, requestFlags } from './request-flags.ts';
import type { CacheRule } from './rule.ts';
import { fieldsOf, freshnessOf, noteFreshness } from './stored-facts.ts';
import { directivesOf, Visit } from './visit.ts';

/** Looks behind which a request goes to the origin by itself. */
const ROUNDS_MAX = 3;
const CACHE_NAME = 'plinth';

export interface StageContext {
  readonly objects: ObjectStore;
  readonly ledger: PurgeLedger;
  readonly counts: Counts;
  wallMs(): number;
  /** A longer body is not stored. */
  objectBytesMax(): number;
}

/** The rule that holds now: changes of the settings put another one here. */
export interface RuleRef {
  current: CacheRule;
}

const kept = new Fields();
const NOTHING_ASKED = NO_DIRECTIVES;

export class CacheStage implements FlightOwner {
  private readonly context: StageContext;
  private readonly objects: ObjectStore;
  private readonly ledger: PurgeLedger;
  private readonly counts: Counts;
  private readonly rules: RuleRef;
  private readonly space: Space;
  private readonly next: Handler;

  constructor(options: {
    readonly context: StageContext;
    readonly rules: RuleRef;
    readonly space: Space;
    readonly next: Handler;
  }) {
    const { context } = options;
    this.context = context;
    this.objects = context.objects;
    this.ledger = context.ledger;
    this.counts = context.counts;
    this.rules = options.rules;
    this.space = options.space;
    this.next = options.next;
  }

  private get rule(): CacheRule {
    return this.rules.current;
  }

  handle(exchange: Exchange): void {
    const { request } = exchange;
    const { method } = request;
    if (method !== MethodId.get && method !== MethodId.head) {
      this.passUnsafe(exchange);
      return;
    }
    const key = this.rule.keys.keyOf(request, exchange.client.encrypted);
    if (key === '' || request.body !== BodyKind.none || request.upgrade) {
      if (key === '') this.counts.keysTooLong++;
      this.pass(exchange, 'bypass');
      return;
    }
    const flags = requestFlags(request.fields);
    if ((flags & RequestFlag.directives) === 0) {
      const resource = this.space.resources.get(key);
      const stored = resource === undefined ? null : this.select(resource, request.fields);
      if (stored !== null && stored.seq === this.ledger.seq) {
        const nowMs = exchange.wallMs();
        if (nowMs < stored.freshUntilMs && (flags & RequestFlag.originOnly) === 0) {
          this.hit(exchange, flags, stored, nowMs);
          return;
        }
      }
    }
    this.look(new Visit(exchange, key, flags, this.next));
  }

  wallMs(): number {
    return this.context.wallMs();
  }

  // Lookup.

  private look(visit: Visit): void {
    const { exchange, directives } = visit;
    if (visit.has(RequestFlag.originOnly) || visit.rounds++ >= ROUNDS_MAX) {
      this.pass(exchange, 'request');
      return;
    }
    const nowMs = this.wallMs();
    const resource = this.objects.resourceOf(this.space, visit.key);
    const stored = this.selectUnpurged(resource, exchange.request.fields);
    if (stored === null) {
      this.miss(visit, resource);
      return;
    }
    const { verdict } = decideReuse(directives, freshnessOf(stored), nowMs);
    if (verdict === 'validate') {
      this.revalidate(visit, resource, stored);
      return;
    }
    if (verdict === 'background') {
      this.counts.staleHits++;
      this.refresh(visit, resource, stored);
    }
    this.hit(exchange, visit.flags, stored, nowMs, visit.collapsed);
  }

  private miss(visit: Visit, resource: Resource): void {
    if (this.onlyIfCached(visit, resource)) return;
    this.counts.misses++;
    if (visit.isHead) {
      this.objects.forget(resource);
      this.pass(visit.exchange, resource.newest === null ? 'uri-miss' : 'vary-miss');
      return;
    }
    if (this.join(visit, resource)) return;
    const plain = !visit.has(RequestFlag.conditional | RequestFlag.range);
    this.fetch(visit, resource, null, plain && this.asksForNothing(visit));
  }

  private revalidate(visit: Visit, resource: Resource, stored: StoredResponse): void {
    if (this.onlyIfCached(visit, resource)) return;
    if (visit.isHead) {
      this.passHead(visit, stored);
      return;
    }
    if (this.join(visit, resource)) return;
    this.counts.validations++;
    this.fetch(visit, resource, stored, this.asksForNothing(visit));
  }

  /** Fetches anew what a client has got stale, unless somebody does already. */
  private refresh(visit: Visit, resource: Resource, stored: StoredResponse): void {
    for (const { joinable, state } of resource.flights ?? []) {
      if (joinable && state === 'asking') return;
    }
    this.counts.validations++;
    this.begin(visit.exchange, null, resource, stored, true);
  }

  /** RFC 9111 section 5.2.1.7. */
  private onlyIfCached(visit: Visit, resource: Resource): boolean {
    if (!visit.directives.has('only-if-cached')) return false;
    this.objects.forget(resource);
    answer(visit.exchange, {
      status: 504,
      says: 'The request wants what is stored only, and nothing is stored that may be used.',
    });
    return true;
  }

  /** Whether a response to others would do for it as well: it wants nothing newer than they do. */
  private asksForNothing({ directives }: Visit): boolean {
    return (
      !directives.has('no-cache') &&
      !directives.has('no-store') &&
      !directives.has('max-age') &&
      !directives.has('min-fresh')
    );
  }

  /** Waits for a fetch that is under way, or reads along. */
  private join(visit: Visit, resource: Resource): boolean {
    const { flights } = resource;
    if (flights === null || !this.asksForNothing(visit)) return false;
    for (const flight of flights) {
      if (!flight.joinable || flight.seq !== this.ledger.seq) continue;
      if (flight.state === 'asking') {
        if (flight.waiting.size >= WAITERS_MAX || !this.mayFit(visit, flight)) continue;
        visit.collapsed = true;
        flight.wait(visit);
        return true;
      }
      if (flight.state === 'storing' && this.readAlong(visit, flight)) return true;
    }
    return false;
  }

  /** Whether a flight may bring the variant that a request asks for, as far as is known of the resource. */
  private mayFit(visit: Visit, flight: Flight): boolean {
    const { newest } = flight.resource;
    if (newest === null || newest.varyNames.length === 0) return true;
    const { normalisers } = this.rule;
    const names = newest.varyNames;
    const wanted = variantOf(names, visit.exchange.request.fields, normalisers);
    return wanted === variantOf(names, flight.asked, normalisers);
  }

  /** Reads what a flight collects, if it may be used for this request. */
  private readAlong(visit: Visit, flight: Flight): boolean {
    const stored = flight.stored as StoredResponse;
    const nowMs = this.wallMs();
    if (!this.isVariant(stored, visit.exchange.request.fields)) return false;
    if (decideReuse(visit.directives, freshnessOf(stored), nowMs).verdict !== 'use') return false;
    visit.collapsed = true;
    this.counts.collapsed++;
    const status = this.statusText({
      hit: false,
      forwarded: 'uri-miss',
      stored: true,
      collapsed: true,
    });
    const { exchange, flags } = visit;
    deliver({ exchange, flags, stored, flight, nowMs, status });
    return true;
  }

  private select(resource: Resource, request: Fields): StoredResponse | null {
    for (let at = resource.newest; at !== null; at = at.nextVariant) {
      if (this.isVariant(at, request)) return at;
    }
    return null;
  }

  private isVariant({ varyNames: names, variant }: StoredResponse, request: Fields): boolean {
    return names.length === 0 || variantOf(names, request, this.rule.normalisers) === variant;
  }

  /** What was stored for a request, behind all purges. */
  private selectUnpurged(resource: Resource, request: Fields): StoredResponse | null {
    for (;;) {
      const stored = this.select(resource, request);
      if (stored === null || stored.seq === this.ledger.seq) return stored;
      const verdict = this.ledger.verdictOn(resource.key, stored.tags, stored.seq);
      stored.seq = this.ledger.seq;
      if (verdict === 'hard') {
        this.objects.remove(stored);
        continue;
      }
      if (verdict === 'soft') invalidate(stored);
      return stored;
    }
  }

  // Fetching.

  private fetch(
    visit: Visit,
    resource: Resource,
    stored: StoredResponse | null,
    joinable: boolean,
  ): void {
    this.begin(visit.exchange, visit, resource, stored, joinable);
  }

  private begin(
    model: Exchange,
    leader: Visit | null,
    resource: Resource,
    validates: StoredResponse | null,
    joinable: boolean,
  ): void {
    const { ledger, context } = this;
    this.counts.fetches++;
    const flight = new Flight({
      ...{ owner: this, resource, model, leader, validates },
      seq: ledger.seq,
      bodyBytesMax: context.objectBytesMax(),
    });
    if (validates !== null) this.makeConditional(flight, validates);
    const count = resource.flights?.size ?? 0;
    flight.joinable =
      joinable && count < FLIGHTS_PER_RESOURCE_MAX && this.wallMs() >= resource.passUntilMs;
    resource.flights ??= new Set();
    resource.flights.add(flight);
    flight.begin(this.next);
  }

  /** RFC 9111 section 4.3.1: the client's own preconditions are answered from what is stored afterwards. */
  private makeConditional({ request: { fields } }: Flight, stored: StoredResponse): void {
    for (const id of PRECONDITIONS) fields.removeAll(id);
    const { etag, lastModified } = validatorsOf(fieldsOf(stored));
    if (etag !== undefined) fields.addKnown(FieldId.ifNoneMatch, etag);
    if (lastModified !== undefined) fields.addKnown(FieldId.ifModifiedSince, lastModified);
  }

  // As the owner of flights.

  onInterim(flight: Flight, head: ResponseHead): void {
    flight.leader?.exchange.sink.interim(head);
  }

  onHead(flight: Flight, head: ResponseHead, end: boolean): void {
    const { validates } = flight;
    if (validates !== null) {
      if (head.status === 304) {
        this.onNotModified(flight, head, validates);
        return;
      }
      if (isFailure(head) && this.serveStale(flight, head, validates)) return;
    }
    const nowMs = this.wallMs();
    const facts = readResponse(head.status, head.fields, nowMs);
    const why = this.whyNot(flight, head, facts);
    if (why === undefined) this.keep(flight, head, end, facts);
    else this.passOn(flight, head, end, why);
  }

  onStored(flight: Flight, stored: StoredResponse): void {
    this.counts.fetchedBytes += stored.bodyBytes;
    if (flight.overtaken || this.isPurged(flight, stored.tags)) {
      this.counts.refuse('purged');
      return;
    }
    stored.seq = this.ledger.seq;
    this.objects.add(stored);
    flight.kept = true;
    this.counts.stored++;
  }

  onOver(flight: Flight): void {
    const { resource, stored } = flight;
    const { flights } = resource;
    flights?.delete(flight);
    if (flights?.size === 0) resource.flights = null;
    if (stored !== null && !flight.kept) this.ledger.release(stored.tags);
    this.objects.forget(resource);
    // Nothing came of it: those who still wait look for themselves.
    for (const visit of flight.takeWaiting()) this.again(visit);
  }

  private onNotModified(flight: Flight, head: ResponseHead, stored: StoredResponse): void {
    const about = isAbout(validatorsOf(head.fields), validatorsOf(fieldsOf(stored)));
    const current = !stored.gone && !flight.overtaken && !this.isPurged(flight, stored.tags);
    const facts = about && current ? freshen(stored, head.fields, this.wallMs()) : null;
    const leader = flight.leader;
    const visits = flight.takeWaiting();
    if (facts === null || stored.gone) {
      // It is about something else, or what it is about has left: without that the origin says all.
      if (!stored.gone) this.objects.remove(stored);
      for (const visit of visits) this.again(visit);
      return;
    }
    const nowMs = this.wallMs();
    const exchanged = { requestMs: flight.requestWallMs, responseMs: nowMs };
    noteFreshness(stored, facts, exchanged, this.rule.heuristics);
    stored.seq = this.ledger.seq;
    this.objects.resized(stored);
    this.counts.validated++;
    for (const visit of visits) {
      const { exchange, flags } = visit;
      const usable =
        visit === leader ||
        decideReuse(visit.directives, freshnessOf(stored), nowMs).verdict === 'use';
      if (!usable || !this.isVariant(stored, exchange.request.fields)) {
        this.again(visit);
        continue;
      }
      this.objects.used(stored);
      const status = this.statusText({
        ...{ hit: false, forwarded: 'stale', forwardStatus: 304 },
        collapsed: visit.collapsed,
      });
      deliver({ exchange, flags, stored, flight: null, nowMs, status });
    }
  }

  /** RFC 5861 section 4. False: nobody may be served that. */
  private serveStale(flight: Flight, head: ResponseHead, stored: StoredResponse): boolean {
    if (stored.gone || this.isPurged(flight, stored.tags)) return false;
    const nowMs = this.wallMs();
    const freshness = freshnessOf(stored);
    const may = (visit: Visit): boolean =>
      mayServeOnError(visit.directives, freshness, this.rule, nowMs);
    const { leader } = flight;
    if (leader !== null && !may(leader)) return false;
    const forwardStatus = head.status;
    for (const visit of flight.takeWaiting()) {
      if (!may(visit)) {
        this.refuse(visit, forwardStatus);
        continue;
      }
      this.counts.staleOnError++;
      const { exchange, flags, collapsed } = visit;
      const status = this.statusText({ hit: false, forwarded: 'stale', forwardStatus, collapsed });
      deliver({ exchange, flags, stored, flight: null, nowMs, status });
    }
    flight.dismiss();
    return true;
  }

  /** Undefined: it may be stored. */
  private whyNot(flight: Flight, head: ResponseHead, facts: ResponseFacts): string | undefined {
    const { asked } = flight;
    const names = varyNames(head.fields);
    const request = {
      method: 'GET',
      directives: directivesOf(asked),
      authorized: asked.has(FieldId.authorization),
    };
    const refusal = whyNotStored(request, facts, names === null);
    if (refusal !== undefined) return refusal;
    if (flight.journey.failure !== '' && flight.server === '') return 'failure';
    if (head.status === 206) return 'partial';
    if (!this.rule.setCookies && head.fields.has(FieldId.setCookie)) return 'set-cookie';
    if (head.contentLength > this.context.objectBytesMax()) return 'too-large';
    if (storedFieldsBytes(head.fields) > HEAD_BYTES_MAX) return 'head-too-large';
    if (flight.overtaken) return 'purged';
    return undefined;
  }

  /** Stores the response while it comes, and gives it to all who may have it. */
  private keep(flight: Flight, head: ResponseHead, end: boolean, facts: ResponseFacts): void {
    const { rule, ledger } = this;
    const names = tagsOf(head.fields, TAGS_MAX);
    const stored = this.objects.begin(flight.resource);
    stored.status = head.status;
    stored.varyNames = varyNames(head.fields) ?? [];
    stored.variant = variantOf(stored.varyNames, flight.asked, rule.normalisers);
    stored.seq = flight.seq;
    const nowMs = this.wallMs();
    const exchanged = { requestMs: flight.requestWallMs, responseMs: nowMs };
    noteFreshness(stored, facts, exchanged, rule.heuristics);
    kept.copyFrom(head.fields, head.start, head.end);
    strip(kept, facts.directives);
    if (names === null || !stored.keepFields(kept)) {
      this.passOn(flight, head, end, names === null ? 'tags' : 'no-memory');
      return;
    }
    stored.tags = ledger.retainTags(names);
    stored.beginBody(end ? 0 : head.body === BodyKind.length ? head.contentLength : -1);
    if (this.isPurged(flight, stored.tags)) {
      ledger.release(stored.tags);
      stored.leave();
      this.passOn(flight, head, end, 'purged');
      return;
    }
    flight.store(stored);
    const { leader } = flight;
    const reusable = decideReuse(NOTHING_ASKED, freshnessOf(stored), nowMs).verdict === 'use';
    // Others would only wait for a response that they may not use.
    if (!reusable) this.objects.markPass(flight.resource, nowMs + rule.passMs);
    for (const visit of flight.takeWaiting()) {
      if (visit === leader) this.answerLeader(flight, visit, head, end);
      else if (!this.readAlong(visit, flight)) this.again(visit);
    }
  }

  /** The one that a fetch was begun for gets what came, the fields among it that are not stored. */
  private answerLeader(flight: Flight, visit: Visit, head: ResponseHead, end: boolean): void {
    const { exchange, flags } = visit;
    const stored = flight.stored as StoredResponse;
    const nowMs = this.wallMs();
    exchange.server = flight.server;
    const forwarded =
      flight.validates === null ? this.missReason(visit, flight) : ('stale' as const);
    const status = this.statusText({
      ...{ hit: false, forwarded, stored: true },
      ...(forwarded === 'stale' && { forwardStatus: head.status }),
    });
    const askedPart = (flags & RequestFlag.range) !== 0 && head.status === 200;
    const replaced = flight.validates !== null && (flags & RequestFlag.conditional) !== 0;
    if (askedPart || replaced) {
      deliver({ exchange, flags, stored, flight, nowMs, status });
      return;
    }
    if (status !== '') head.fields.appendToList(FieldId.cacheStatus, status);
    const bodiless = end || isBodiless(head.status);
    exchange.sink.head(head, bodiless);
    if (bodiless) exchange.sink.flush();
    else sendBody({ exchange, stored, flight }, 0, Number.POSITIVE_INFINITY);
  }

  /** It is not stored: the one that it was fetched for gets it, others ask for themselves. */
  private passOn(flight: Flight, head: ResponseHead, end: boolean, why: string): void {
    this.counts.refuse(why);
    const { resource, leader } = flight;
    const failed = isFailure(head);
    if (!failed && !OF_THE_REQUEST.has(why)) {
      this.objects.markPass(resource, this.wallMs() + this.rule.passMs);
    }
    if (head.status < 400 && head.status !== 304 && flight.validates !== null) {
      // What was stored is replaced by something that may not be.
      if (!flight.validates.gone) this.objects.remove(flight.validates);
    }
    const visits = flight.takeWaiting();
    if (leader === null) flight.dismiss();
    else {
      const { exchange } = leader;
      exchange.server = flight.server;
      const forwarded = flight.validates === null ? this.missReason(leader, flight) : 'stale';
      const status = this.statusText({ hit: false, forwarded });
      if (status !== '') head.fields.appendToList(FieldId.cacheStatus, status);
      if (!end) flight.relay(exchange);
      exchange.sink.head(head, end);
      if (end) exchange.sink.flush();
    }
    for (const visit of visits) {
      if (visit === leader) continue;
      if (failed) this.refuse(visit, head.status);
      else this.again(visit);
    }
  }

  /** Looks again, now that more is known. */
  private again(visit: Visit): void {
    if (!visit.exchange.isOver) this.look(visit);
  }

  /** One who has waited for a fetch that failed is not sent to the same origin. */
  private refuse({ exchange }: Visit, status: number): void {
    answer(exchange, { status, says: 'The origin fails.' });
  }

  private isPurged(flight: Flight, tags: readonly number[]): boolean {
    return this.ledger.verdictOn(flight.resource.key, tags, flight.seq) !== undefined;
  }

  // Answers.

  private hit(
    exchange: Exchange,
    flags: number,
    stored: StoredResponse,
    nowMs: number,
    collapsed = false,
  ): void {
    this.objects.used(stored);
    if (collapsed) this.counts.collapsed++;
    else this.counts.hits++;
    this.counts.hitBytes += stored.bodyBytes;
    const ttlSeconds = stored.lifetimeSeconds - ageOf(stored, nowMs);
    const status = this.rule.cacheStatus ? hitStatus(Math.floor(ttlSeconds)) : '';
    deliver({ exchange, flags, stored, flight: null, nowMs, status });
  }

  private missReason(visit: Visit, { resource }: Flight): ForwardReason {
    if (visit.has(RequestFlag.directives) && !this.asksForNothing(visit)) return 'request';
    return resource.newest === null ? 'uri-miss' : 'vary-miss';
  }

  private statusText(handled: Parameters<typeof cacheStatus>[1]): string {
    return this.rule.cacheStatus ? cacheStatus(CACHE_NAME, handled) : '';
  }

  /** Past the cache. */
  private pass(exchange: Exchange, forwarded: ForwardReason): void {
    this.counts.passed++;
    const status = this.statusText({ hit: false, forwarded });
    if (status !== '') exchange.sink = new PassSink(exchange.sink, status, null);
    this.next(exchange);
  }

  /** A HEAD whose answer says whether what is stored for GET is still right, RFC 9111 section 4.3.5. */
  private passHead(visit: Visit, stored: StoredResponse): void {
    const { exchange } = visit;
    const sentMs = this.wallMs();
    const { seq } = this.ledger;
    const status = this.statusText({ hit: false, forwarded: 'stale' });
    this.counts.passed++;
    exchange.sink = new PassSink(exchange.sink, status, {
      onHead: (head) => {
        if (stored.gone || head.status !== 200 || seq !== this.ledger.seq) return;
        const length = head.fields.get(FieldId.contentLength);
        const validators = validatorsOf(head.fields);
        const same =
          (length === undefined || Number(length) === stored.lengthBytes) &&
          (validators.etag !== undefined || validators.lastModified !== undefined) &&
          isAbout(validators, validatorsOf(fieldsOf(stored)));
        if (!same) {
          invalidate(stored);
          return;
        }
        kept.copyFrom(head.fields, head.start, head.end);
        const nowMs = this.wallMs();
        const facts = freshen(stored, kept, nowMs);
        if (facts === null) return;
        const exchanged = { requestMs: sentMs, responseMs: nowMs };
        noteFreshness(stored, facts, exchanged, this.rule.heuristics);
        this.objects.resized(stored);
      },
    });
    this.next(exchange);
  }

  /** Other methods: what they change becomes stale, RFC 9111 section 4.4. */
  private passUnsafe(exchange: Exchange): void {
    this.counts.passed++;
    const { request, client } = exchange;
    const method = request.methodName();
    const target = this.rule.keys.keyedUrl(
      `${client.encrypted ? 'https' : 'http'}://${request.authority()}${request.path()}${
        request.hasQuery ? `?${request.query()}` : ''
      }`,
    );
    const status = this.statusText({ hit: false, forwarded: 'method' });
    exchange.sink = new PassSink(exchange.sink, status, {
      onHead: (head) => {
        if (target === undefined) return;
        for (const uri of invalidatedBy(method, target, head.status, head.fields)) {
          this.invalidateUrl(this.rule.keys.keyedUrl(uri));
        }
      },
    });
    this.next(exchange);
  }

  private invalidateUrl(url: string | undefined): void {
    if (url === undefined) return;
    if (this.rule.keys.addsLines) {
      // One URL has many keys.
      this.ledger.purge({ kind: 'url', value: url, soft: true });
      return;
    }
    const resource = this.space.resources.get(url);
    if (resource === undefined) return;
    for (let at = resource.newest; at !== null; at = at.nextVariant) invalidate(at);
    for (const flight of resource.flights ?? []) flight.overtake();
  }
}

/** RFC 5861 section 4: these say that the origin fails, as does no answer at all. */
function isFailure({ status }: ResponseHead): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

function invalidate(stored: StoredResponse): void {
  stored.invalidated = true;
  stored.freshUntilMs = 0;
}

/** What is fresh in the eyes of a cache, and how much longer. */
function hitStatus(ttlSeconds: number): string {
  return `${CACHE_NAME}; hit; ttl=${ttlSeconds}`;
}

const PRECONDITIONS: readonly FieldId[] = [
  FieldId.ifNoneMatch,
  FieldId.ifModifiedSince,
  FieldId.range,
  FieldId.ifRange,
];

/** Reasons that say nothing of the next response to another request. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set([
  'request-no-store',
  'authorized',
  'not-modified',
  'partial',
  'purged',
  'no-memory',
]);
