/**
 * The body of a request, piece by piece as somebody asks for it.
 *
 * A piece is valid until the next one is asked for. While nobody asks, nothing is read from the client: what came
 * in the last read waits here. Bytes that do not stay are copied; bytes that stay keep the source from being read.
 */
import { ownCopy } from '../../../core/base/index.ts';
import type { BodySink } from '../../../core/http/index.ts';
import { ResponseHead } from '../../../core/wire/index.ts';
import type { Client } from '../../client.ts';

/** The client has gone, or has stopped in the middle: nobody is there to hear an answer. */
export class ClientGone extends Error {
  constructor() {
    super('the client has gone');
    this.name = 'ClientGone';
  }
}

/** Bytes of small reads that are kept before the client is told to wait. */
const KEPT_BYTES_MAX = 262_144;

export class IncomingBody implements BodySink, AsyncIterable<Buffer> {
  /** Bytes that have come. */
  receivedBytes = 0;
  private readonly client: Client;
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  private state: 'new' | 'open' | 'ended' | 'broken' = 'new';
  private paused = false;
  private wake: (() => void) | null = null;
  /** Who waits for 100 has been told. */
  private told = false;

  constructor(client: Client) {
    this.client = client;
    if (client.exchange.bodyEnded) this.state = 'ended';
  }

  /** Whether the client was told to send it, or sends it anyway. */
  get begun(): boolean {
    return this.state !== 'new';
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    this.begin();
    for (;;) {
      const piece = this.queue.shift();
      if (piece !== undefined) {
        this.queuedBytes -= piece.length;
        yield piece;
      } else if (this.state === 'ended') return;
      else if (this.state === 'broken') throw new ClientGone();
      else await this.more();
    }
  }

  /**
   * Tells who waits for 100 to go on, though nothing is to come. botocore takes any other answer for the answer of its
   * connection's next request too, which then hangs; without a body the connection would be used again.
   */
  continueWithoutBytes(): void {
    const { exchange, gone } = this.client;
    if (gone || this.told) return;
    const { expectContinue, contentLength } = exchange.request;
    if (expectContinue && contentLength === 0) exchange.interim(continueHead());
    this.told = true;
  }

  data(bytes: Buffer, stays: boolean): boolean {
    this.receivedBytes += bytes.length;
    this.queue.push(stays ? bytes : ownCopy(bytes));
    this.queuedBytes += bytes.length;
    this.paused = stays || this.queuedBytes > KEPT_BYTES_MAX;
    this.tell();
    return !this.paused;
  }

  end(): void {
    this.state = 'ended';
    this.tell();
  }

  flush(): void {}

  abort(): void {
    if (this.state !== 'ended') this.state = 'broken';
    this.tell();
  }

  private begin(): void {
    if (this.state !== 'new') return;
    this.state = 'open';
    const { exchange, gone } = this.client;
    if (gone) {
      this.state = 'broken';
      return;
    }
    // RFC 9110 section 10.1.1: who waits is told to go on only now that somebody takes the body.
    if (exchange.request.expectContinue) exchange.interim(continueHead());
    this.told = true;
    exchange.receive(this);
  }

  private async more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    if (this.client.gone) this.abort();
    else if (this.paused) {
      this.paused = false;
      this.client.exchange.resumeBody();
    }
    await promise;
  }

  private tell(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }
}

function continueHead(): ResponseHead {
  const head = new ResponseHead();
  head.status = 100;
  return head;
}
