/**
 * Fetches of a stage, and what becomes of the responses they bring.
 *
 *     head ─▶ 304 to our own question    freshen and deliver, or look again when it is about something else
 *         ├─▶ failure, something stale   deliver that to whoever takes it
 *         ├─▶ may be stored              collect; all who may use it read along
 *         └─▶ may not                    the one it was fetched for gets it, others look again
 *
 * Invariant: what a purge or an unsafe request has overtaken is not stored.
 */
import { answer, type Exchange } from '../../core/http/index.ts';
import { BodyKind, FieldId, Fields, isBodiless, type ResponseHead } from '../../core/wire/index.ts';
import { codingOf, varyByEncoding, whyNotCompressed } from '../compression/index.ts';
import { Flight, type FlightOwner } from '../flights/flight.ts';
import { FLIGHTS_PER_RESOURCE_MAX, HEAD_BYTES_MAX, TAGS_MAX } from '../limits.ts';
import type { Resource } from '../objects/resource.ts';
import { storedFieldsBytes } from '../objects/stored-fields.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import {
  decideReuse,
  type ForwardReason,
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
import { tagsOf } from '../purge/index.ts';
import { type PartialResponse, rangeOfSlice, readPartial } from '../ranges/index.ts';
import { deliver, sendBody } from './deliver.ts';
import { freshen, mayStay } from './freshen.ts';
import { joinParts } from './held-parts.ts';
import { sharesCookies, strip } from './kept-fields.ts';
import { RequestFlag } from './request-flags.ts';
import { passSlices, takeSlice } from './slice-fetches.ts';
import { sliceOfKey } from './slice-key.ts';
import type { StageParts } from './stage-parts.ts';
import { fieldsOf, freshnessOf, noteFreshness } from './stored-facts.ts';
import { directivesOf, type Visit } from './visit.ts';

const kept = new Fields();
const ENCODING = 'accept-encoding';

export class Fetching implements FlightOwner {
  private readonly parts: StageParts;
  private readonly look: (visit: Visit) => void;

  /** @param look what is done with a request that has to look again. */
  constructor(parts: StageParts, look: (visit: Visit) => void) {
    this.parts = parts;
    this.look = look;
  }

  wallMs(): number {
    return this.parts.wallMs();
  }

  begin(
    model: Exchange,
    leader: Visit | null,
    resource: Resource,
    validates: StoredResponse | null,
    joinable: boolean,
  ): void {
    const { ledger, context } = this.parts;
    this.parts.counts.fetches++;
    const flight = new Flight({
      ...{ owner: this, resource, model, leader, validates },
      seq: ledger.seq,
      bodyBytesMax: context.objectBytesMax(),
    });
    if (validates !== null) this.makeConditional(flight, validates);
    const slice = sliceOfKey(resource.key);
    // Also behind a HEAD, which has none.
    if (slice !== null) flight.request.fields.set(FieldId.range, rangeOfSlice(slice.asked));
    this.setLanguage(flight);
    const count = resource.flights?.size ?? 0;
    const nowMs = this.parts.wallMs();
    flight.joinable =
      joinable &&
      count < FLIGHTS_PER_RESOURCE_MAX &&
      nowMs >= resource.passUntilMs &&
      !this.parts.isInDoubt(nowMs);
    resource.flights ??= new Set();
    resource.flights.add(flight);
    flight.begin(this.parts.next);
  }

  /** Reads what a flight collects, if it may be used for this request. */
  readAlong(visit: Visit, flight: Flight): boolean {
    const stored = flight.stored as StoredResponse;
    const nowMs = this.parts.wallMs();
    const { fields } = visit.exchange.request;
    if (!this.parts.isVariant(stored, fields) || !this.parts.isCodingAccepted(stored, fields)) {
      return false;
    }
    if (decideReuse(visit.directives, freshnessOf(stored), nowMs).verdict !== 'use') return false;
    visit.collapsed = true;
    this.parts.counts.collapsed++;
    const status = this.parts.statusText({
      hit: false,
      forwarded: 'uri-miss',
      stored: true,
      collapsed: true,
    });
    const { exchange, flags } = visit;
    deliver(this.parts, { exchange, flags, stored, flight, nowMs, status });
    return true;
  }

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
    if (!takeSlice(this.parts, flight, head)) return;
    const nowMs = this.parts.wallMs();
    const facts = readResponse(head.status, head.fields, nowMs);
    const why = this.whyNot(flight, head, facts);
    if (why === undefined) this.keep(flight, head, end, facts);
    else this.passOn(flight, head, end, why);
  }

  onStored(flight: Flight, stored: StoredResponse): void {
    this.parts.counts.fetchedBytes += stored.bodyBytes;
    if (flight.overtaken || this.parts.isPurged(flight, stored.tags)) {
      this.parts.counts.refuse('purged');
      return;
    }
    const { partial } = stored;
    const { sliceBytes } = flight;
    if (
      (partial !== null && stored.bodyBytes !== partial.part.end - partial.part.start) ||
      (sliceBytes > 0 && stored.bodyBytes !== sliceBytes)
    ) {
      this.parts.counts.refuse('partial');
      return;
    }
    stored.seq = this.parts.ledger.seq;
    this.parts.objects.add(stored);
    flight.kept = true;
    this.parts.counts.stored++;
    if (partial !== null) joinParts(this.parts, stored);
  }

  onOver(flight: Flight): void {
    const { resource, stored } = flight;
    const { flights } = resource;
    flights?.delete(flight);
    if (flights?.size === 0) resource.flights = null;
    if (stored !== null && !flight.kept) this.parts.ledger.release(stored.tags);
    this.parts.objects.forget(resource);
    // Nothing came of it: those who still wait look for themselves.
    for (const visit of flight.takeWaiting()) this.again(visit);
  }

  /** The server chooses by what the variant tells, not by words that it does not. */
  private setLanguage({ request: { fields } }: Flight): void {
    const { language } = this.parts.rule;
    const asked = language === null ? undefined : fields.getList(FieldId.acceptLanguage);
    if (language === null || asked === undefined) return;
    const known = language(asked);
    if (known !== '') fields.set(FieldId.acceptLanguage, known);
  }

  /** RFC 9111 section 4.3.1: the client's own preconditions are answered from what is stored afterwards. */
  private makeConditional({ request: { fields } }: Flight, stored: StoredResponse): void {
    for (const id of PRECONDITIONS) fields.removeAll(id);
    const { etag, lastModified } = validatorsOf(fieldsOf(stored));
    if (etag !== undefined) fields.addKnown(FieldId.ifNoneMatch, etag);
    if (lastModified !== undefined) fields.addKnown(FieldId.ifModifiedSince, lastModified);
  }

  private onNotModified(flight: Flight, head: ResponseHead, stored: StoredResponse): void {
    const before = fieldsOf(stored);
    const about = isAbout(validatorsOf(head.fields), validatorsOf(before));
    // One for every Accept-Encoding, of which codings are made.
    const codings = varyNames(before)?.includes(ENCODING) && !stored.varyNames.includes(ENCODING);
    const current = !stored.gone && !flight.overtaken && !this.parts.isPurged(flight, stored.tags);
    const { setCookies } = this.parts.rule;
    const facts =
      about && current ? freshen(stored, head.fields, this.parts.wallMs(), setCookies) : null;
    const leader = flight.leader;
    const visits = flight.takeWaiting();
    const isRight =
      facts !== null && !stored.gone && this.parts.retag(stored, head.fields, flight.seq);
    if (!isRight) {
      // It is about something else, or what it is about has left: without that the origin says all.
      if (!stored.gone) this.parts.objects.remove(stored);
      for (const visit of visits) this.again(visit);
      return;
    }
    const nowMs = this.parts.wallMs();
    const exchanged = { requestMs: flight.requestWallMs, responseMs: nowMs };
    noteFreshness(stored, facts, exchanged, this.parts.rule, this.parts.context.random);
    this.parts.context.codings.freshened(stored);
    stored.seq = this.parts.ledger.seq;
    this.parts.counts.validated++;
    const names = varyNames(fieldsOf(stored));
    const stays = mayStay(stored, facts, names === null);
    if (stays) {
      if (head.fields.has(FieldId.vary)) {
        const kept = codings ? names!.filter((name) => name !== ENCODING) : names!;
        const variant = variantOf(kept, flight.asked, this.parts.rule.normalisers);
        this.parts.objects.revary(stored, kept, variant);
      }
      this.parts.objects.resized(stored);
      this.parts.objects.used(stored);
    } else {
      // It is for the one who has asked alone; its memory is held by the flight for as long.
      this.parts.objects.remove(stored);
    }
    for (const visit of visits) {
      const { exchange, flags } = visit;
      const usable =
        visit === leader ||
        (stays &&
          this.parts.isVariant(stored, exchange.request.fields) &&
          decideReuse(visit.directives, freshnessOf(stored), nowMs).verdict === 'use');
      if (!usable) {
        this.again(visit);
        continue;
      }
      const status = this.parts.statusText({
        ...{ hit: false, forwarded: reasonOf(visit), forwardStatus: 304 },
        collapsed: visit.collapsed,
      });
      deliver(this.parts, { exchange, flags, stored, flight: null, nowMs, status });
    }
  }

  /** RFC 5861 section 4. False: nobody may be served that. */
  private serveStale(flight: Flight, head: ResponseHead, stored: StoredResponse): boolean {
    if (stored.gone || this.parts.isPurged(flight, stored.tags)) return false;
    const nowMs = this.parts.wallMs();
    if (this.parts.isInDoubt(nowMs)) return false;
    const freshness = freshnessOf(stored);
    const may = (visit: Visit): boolean =>
      mayServeOnError(visit.directives, freshness, this.parts.rule, nowMs);
    const { leader } = flight;
    if (leader !== null && !may(leader)) return false;
    const forwardStatus = head.status;
    for (const visit of flight.takeWaiting()) {
      if (!may(visit)) {
        this.refuse(visit, forwardStatus);
        continue;
      }
      this.parts.counts.staleOnError++;
      const { exchange, flags, collapsed } = visit;
      const status = this.parts.statusText({
        hit: false,
        forwarded: reasonOf(visit),
        forwardStatus,
        collapsed,
      });
      deliver(this.parts, { exchange, flags, stored, flight: null, nowMs, status });
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
    // RFC 9111 section 3 leaves room for who is told otherwise: a rule may name statuses that are kept.
    const isNamed = this.parts.rule.lifetimes.byStatus.has(head.status) && names !== null;
    if (refusal !== undefined && !(refusal === 'not-cacheable' && isNamed)) return refusal;
    if (flight.journey.failure !== '' && flight.server === '') return 'failure';
    if (head.status === 206 && flight.sliceBytes === 0 && partOf(flight, head, facts) === null) {
      return 'partial';
    }
    if (!this.parts.rule.setCookies && sharesCookies(head.fields, facts.directives)) {
      return 'set-cookie';
    }
    if (head.contentLength > this.parts.context.objectBytesMax()) return 'too-large';
    if (storedFieldsBytes(head.fields) > HEAD_BYTES_MAX) return 'head-too-large';
    if (flight.overtaken) return 'purged';
    return undefined;
  }

  /** Stores the response while it comes, and gives it to all who may have it. */
  private keep(flight: Flight, head: ResponseHead, end: boolean, facts: ResponseFacts): void {
    const { rule, ledger } = this.parts;
    const names = tagsOf(head.fields, TAGS_MAX);
    const stored = this.parts.objects.begin(flight.resource);
    stored.status = head.status;
    // A slice is all that there is under its key.
    const isPart = head.status === 206 && flight.sliceBytes === 0;
    stored.partial = isPart ? partOf(flight, head, facts) : null;
    stored.varyNames = varyNames(head.fields) ?? [];
    if (this.isForAllCodings(head, facts, stored.varyNames)) {
      stored.varyNames = stored.varyNames.filter((name) => name !== ENCODING);
      varyByEncoding(head.fields);
    }
    stored.variant = variantOf(stored.varyNames, flight.asked, rule.normalisers);
    stored.seq = flight.seq;
    const nowMs = this.parts.wallMs();
    const exchanged = { requestMs: flight.requestWallMs, responseMs: nowMs };
    noteFreshness(stored, facts, exchanged, rule, this.parts.context.random);
    kept.copyFrom(head.fields, head.start, head.end);
    strip(kept, facts.directives);
    if (names === null || !stored.keepFields(kept)) {
      this.passOn(flight, head, end, names === null ? 'tags' : 'no-memory');
      return;
    }
    stored.tags = ledger.retainTags(names);
    stored.beginBody(end ? 0 : head.body === BodyKind.length ? head.contentLength : -1);
    if (this.parts.isPurged(flight, stored.tags)) {
      ledger.release(stored.tags);
      stored.leave();
      this.passOn(flight, head, end, 'purged');
      return;
    }
    flight.store(stored);
    const { leader } = flight;
    const reusable =
      nowMs < stored.freshUntilMs ||
      decideReuse(NO_DIRECTIVES, freshnessOf(stored), nowMs).verdict === 'use';
    // Others would only wait for a response that they may not use.
    if (!reusable) this.parts.objects.markPass(flight.resource, nowMs + rule.passMs, '');
    for (const visit of flight.takeWaiting()) {
      if (visit === leader) this.answerLeader(flight, visit, head, end);
      else if (!this.readAlong(visit, flight)) this.again(visit);
    }
  }

  /** Whether codings will be made of it, so that one response does for every Accept-Encoding. */
  private isForAllCodings(
    head: ResponseHead,
    { directives }: ResponseFacts,
    names: readonly string[],
  ): boolean {
    const { compression } = this.parts.rule;
    if (compression === null) return false;
    const { status, fields, contentLength } = head;
    const isLengthKnown = head.body === BodyKind.length;
    // What came coded may turn out to be too long to be undone.
    if (!isLengthKnown && codingOf(fields) !== 'identity') return false;
    const bodyBytes = isLengthKnown ? contentLength : compression.minBytes;
    const stored = { status, fields, directives, varyNames: names, bodyBytes };
    return whyNotCompressed(stored, compression) === undefined;
  }

  /** The one that a fetch was begun for gets what came, the fields among it that are not stored. */
  private answerLeader(flight: Flight, visit: Visit, head: ResponseHead, end: boolean): void {
    const { exchange, flags } = visit;
    const stored = flight.stored as StoredResponse;
    const nowMs = this.parts.wallMs();
    exchange.server = flight.server;
    const forwarded = flight.validates === null ? this.missReason(visit, flight) : reasonOf(visit);
    const status = this.parts.statusText({
      ...{ hit: false, forwarded, stored: true },
      ...(flight.validates !== null && { forwardStatus: head.status }),
    });
    const askedPart = (flags & RequestFlag.range) !== 0 && head.status === 200;
    const replaced =
      (flight.validates !== null || flight.moved) && (flags & RequestFlag.conditional) !== 0;
    if (askedPart || replaced) {
      deliver(this.parts, { exchange, flags, stored, flight, nowMs, status });
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
    this.parts.counts.refuse(why);
    const { resource, leader } = flight;
    const failed = isFailure(head);
    if (!failed && !OF_THE_REQUEST.has(why)) {
      this.parts.objects.markPass(resource, this.parts.wallMs() + this.parts.rule.passMs, why);
      if (flight.sliceBytes > 0) passSlices(this.parts, flight, why);
    }
    if (head.status < 400 && head.status !== 304 && flight.validates !== null) {
      // What was stored is replaced by something that may not be.
      if (!flight.validates.gone) this.parts.objects.remove(flight.validates);
    }
    const visits = flight.takeWaiting();
    if (leader === null) flight.dismiss();
    else {
      const { exchange } = leader;
      exchange.server = flight.server;
      const forwarded =
        flight.validates === null ? this.missReason(leader, flight) : reasonOf(leader);
      const status = this.parts.statusText({ hit: false, forwarded });
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
  again(visit: Visit): void {
    if (!visit.exchange.isOver) this.look(visit);
  }

  /** One who has waited for a fetch that failed is not sent to the same origin. */
  private refuse({ exchange }: Visit, status: number): void {
    answer(exchange, { status, says: 'The origin fails.' });
  }

  private missReason(visit: Visit, { resource }: Flight): ForwardReason {
    if (visit.has(RequestFlag.directives) && !this.parts.asksForNothing(visit)) return 'request';
    return resource.newest === null ? 'uri-miss' : 'vary-miss';
  }
}

/** RFC 9211 section 2.2: why what is stored was not enough. */
function reasonOf({ wantsNewer }: Visit): ForwardReason {
  return wantsNewer ? 'request' : 'stale';
}

/** RFC 5861 section 4: these say that the origin fails, as does no answer at all. */
function isFailure({ status }: ResponseHead): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

/** What a 206 brings of its representation, RFC 9111 section 3.3; null: it is not kept. */
function partOf(
  { asked, validates }: Flight,
  { fields }: ResponseHead,
  facts: ResponseFacts,
): PartialResponse | null {
  // One that nobody has asked for is a mistake of the origin.
  if (validates !== null || !asked.has(FieldId.range)) return null;
  const partial = readPartial(fields, facts);
  return typeof partial === 'string' ? null : partial;
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
