/**
 * Answers a request with a stored response: whole, a part of it, its head alone, or that the client has it already.
 */
import { answer, type Exchange } from '../../core/http/index.ts';
import {
  BodyKind,
  FieldId,
  isBodiless,
  MethodId,
  type ResponseHead,
} from '../../core/wire/index.ts';
import { becomeCoded, codedTag, codingOf, varyByEncoding } from '../compression/index.ts';
import type { Flight } from '../flights/flight.ts';
import { SMALL_BODY_BYTES, type StoredResponse } from '../objects/stored-response.ts';
import { decideRange, isNotModified, type Part, validatorsOf } from '../policy/index.ts';
import {
  becomePartial,
  coalesce,
  frameParts,
  type PartialResponse,
  plainPart,
  RangeBody,
  unsatisfiedRange,
} from '../ranges/index.ts';
import { type Chosen, chooseCoded } from './choose-coded.ts';
import { Delivery } from './delivery.ts';
import { PassSink } from './pass-sink.ts';
import { PulledDelivery } from './pulled-delivery.ts';
import { RequestFlag } from './request-flags.ts';
import type { StageParts } from './stage-parts.ts';
import { factsOf, fieldsOf } from './stored-facts.ts';

export interface Delivered {
  readonly exchange: Exchange;
  /** `RequestFlag`s. */
  readonly flags: number;
  readonly stored: StoredResponse;
  /** Its body still comes; null: it is whole. */
  readonly flight: Flight | null;
  readonly nowMs: number;
  /** Member of Cache-Status; empty for none. */
  readonly status: string;
}

/** Answers with what is stored, as the request asks. */
export function deliver(parts: StageParts, delivered: Delivered): void {
  const { compression } = parts.rule;
  if (compression === null || !delivered.stored.complete || delivered.flight !== null) {
    deliverChosen(parts, delivered, null);
    return;
  }
  const chosen = chooseCoded(parts.context.codings, compression, delivered, (made) => {
    if (made) deliver(parts, delivered);
    else passBy(parts, delivered.exchange);
  });
  if (chosen === 'pass') passBy(parts, delivered.exchange);
  else if (chosen !== 'later') deliverChosen(parts, delivered, chosen);
}

/** What is stored is in no coding that the client takes, and can not be brought into one. */
function passBy(parts: StageParts, exchange: Exchange): void {
  parts.counts.passed++;
  const status = parts.statusText({ hit: false, forwarded: 'vary-miss' });
  if (status !== '') exchange.sink = new PassSink(exchange.sink, status, null);
  parts.next(exchange);
}

/** @param chosen null: there is one coding of it. */
function deliverChosen(parts: StageParts, delivered: Delivered, chosen: Chosen | null): void {
  const { exchange, flags, stored, nowMs } = delivered;
  const conditional = (flags & RequestFlag.conditional) !== 0;
  if (chosen?.held === true || (conditional && isKnownToClient(exchange, stored, nowMs))) {
    notModified(delivered, chosen);
    return;
  }
  if (
    (flags & RequestFlag.range) !== 0 &&
    chosen?.ranges !== false &&
    stored.status === 200 &&
    stored.lengthBytes >= 0 &&
    exchange.request.method === MethodId.get &&
    deliverParts(parts, delivered, chosen)
  ) {
    return;
  }
  const head = headOf(delivered, chosen);
  if (chosen === null || chosen.body === null) frame(head, stored);
  send(delivered, chosen, head, 0, Number.POSITIVE_INFINITY);
}

/** Sends the body behind a head that the client has got already. */
export function sendBody(
  { exchange, stored, flight }: Pick<Delivered, 'exchange' | 'stored' | 'flight'>,
  from: number,
  to: number,
): void {
  const delivery = new Delivery(exchange, stored, { from, to, collecting: flight });
  if (flight === null) delivery.pump();
  else flight.read(delivery);
}

/** Seconds of RFC 9111 section 5.1. */
export function ageOf(
  stored: Pick<StoredResponse, 'initialAgeSeconds' | 'responseMs'>,
  nowMs: number,
): number {
  return Math.floor(stored.initialAgeSeconds + Math.max(0, nowMs - stored.responseMs) / 1000);
}

/** The stored fields, as the coding has them, Age and Cache-Status. */
function headOf(
  { exchange, stored, nowMs, status }: Delivered,
  chosen: Chosen | null,
): ResponseHead {
  const head = exchange.response;
  head.reset();
  head.status = stored.status;
  const { fields } = head;
  stored.readFields(fields);
  if (chosen !== null) {
    if (chosen.body !== null) becomeCoded(head, chosen.coding, chosen.body.bytes);
    else varyByEncoding(fields);
  }
  fields.addKnown(FieldId.age, String(ageOf(stored, nowMs)));
  if (status !== '') fields.appendToList(FieldId.cacheStatus, status);
  return head;
}

function frame(head: ResponseHead, { lengthBytes }: StoredResponse): void {
  if (lengthBytes === -1) {
    head.body = BodyKind.stream;
    return;
  }
  head.body = BodyKind.length;
  head.contentLength = lengthBytes;
  const { fields } = head;
  if (!isBodiless(head.status) && !fields.has(FieldId.contentLength)) {
    fields.addKnown(FieldId.contentLength, String(lengthBytes));
  }
}

function send(
  delivered: Delivered,
  chosen: Chosen | null,
  head: ResponseHead,
  from: number,
  to: number,
): void {
  const { exchange, stored, flight } = delivered;
  const coded = chosen === null ? null : chosen.body;
  const { sink } = exchange;
  const isEmpty = head.contentLength === 0 || isBodiless(head.status);
  if (isEmpty || exchange.request.method === MethodId.head) {
    sink.head(head, true);
    sink.flush();
    return;
  }
  sink.head(head, false);
  const end = Math.min(to, coded === null ? stored.bodyBytes : coded.bytes);
  if (stored.complete && end - from <= SMALL_BODY_BYTES) {
    for (let at = from; at < end; ) {
      const bytes = coded === null ? stored.body(at, end) : coded.piece(at, end);
      at += bytes.length;
      sink.data(bytes, false);
    }
    sink.end(null);
    sink.flush();
    return;
  }
  if (coded === null) sendBody({ exchange, stored, flight }, from, to);
  else pull(exchange, stored, new RangeBody(coded, plainPart({ start: from, end })), true);
}

/** Sends a body that is there as the client takes it. @param stays its memory stays where it is while held. */
function pull(exchange: Exchange, stored: StoredResponse, body: RangeBody, stays: boolean): void {
  stored.pin();
  const release = (): void => stored.unpin();
  new PulledDelivery(exchange, { next: () => body.next(), stays, release }).pump();
}

function isKnownToClient(exchange: Exchange, stored: StoredResponse, nowMs: number): boolean {
  // RFC 9110 section 13.2.1: preconditions are for what would be answered with 2xx without them.
  if (stored.status < 200 || stored.status > 299) return false;
  const validators = validatorsOf(fieldsOf(stored));
  return isNotModified(exchange.request.fields, validators, factsOf(stored), nowMs);
}

/** RFC 9110 section 15.4.5. */
function notModified(delivered: Delivered, chosen: Chosen | null): void {
  const head = headOf(delivered, chosen);
  head.status = 304;
  // The tag is that of the coding which the client has.
  if (chosen?.held === true && chosen.coding !== codingOf(head.fields)) {
    const etag = head.fields.get(FieldId.etag);
    if (etag !== undefined) head.fields.set(FieldId.etag, codedTag(etag, chosen.coding));
  }
  for (const id of CONTENT_FIELDS) head.fields.removeAll(id);
  const { sink } = delivered.exchange;
  sink.head(head, true);
  sink.flush();
}

/** Of which a 304 has none. */
export const CONTENT_FIELDS: readonly FieldId[] = [
  FieldId.contentLength,
  FieldId.contentType,
  FieldId.contentEncoding,
  FieldId.contentLanguage,
  FieldId.contentRange,
];

/** Answers with parts that a stored part of a representation holds. @param parts not empty. */
export function deliverHeld(
  { context }: StageParts,
  delivered: Delivered,
  parts: readonly Part[],
): void {
  const { exchange, stored } = delivered;
  const { part, lengthBytes } = stored.partial as PartialResponse;
  const head = headOf(delivered, null);
  const type = parts.length > 1 ? head.fields.get(FieldId.contentType) : undefined;
  const framing = frameParts(parts, lengthBytes, type, context.random);
  becomePartial(head, framing);
  exchange.sink.head(head, false);
  const piece = (from: number, to: number): Buffer =>
    stored.body(from - part.start, to - part.start);
  const body = new RangeBody({ bytes: lengthBytes, piece }, framing);
  pull(exchange, stored, body, stored.bodyBytes > SMALL_BODY_BYTES);
}

/** RFC 9110 section 14.2. False: the request is answered as if it asked for all. */
function deliverParts(
  { context }: StageParts,
  delivered: Delivered,
  chosen: Chosen | null,
): boolean {
  const { exchange, stored } = delivered;
  const coded = chosen === null ? null : chosen.body;
  const lengthBytes = coded === null ? stored.lengthBytes : coded.bytes;
  const { dateMs } = factsOf(stored);
  const { etag, lastModified } = validatorsOf(fieldsOf(stored));
  const tag = etag === undefined || coded === null ? etag : codedTag(etag, coded.coding);
  const validators = { etag: tag, lastModified };
  const decision = decideRange(exchange.request.fields, validators, { lengthBytes, dateMs });
  if (decision.kind === 'unsatisfiable') {
    answer(exchange, {
      status: 416,
      fields: [
        [FieldId.contentRange, unsatisfiedRange(lengthBytes)],
        ...(delivered.status === '' ? [] : [[FieldId.cacheStatus, delivered.status] as const]),
      ],
    });
    return true;
  }
  if (decision.kind !== 'parts') return false;
  const parts = coalesce(decision.parts);
  // Several parts of what still comes would have to wait for the last of them.
  if (parts.length > 1 && !stored.complete) return false;
  const head = headOf(delivered, chosen);
  const type = parts.length > 1 ? head.fields.get(FieldId.contentType) : undefined;
  const framing = frameParts(parts, lengthBytes, type, context.random);
  becomePartial(head, framing);
  if (parts.length === 1) {
    const { start, end } = parts[0] as Part;
    send(delivered, chosen, head, start, end);
    return true;
  }
  const { sink } = exchange;
  sink.head(head, false);
  const piece = (from: number, to: number): Buffer => stored.body(from, to);
  const source = coded ?? { bytes: lengthBytes, piece };
  // A short body may move at any time: it is copied.
  pull(exchange, stored, new RangeBody(source, framing), lengthBytes > SMALL_BODY_BYTES);
  return true;
}
