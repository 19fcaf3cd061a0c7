/**
 * Sends the body of a stored response to one client, also while it still comes.
 *
 *     begin ──▶ pump ──the client takes no more──▶ blocked ──onDrain──▶ pump ──▶ end
 *                └── nothing more has come yet ──▶ waits for `pump` of whoever collects it
 *
 * Invariants: the response is pinned from the beginning to the end; bytes that the client has not taken stay where
 * they are until it says so.
 */
import type { Exchange, ResponseFlow, ResponseSink } from '../../core/http/index.ts';
import { SMALL_BODY_BYTES, type StoredResponse } from '../objects/stored-response.ts';

/** Whoever collects a body that others read meanwhile. */
export interface Collecting {
  /** One of its readers has moved on or left. */
  onReaderMoved(): void;
}

export class Delivery implements ResponseFlow {
  /** The next byte to be sent. */
  offset: number;
  private readonly exchange: Exchange;
  private readonly sink: ResponseSink;
  private readonly stored: StoredResponse;
  private readonly to: number;
  private readonly collecting: Collecting | null;
  private blocked = false;
  /** Where the bytes begin that the client has been given and not taken. */
  private heldFrom = 0;
  private over = false;

  /**
   * The head has been sent. @param from first byte, @param to the one behind the last; infinite: all that comes.
   */
  constructor(
    exchange: Exchange,
    stored: StoredResponse,
    { from, to, collecting }: { from: number; to: number; collecting: Collecting | null },
  ) {
    this.exchange = exchange;
    this.sink = exchange.sink;
    this.stored = stored;
    this.offset = from;
    this.to = to;
    this.collecting = collecting;
    exchange.flow = this;
    stored.pin();
  }

  get isOver(): boolean {
    return this.over;
  }

  /** The first byte that has to stay where it is. */
  get needed(): number {
    return this.blocked ? this.heldFrom : this.offset;
  }

  /** Sends what is there and the client takes. */
  pump(): void {
    const { stored, sink } = this;
    while (!this.blocked && !this.over) {
      const end = Math.min(this.to, stored.bodyBytes);
      if (this.offset >= end) break;
      const bytes = stored.body(this.offset, end);
      this.heldFrom = this.offset;
      this.offset += bytes.length;
      // A short body may move at any time: it is copied.
      if (!sink.data(bytes, bytes.length > SMALL_BODY_BYTES)) this.blocked = true;
    }
    if (this.over) return;
    const done = this.offset >= this.to || (stored.complete && this.offset >= stored.bodyBytes);
    if (done && !this.blocked) {
      this.finish();
      sink.end(null);
    }
    sink.flush();
  }

  /** What comes is not whole: the client must not take it for that. */
  abort(): void {
    if (this.over) return;
    this.finish();
    this.sink.abort();
  }

  onDrain(): void {
    this.blocked = false;
    this.pump();
    this.collecting?.onReaderMoved();
  }

  onAbort(): void {
    if (this.over) return;
    this.finish();
    this.collecting?.onReaderMoved();
  }

  private finish(): void {
    this.over = true;
    if (this.exchange.flow === this) this.exchange.flow = null;
    this.stored.unpin();
  }
}
