/**
 * Sends a body that is there to one client, piece by piece as the client takes them: parts of a response with what
 * stands between them, or a coding of it.
 *
 * Invariant: what it is sent from is held from the beginning to the end.
 */
import type { Exchange, ResponseFlow, ResponseSink } from '../../core/http/index.ts';

/** What pieces are taken from. */
export interface Pulled {
  /** Null behind the last one. A piece is valid until the next call, and stays where it is if `stays`. */
  next(): Buffer | null;
  readonly stays: boolean;
  /** It is not needed any more. */
  release(): void;
}

export class PulledDelivery implements ResponseFlow {
  private readonly exchange: Exchange;
  private readonly sink: ResponseSink;
  private readonly body: Pulled;
  private blocked = false;
  private over = false;

  /** The head has been sent. */
  constructor(exchange: Exchange, body: Pulled) {
    this.exchange = exchange;
    this.sink = exchange.sink;
    this.body = body;
    exchange.flow = this;
  }

  pump(): void {
    while (!this.blocked && !this.over) {
      const bytes = this.body.next();
      if (bytes === null) {
        this.finish();
        this.sink.end(null);
        break;
      }
      if (!this.sink.data(bytes, this.body.stays)) this.blocked = true;
      // The client has left meanwhile.
      if (this.over) return;
    }
    this.sink.flush();
  }

  onDrain(): void {
    this.blocked = false;
    if (!this.over) this.pump();
  }

  onAbort(): void {
    if (!this.over) this.finish();
  }

  private finish(): void {
    this.over = true;
    if (this.exchange.flow === this) this.exchange.flow = null;
    this.body.release();
  }
}
