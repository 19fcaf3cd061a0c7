/**
 * One fetch from the origin, for all who ask for the same meanwhile.
 *
 *     asking ──head──▶ judged by the owner ──▶ storing   body kept, everybody reads it as it comes
 *       │                                  ├─▶ relaying  body passed on to the one it was begun for
 *       │                                  └─▶ over      nobody needs the body: a 304, or an error and something stale
 *       └── nobody waits any more ──▶ goes on: what comes may be stored
 *     storing ──whole──▶ over;  ──no room──▶ windowed: bytes are let go once all readers have them
 *
 * Invariants: a body is given to readers in order and whole, or their connections break; a body that is not stored
 * takes at most `RELAY_WINDOW_BYTES` beyond its slowest reader; what is fetched here is not touched by the end of
 * the client that it was begun for.
 */
import { type ClientFacts, Exchange, type Handler } from '../../core/http/index.ts';
import { Fields, MethodId, type ResponseHead } from '../../core/wire/index.ts';
import { RELAY_WINDOW_BYTES } from '../limits.ts';
import type { Resource } from '../objects/resource.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import type { Collecting, Delivery } from '../stage/delivery.ts';
import type { Visit, Waiting } from '../stage/visit.ts';
import { FetchClient } from './fetch-client.ts';

/** Decides what becomes of a fetch. */
export interface FlightOwner {
  wallMs(): number;
  /** An interim response has come. */
  onInterim(flight: Flight, head: ResponseHead): void;
  /** The head has come: answers those who wait, and calls one of `store`, `relay` and `dismiss`. */
  onHead(flight: Flight, head: ResponseHead, end: boolean): void;
  /** The body is whole. */
  onStored(flight: Flight, stored: StoredResponse): void;
  /** It is over, whatever came of it. */
  onOver(flight: Flight): void;
}

export type FlightState = 'asking' | 'storing' | 'windowed' | 'relaying' | 'over';

export class Flight extends Exchange implements Collecting, Waiting {
  readonly client: ClientFacts;
  /** What it brings is for. */
  resource: Resource;
  /** Fields of the request as the client sent them, by which variants are told apart. */
  readonly asked: Fields = new Fields();
  /** Others may wait for it. */
  joinable = false;
  state: FlightState = 'asking';
  /** Whom it was begun for; null: for nobody, behind a client that got something stale. */
  leader: Visit | null;
  /** Others who wait for its head. */
  readonly waiting: Set<Visit> = new Set();
  /** What is asked whether it is still right; pinned. */
  readonly validates: StoredResponse | null;
  /** What its response becomes. */
  stored: StoredResponse | null = null;
  /** An unsafe request has come since it began: nothing of it is stored. */
  overtaken = false;
  /** Length of the slice that it brings; 0: it brings none. */
  sliceBytes = 0;
  /** It was begun for a slice, and what came is for all of the URL. */
  moved = false;
  /** What it brought is stored. */
  kept = false;
  /** When the request was sent, wall milliseconds. */
  readonly requestWallMs: number;
  /** Sequence of purges when it began. */
  readonly seq: number;
  private readonly owner: FlightOwner;
  private readonly bodyBytesMax: number;
  private readonly readers = new Set<Delivery>();
  private relayTo: Exchange | null = null;
  private over = false;
  /** The origin was told to wait. */
  private held = false;

  constructor(options: {
    readonly owner: FlightOwner;
    readonly resource: Resource;
    readonly model: Exchange;
    readonly leader: Visit | null;
    readonly validates: StoredResponse | null;
    readonly seq: number;
    /** A longer body is not stored. */
    readonly bodyBytesMax: number;
  }) {
    super();
    const { owner, model } = options;
    this.owner = owner;
    this.resource = options.resource;
    this.leader = options.leader;
    this.validates = options.validates;
    this.seq = options.seq;
    this.bodyBytesMax = options.bodyBytesMax;
    this.client = new FetchClient(model.client);
    const { request } = model;
    this.request.copyFrom(request);
    // What is fetched behind a HEAD is stored for GET.
    if (request.method !== MethodId.get) this.request.setMethod(MethodId.get);
    this.asked.copyFrom(request.fields, request.start, request.end);
    this.startedMs = model.startedMs;
    this.requestMs = model.requestMs;
    this.route = model.route;
    this.journey.listener = model.journey.listener;
    this.requestWallMs = owner.wallMs();
    this.validates?.pin();
    if (this.leader !== null) this.wait(this.leader);
  }

  get bodyEnded(): boolean {
    return true;
  }

  get isOver(): boolean {
    return this.over;
  }

  wallMs(): number {
    return this.owner.wallMs();
  }

  /** Sends it on. */
  begin(next: Handler): void {
    next(this);
  }

  // Those who wait.

  /** Somebody waits for its head. */
  wait(visit: Visit): void {
    visit.wait(this);
    if (visit !== this.leader) this.waiting.add(visit);
  }

  leave(visit: Visit): void {
    this.waiting.delete(visit);
    if (visit === this.leader) this.leader = null;
  }

  /** Those who have waited; nobody waits any more. The leader is the first, if it is still there. */
  takeWaiting(): Visit[] {
    const { leader, waiting } = this;
    const all = leader === null ? [...waiting] : [leader, ...waiting];
    // It is answered from here on, perhaps long before the body is whole: its exchange is another request's by then.
    this.leader = null;
    for (const visit of all) visit.go();
    waiting.clear();
    return all;
  }

  /**
   * What has come is for another resource.
   * @param visitOf who waits for that in the place of one who has waited; null: nobody.
   */
  moveTo(resource: Resource, visitOf: (visit: Visit) => Visit | null): void {
    const { flights } = this.resource;
    flights?.delete(this);
    if (flights?.size === 0) this.resource.flights = null;
    resource.flights ??= new Set();
    resource.flights.add(this);
    this.resource = resource;
    this.moved = true;
    const { leader } = this;
    for (const visit of this.takeWaiting()) {
      const other = visitOf(visit);
      if (other === null) continue;
      if (visit === leader) this.leader = other;
      this.wait(other);
    }
  }

  /** Reads the body as it comes. */
  read(delivery: Delivery): void {
    this.readers.add(delivery);
    delivery.pump();
    if (delivery.isOver) this.readers.delete(delivery);
  }

  /** What it asks for has changed since: it is of use to those alone who wait already. */
  overtake(): void {
    this.overtaken = true;
    this.joinable = false;
  }

  // What the owner makes of it.

  /** The body is collected in `stored`. */
  store(stored: StoredResponse): void {
    this.state = 'storing';
    this.stored = stored;
    stored.pin();
  }

  /** The body is passed on to one client. */
  relay(exchange: Exchange): void {
    this.state = 'relaying';
    this.relayTo = exchange;
    exchange.flow = { onDrain: () => this.flow?.onDrain(), onAbort: () => this.cancel() };
  }

  /** Nothing more of it is wanted. */
  dismiss(): void {
    this.cancel();
  }

  onReaderMoved(): void {
    for (const reader of this.readers) if (reader.isOver) this.readers.delete(reader);
    if (this.state !== 'windowed') return;
    if (this.readers.size === 0) {
      this.cancel();
      return;
    }
    this.letGo();
    if (this.held && !this.isFull) {
      this.held = false;
      this.flow?.onDrain();
    }
  }

  // As an exchange: the request has no body.

  receive(): void {
    // A request that is fetched for others has no body.
  }

  resumeBody(): void {
    // As above.
  }

  // As the sink of the response.

  interim(head: ResponseHead): void {
    if (this.state === 'asking') this.owner.onInterim(this, head);
  }

  head(head: ResponseHead, end: boolean): void {
    if (this.state !== 'asking') return;
    this.status = head.status;
    this.owner.onHead(this, head, end);
    if (end) this.end(null);
  }

  data(bytes: Buffer, stays: boolean): boolean {
    const { state, stored } = this;
    if (state === 'relaying') return this.relayTo!.sink.data(bytes, stays);
    if (state === 'over' || stored === null) return true;
    if (stored.bodyBytes + bytes.length > this.bodyBytesMax) this.beginWindow();
    this.collect(stored, bytes);
    for (const reader of this.readers) reader.pump();
    if (this.state !== 'windowed') return true;
    this.letGo();
    this.held = this.isFull;
    return !this.held;
  }

  end(trailers: Fields | null): void {
    const { state, stored } = this;
    if (state === 'over') return;
    this.state = 'over';
    if (state === 'relaying') {
      this.relayTo!.sink.end(trailers);
    } else if (stored !== null) {
      stored.finish();
      if (state === 'storing') this.owner.onStored(this, stored);
      for (const reader of [...this.readers]) reader.pump();
    }
    this.finish();
  }

  flush(): void {
    if (this.state === 'relaying') this.relayTo!.sink.flush();
  }

  abort(): void {
    const { state } = this;
    if (state === 'over') return;
    this.state = 'over';
    if (state === 'relaying') this.relayTo!.sink.abort();
    for (const reader of [...this.readers]) reader.abort();
    this.finish();
  }

  /** Keeps what has come; when there is no room, for as long as its readers need it. */
  private collect(stored: StoredResponse, bytes: Buffer): void {
    let from = 0;
    while (from < bytes.length) {
      const before = stored.bodyBytes;
      if (stored.append(from === 0 ? bytes : bytes.subarray(from))) return;
      from += stored.bodyBytes - before;
      this.beginWindow();
      for (const reader of this.readers) reader.pump();
      this.letGo();
      if (stored.bodyBytes === before) {
        // Not one piece more: the readers can not be served.
        for (const reader of [...this.readers]) reader.abort();
        this.cancel();
        return;
      }
    }
  }

  /** It is too long, or there is no room: from now on it is not stored and nobody may join. */
  beginWindow(): void {
    if (this.state === 'storing') this.state = 'windowed';
  }

  private get slowest(): number {
    let slowest = this.stored!.bodyBytes;
    for (const { needed } of this.readers) if (needed < slowest) slowest = needed;
    return slowest;
  }

  private get isFull(): boolean {
    return this.stored!.bodyBytes - this.slowest > RELAY_WINDOW_BYTES;
  }

  private letGo(): void {
    this.stored?.dropBefore(this.slowest);
  }

  private cancel(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.flow?.onAbort();
    this.finish();
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.flow = null;
    this.relayTo = null;
    const { stored, validates } = this;
    if (stored !== null) {
      // One that no index has goes with its last reader.
      if (stored.slot === 0) stored.leave();
      stored.unpin();
    }
    validates?.unpin();
    this.owner.onOver(this);
  }
}
