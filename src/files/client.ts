/**
 * Whoever waits for an answer: lives as long as its exchange is this request's, and knows when it is not any more.
 *
 * Invariant: exchanges are reused. Behind an await nobody touches one without asking `gone` first.
 */
import type { Exchange, ResponseFlow } from '../core/http/index.ts';

export class Client implements ResponseFlow {
  readonly exchange: Exchange;
  /** The exchange is over, or of another request already. */
  gone = false;
  private wake: (() => void) | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    exchange.flow = this;
  }

  onDrain(): void {
    this.tell();
  }

  onAbort(): void {
    this.gone = true;
    this.tell();
  }

  /** The answer is whole: nothing of the exchange may be touched behind it. */
  finished(): void {
    this.gone = true;
  }

  /** The sink that said no takes more, or nobody is there to take it. */
  async drained(): Promise<void> {
    if (this.gone) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    await promise;
  }

  /**
   * Sends the rest of an answer whose head has been sent, as fast as the client takes it; resolves when all was handed
   * on, or the client has gone. Rejects with what made the pieces fail; the client has seen its answer break off then.
   */
  async sendPieces(pieces: AsyncIterable<Buffer>): Promise<void> {
    const { sink } = this.exchange;
    try {
      for await (const piece of pieces) {
        if (this.gone) return;
        const free = sink.data(piece, true);
        sink.flush();
        if (!free) await this.drained();
        if (this.gone) return;
      }
    } catch (error) {
      // What was promised can not be kept: the client must not take it for whole.
      if (!this.gone) {
        this.finished();
        sink.abort();
      }
      throw error;
    }
    this.finished();
    sink.end(null);
    sink.flush();
  }

  private tell(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }
}
