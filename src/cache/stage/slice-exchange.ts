/**
 * A request for one slice, made for a client's request for more: to the cache it is a request like others, so that
 * slices are stored, shared, validated and purged like other responses.
 *
 * Invariant: who has let it go hears nothing of it any more.
 */
import { type ClientFacts, Exchange, type ResponseSink } from '../../core/http/index.ts';
import { FieldId, type Fields, MethodId, type ResponseHead } from '../../core/wire/index.ts';
import type { Part } from '../policy/index.ts';
import { REPLACED_FOR_SLICES, rangeOfSlice } from '../ranges/index.ts';

/** Whom a slice is fetched for. */
export interface SliceReader {
  onSliceInterim(head: ResponseHead): void;
  onSliceHead(slice: SliceExchange, head: ResponseHead, end: boolean): void;
  /** False: no more until its flow is told. */
  onSliceData(bytes: Buffer, stays: boolean): boolean;
  onSliceEnd(trailers: Fields | null): void;
  onSliceFlush(): void;
  onSliceAbort(): void;
}

export class SliceExchange extends Exchange {
  readonly client: ClientFacts;
  readonly bodyEnded = true;
  readonly asked: Part;
  private readonly model: Exchange;
  private dropped = false;

  /** @param model the client's exchange. @param sinceMs milliseconds since that began. */
  constructor(model: Exchange, reader: SliceReader, asked: Part, sinceMs: number) {
    super();
    this.model = model;
    this.asked = asked;
    this.client = model.client;
    this.request.copyFrom(model.request);
    const { fields, method } = this.request;
    for (const id of REPLACED_FOR_SLICES) fields.removeAll(id);
    // RFC 9110 section 14.2: only GET has ranges.
    if (method === MethodId.get) fields.addKnown(FieldId.range, rangeOfSlice(asked));
    this.startedMs = model.startedMs + sinceMs;
    this.requestMs = model.requestMs;
    this.route = model.route;
    this.journey.listener = model.journey.listener;
    this.sink = new SliceSink(this, reader);
  }

  get isOver(): boolean {
    return this.dropped || this.model.isOver;
  }

  get isDropped(): boolean {
    return this.dropped;
  }

  /** It is not needed any more; a fetch that others may use goes on. */
  drop(): void {
    this.dropped = true;
    const { flow } = this;
    this.flow = null;
    flow?.onAbort();
  }

  wallMs(): number {
    return this.model.wallMs();
  }

  receive(): void {
    // A request for a slice has no body.
  }

  resumeBody(): void {
    // As above.
  }

  interim(head: ResponseHead): void {
    this.sink.interim(head);
  }

  head(head: ResponseHead, end: boolean): void {
    this.sink.head(head, end);
  }

  data(bytes: Buffer, stays: boolean): boolean {
    return this.sink.data(bytes, stays);
  }

  end(trailers: Fields | null): void {
    this.sink.end(trailers);
  }

  flush(): void {
    this.sink.flush();
  }

  abort(): void {
    this.sink.abort();
  }
}

class SliceSink implements ResponseSink {
  private readonly slice: SliceExchange;
  private readonly reader: SliceReader;

  constructor(slice: SliceExchange, reader: SliceReader) {
    this.slice = slice;
    this.reader = reader;
  }

  interim(head: ResponseHead): void {
    if (!this.slice.isDropped) this.reader.onSliceInterim(head);
  }

  head(head: ResponseHead, end: boolean): void {
    this.slice.status = head.status;
    if (!this.slice.isDropped) this.reader.onSliceHead(this.slice, head, end);
  }

  data(bytes: Buffer, stays: boolean): boolean {
    if (!this.slice.isDropped) return this.reader.onSliceData(bytes, stays);
    // It was let go before whoever sends it could be told.
    this.slice.drop();
    return true;
  }

  end(trailers: Fields | null): void {
    // Nobody is behind it any more who could be told.
    this.slice.flow = null;
    if (!this.slice.isDropped) this.reader.onSliceEnd(trailers);
  }

  flush(): void {
    if (!this.slice.isDropped) this.reader.onSliceFlush();
  }

  abort(): void {
    if (!this.slice.isDropped) this.reader.onSliceAbort();
  }
}
