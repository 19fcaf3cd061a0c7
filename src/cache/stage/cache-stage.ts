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
 * used by any request that comes behind it, nor stored by a fetch that began before it; in doubt (`isInDoubt`) nothing
 * stored or under way is used that was not asked for by this request or validated for it.
 */
import { answer, type Exchange, isHttps } from '../../core/http/index.ts';
import { BodyKind, FieldId, MethodId } from '../../core/wire/index.ts';
import type { Flight } from '../flights/flight.ts';
import { urlOfKey } from '../key/index.ts';
import { WAITERS_MAX } from '../limits.ts';
import type { Resource } from '../objects/resource.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import { decideReuse, type ReuseReason, refreshesEarly, variantOf } from '../policy/index.ts';
import { Loading } from '../tiers/loading.ts';
import { ageOf, deliver, deliverHeld } from './deliver.ts';
import { Fetching } from './fetching.ts';
import { findPart } from './held-parts.ts';
import { HitFields, hitStatus } from './hit-fields.ts';
import { HotKeys } from './hot-keys.ts';
import { Passing } from './passing.ts';
import { RequestFlag, requestFlags } from './request-flags.ts';
import type { SliceExchange } from './slice-exchange.ts';
import { SlicedResponse, type Slicing } from './sliced-response.ts';
import { CACHE_NAME, type StageOptions, StageParts } from './stage-parts.ts';
import { freshnessOf } from './stored-facts.ts';
import { Visit } from './visit.ts';

/** Looks behind which a request goes to the origin by itself. */
const ROUNDS_MAX = 4;

/** Reasons to validate that lie in the request alone. */
const OF_THE_REQUEST: ReadonlySet<ReuseReason> = new Set([
  'request-no-cache',
  'request-max-age',
  'min-fresh',
]);

export class CacheStage implements Slicing {
  private readonly parts: StageParts;
  private readonly hot = new HotKeys();
  private readonly fetching: Fetching;
  private readonly passing: Passing;

  constructor(options: StageOptions) {
    this.parts = new StageParts(options);
    this.passing = new Passing(this.parts);
    this.fetching = new Fetching(this.parts, (visit) => this.look(visit));
  }

  handle(exchange: Exchange): void {
    const { request } = exchange;
    const { method } = request;
    if (method !== MethodId.get && method !== MethodId.head) {
      this.passing.passUnsafe(exchange);
      return;
    }
    const { keys } = this.parts.rule;
    const encrypted = isHttps(exchange);
    const hot = this.hot.find(keys, request, encrypted);
    const key = hot === null ? keys.keyOf(request, encrypted) : hot.key;
    if (key === '' || request.body !== BodyKind.none || request.upgrade) {
      if (key === '') this.parts.counts.keysTooLong++;
      this.passing.pass(exchange, 'bypass');
      return;
    }
    let flags = requestFlags(request.fields);
    if ((flags & RequestFlag.directives) !== 0 && !this.parts.rule.clientDirectives) {
      // RFC 9111 section 5.2.1: they are a wish. Who fetches asks as everybody does.
      request.fields.removeAll(FieldId.cacheControl);
      request.fields.removeAll(FieldId.pragma);
      flags &= ~RequestFlag.directives;
    }
    if ((flags & RequestFlag.directives) === 0) {
      let resource = hot ?? this.parts.space.awake.get(key);
      if (resource === undefined) {
        if (this.answerAsleep(exchange, key, flags)) return;
        resource = this.parts.find(key);
      }
      if (hot === null && resource !== undefined) this.hot.note(request, resource);
      const stored = resource === undefined ? null : this.parts.select(resource, request.fields);
      if (stored === null) {
        if (this.answerFromDisk(exchange, key, flags)) return;
      } else if (stored.seq === this.parts.ledger.seq) {
        const nowMs = exchange.wallMs();
        const isUsable = nowMs < stored.freshUntilMs && nowMs < this.parts.ledger.completeUntilMs;
        if (isUsable && (flags & RequestFlag.originOnly) === 0) {
          this.hit(exchange, flags, stored, nowMs);
          return;
        }
      }
    }
    this.look(new Visit(exchange, key, flags));
  }

  /** Whether what is stored can be sent as it lies there, if it is fresh. */
  private isPlain(exchange: Exchange, flags: number): boolean {
    const { compression, lifetimes } = this.parts.rule;
    if ((flags & NOT_PLAIN) !== 0 || exchange.request.method !== MethodId.get) return false;
    return compression === null && lifetimes.refreshBeta === 0 && exchange.sink === exchange;
  }

  /** Answers a plain request from what sleeps, without waking it. False: it was not answered. */
  private answerAsleep(exchange: Exchange, key: string, flags: number): boolean {
    if (!this.isPlain(exchange, flags)) return false;
    const { objects, space, ledger, context } = this.parts;
    const stored = objects.peek(space, key);
    if (stored === null || stored.varyNames.length > 0 || !stored.isReady) return false;
    const nowMs = exchange.wallMs();
    if (stored.seq !== ledger.seq || nowMs >= stored.freshUntilMs) return false;
    if (nowMs >= ledger.completeUntilMs) return false;
    // What was used again belongs on the disk.
    if (!stored.onDisk && context.shelf() !== null) return false;
    this.hit(exchange, flags, stored, nowMs);
    return true;
  }

  /** Answers a plain request from the disk, where memory has nothing for it. False: it was not answered. */
  private answerFromDisk(exchange: Exchange, key: string, flags: number): boolean {
    const { space, context, counts, rule } = this.parts;
    const shelf = context.shelf();
    if (shelf === null || !this.isPlain(exchange, flags)) return false;
    const nowMs = exchange.wallMs();
    if (this.parts.isInDoubt(nowMs)) return false;
    const variantOf = (names: readonly string[]): string =>
      this.parts.variantFor(names, exchange.request.fields);
    const asked = { space, key, nowMs, variantOf };
    const answer = shelf.findNow(asked);
    if (answer === null) return false;
    shelf.useNow(asked);
    counts.hits++;
    counts.diskHits++;
    counts.hitBytes += answer.bodyBytes;
    const ageSeconds = ageOf(answer, nowMs);
    const ttlSeconds = Math.floor(answer.lifetimeSeconds - ageSeconds);
    const fields = rule.cacheStatus ? namedFields : bareFields;
    exchange.sendReady(answer, fields.of(ageSeconds, ttlSeconds));
    return true;
  }

  // Lookup.

  look(visit: Visit): void {
    const { exchange, directives } = visit;
    if (visit.has(RequestFlag.originOnly) || visit.rounds++ >= ROUNDS_MAX) {
      this.passing.pass(exchange, 'request');
      return;
    }
    const nowMs = this.parts.wallMs();
    const resource = this.parts.objects.resourceOf(this.parts.space, visit.key);
    const stored = this.parts.selectUnpurged(resource, exchange.request.fields);
    if (stored === null) {
      if (this.answerFromParts(visit, resource, nowMs)) return;
      if (this.askDisk(visit)) return;
      if (this.slice(visit, nowMs)) return;
      // It may have been forgotten with the last response that a purge has taken.
      this.miss(visit, this.parts.objects.resourceOf(this.parts.space, visit.key));
      return;
    }
    const { verdict, reason } = decideReuse(directives, freshnessOf(stored), nowMs);
    if (verdict === 'validate' || this.parts.isInDoubt(nowMs)) {
      visit.wantsNewer = OF_THE_REQUEST.has(reason);
      this.revalidate(visit, resource, stored);
      return;
    }
    if (verdict === 'background') {
      this.parts.counts.staleHits++;
      this.refresh(exchange, resource, stored);
    }
    this.hit(exchange, visit.flags, stored, nowMs, visit.collapsed);
  }

  /** Answers with what is there of a representation that is not there whole. */
  private answerFromParts(visit: Visit, resource: Resource, nowMs: number): boolean {
    if (resource.parts === null || this.parts.isInDoubt(nowMs)) return false;
    const held = findPart(this.parts, resource, visit, nowMs);
    if (held === null) return false;
    const { exchange, flags, collapsed } = visit;
    const { stored } = held;
    this.noteHit(stored, collapsed);
    const ttlSeconds = Math.floor(stored.lifetimeSeconds - ageOf(stored, nowMs));
    const status = this.parts.rule.cacheStatus ? hitStatus(CACHE_NAME, ttlSeconds) : '';
    deliverHeld(this.parts, { exchange, flags, stored, flight: null, nowMs, status }, held.parts);
    return true;
  }

  /** Waits for what the disk has under its key. False: it has nothing, or was asked already. */
  private askDisk(visit: Visit): boolean {
    const shelf = this.parts.context.shelf();
    const { space, objects } = this.parts;
    if (shelf === null || visit.askedDisk || !shelf.has(space, visit.key)) return false;
    const resource = objects.resourceOf(space, visit.key);
    const { loading } = resource;
    if (loading !== null) {
      loading.wait(visit);
      return true;
    }
    visit.askedDisk = true;
    const begun = new Loading();
    resource.loading = begun;
    begun.wait(visit);
    const isWanted = (names: readonly string[], variant: string): boolean =>
      visit.exchange.isOver ||
      this.parts.variantFor(names, visit.exchange.request.fields) === variant;
    const wanted = { space, key: visit.key, isWanted, isOvertaken: () => begun.overtaken };
    shelf.load(wanted, (loaded) => {
      resource.loading = null;
      objects.forget(resource);
      if (loaded) this.parts.counts.diskHits++;
      for (const waiting of begun.take()) this.fetching.again(waiting);
    });
    return true;
  }

  /** Answers from slices. False: there are none of it, or it is being fetched whole. */
  private slice(visit: Visit, nowMs: number): boolean {
    const { parts } = this;
    if (parts.rule.sliceBytes === 0 || visit.slice !== null || visit.unsliced) return false;
    const resource = parts.find(visit.key);
    if (resource !== undefined) {
      if (nowMs < resource.passUntilMs) return false;
      if (!visit.isHead && this.join(visit, resource)) return true;
      parts.objects.forget(resource);
    }
    new SlicedResponse(this, parts, visit).begin();
    return true;
  }

  fetchAhead(slice: SliceExchange, key: string, from: string): void {
    const { objects, space, context } = this.parts;
    // What is not stored would be fetched once more when its turn comes.
    const before = this.parts.find(from);
    if (before === undefined || !isKept(before)) return;
    const visit = new Visit(slice, key, requestFlags(slice.request.fields));
    if (!this.parts.asksForNothing(visit) || visit.directives.has('only-if-cached')) return;
    const resource = objects.resourceOf(space, key);
    if (resource.isEmpty && context.shelf()?.has(space, key) !== true) {
      this.fetching.begin(slice, null, resource, null, true);
    }
    objects.forget(resource);
  }

  forgetSlices(key: string): void {
    this.parts.ledger.purge({ kind: 'url', value: urlOfKey(key), soft: false });
  }

  private miss(visit: Visit, resource: Resource): void {
    if (this.onlyIfCached(visit, resource)) return;
    this.parts.counts.misses++;
    if (visit.isHead) {
      this.parts.objects.forget(resource);
      this.passing.pass(visit.exchange, resource.newest === null ? 'uri-miss' : 'vary-miss');
      return;
    }
    if (this.join(visit, resource)) return;
    const plain = !visit.has(RequestFlag.conditional | RequestFlag.range);
    this.fetching.begin(
      visit.exchange,
      visit,
      resource,
      null,
      plain && this.parts.asksForNothing(visit),
    );
  }

  private revalidate(visit: Visit, resource: Resource, stored: StoredResponse): void {
    if (this.onlyIfCached(visit, resource)) return;
    if (visit.isHead) {
      // What a slice is of is longer than a HEAD can say of it.
      if (visit.slice === null) this.passing.passHead(visit, stored);
      else this.passing.pass(visit.exchange, 'stale');
      return;
    }
    if (visit.directives.has('no-store')) {
      // RFC 9111 section 5.2.1.5: not even what a 304 says may be kept.
      this.passing.pass(visit.exchange, 'request');
      return;
    }
    if (this.join(visit, resource)) return;
    this.parts.counts.validations++;
    this.fetching.begin(visit.exchange, visit, resource, stored, this.parts.asksForNothing(visit));
  }

  /** Fetches anew what a client has got stale, or soon would have, unless somebody does already: false. */
  private refresh(model: Exchange, resource: Resource, stored: StoredResponse): boolean {
    for (const { joinable, state } of resource.flights ?? []) {
      if (joinable && state === 'asking') return false;
    }
    this.parts.counts.validations++;
    this.fetching.begin(model, null, resource, stored, true);
    return true;
  }

  /** RFC 9111 section 5.2.1.7. */
  private onlyIfCached(visit: Visit, resource: Resource): boolean {
    if (!visit.directives.has('only-if-cached')) return false;
    this.parts.objects.forget(resource);
    const status = this.parts.statusText({ hit: false, detail: 'only-if-cached' });
    answer(visit.exchange, {
      status: 504,
      says: 'The request wants what is stored only, and nothing is stored that may be used.',
      fields: status === '' ? [] : [[FieldId.cacheStatus, status]],
    });
    return true;
  }

  /** Waits for a fetch that is under way, or reads along. */
  private join(visit: Visit, resource: Resource): boolean {
    const { flights } = resource;
    if (flights === null || !this.parts.asksForNothing(visit)) return false;
    // They may be older than a purge that is not known here, of which this request comes behind the receipt.
    if (this.parts.isInDoubt(this.parts.wallMs())) return false;
    for (const flight of flights) {
      if (!flight.joinable) continue;
      if (flight.state === 'asking') {
        // Its tags come with its head; those who wait are told then what purges say of them.
        if (this.parts.ledger.mayName(resource.key, flight.seq)) continue;
        if (flight.waiting.size >= WAITERS_MAX || !this.mayFit(visit, flight)) continue;
        visit.collapsed = true;
        flight.wait(visit);
        return true;
      }
      if (flight.state !== 'storing' || flight.stored === null) continue;
      if (this.parts.isPurged(flight, flight.stored.tags)) continue;
      if (this.fetching.readAlong(visit, flight)) return true;
    }
    return false;
  }

  /** Whether a flight may bring the variant that a request asks for, as far as is known of the resource. */
  private mayFit(visit: Visit, flight: Flight): boolean {
    const { newest } = flight.resource;
    if (newest === null || newest.varyNames.length === 0) return true;
    const { normalisers } = this.parts.rule;
    const names = newest.varyNames;
    const wanted = variantOf(names, visit.exchange.request.fields, normalisers);
    return wanted === variantOf(names, flight.asked, normalisers);
  }

  private hit(
    exchange: Exchange,
    flags: number,
    stored: StoredResponse,
    nowMs: number,
    collapsed = false,
  ): void {
    const { refreshBeta: beta } = this.parts.rule.lifetimes;
    if (beta > 0 && this.isRefreshedEarly(stored, nowMs, beta)) {
      if (this.refresh(exchange, stored.resource, stored)) this.parts.counts.earlyRefreshes++;
    }
    this.noteHit(stored, collapsed);
    const ageSeconds = ageOf(stored, nowMs);
    const ttlSeconds = Math.floor(stored.lifetimeSeconds - ageSeconds);
    const { compression, cacheStatus } = this.parts.rule;
    if (
      stored.isReady &&
      compression === null &&
      exchange.sink === exchange &&
      (flags & (RequestFlag.conditional | RequestFlag.range)) === 0 &&
      exchange.request.method === MethodId.get
    ) {
      const fields = cacheStatus ? namedFields : bareFields;
      exchange.sendReady(stored, fields.of(ageSeconds, ttlSeconds));
      return;
    }
    const status = cacheStatus ? hitStatus(CACHE_NAME, ttlSeconds) : '';
    deliver(this.parts, { exchange, flags, stored, flight: null, nowMs, status });
  }

  /** While it is fresh: what is stale is fetched anew for other reasons. */
  private isRefreshedEarly(stored: StoredResponse, nowMs: number, beta: number): boolean {
    const { fetchMs, freshUntilMs: expiryMs } = stored;
    if (nowMs >= expiryMs) return false;
    const { random } = this.parts.context;
    return refreshesEarly({ expiryMs, nowMs, fetchMs, beta }, random.float());
  }

  private noteHit(stored: StoredResponse, collapsed: boolean): void {
    this.parts.used(stored);
    if (collapsed) this.parts.counts.collapsed++;
    else this.parts.counts.hits++;
    this.parts.counts.hitBytes += stored.bodyBytes;
  }
}

const NOT_PLAIN = RequestFlag.conditional | RequestFlag.range | RequestFlag.originOnly;
const namedFields = new HitFields(CACHE_NAME);
const bareFields = new HitFields('');

/** What comes for it is stored. */
function isKept({ newest, flights }: Resource): boolean {
  if (newest !== null) return true;
  for (const { state } of flights ?? []) if (state === 'storing') return true;
  return false;
}
