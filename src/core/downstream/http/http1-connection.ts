/**
 * One accepted connection that speaks HTTP/1.
 *
 *     idle ──first byte──▶ head ──whole──▶ exchange ──response and body whole──▶ idle
 *                           │                 ├── 101 ──▶ tunnel ──either side ends──▶ closing
 *                           └── problem ──▶ answered, closing
 *
 * Requests that come while one is served wait in the order they came, at most one read of them; then the
 * client is not read from. Whatever ends an exchange early ends the connection, because where the next
 * request begins would have to be guessed.
 */
import {
  answer,
  BodyReader,
  BULK_BODY_BYTES_MIN,
  type ClientFacts,
  giveBulkBuffer,
  Output,
  takeBulkBuffer,
} from '../../http/index.ts';
import { HeadCollector, parseRequestHead, problemOf } from '../../wire/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { EndingReason } from '../ending-reasons.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { DISCARD_BYTES_MAX } from './limits.ts';
import type { HttpServer, RequestEnding } from './server.ts';

const EXCHANGES_KEPT = 1024;
const pool: Http1Exchange[] = [];

export class Http1Connection implements ConnectionHandler {
  readonly server: HttpServer;
  readonly client: ClientFacts;
  readonly output: Output;
  private readonly connection: Connection;
  private readonly body = new BodyReader();
  private exchange: Http1Exchange | null = null;
  /** Its head is coming; most heads come whole and never stand here. */
  private incoming: Http1Exchange | null = null;
  private collector: HeadCollector | null = null;
  /** What came behind what could be taken. */
  private kept: Buffer | null = null;
  private bulk: Buffer | null = null;
  /** The loop over requests runs: what ends inside it goes on there. */
  private looping = false;
  private requests = 0;
  private draining = false;
  private halfClosed = false;
  /** When this phase began or last moved, monotonic milliseconds. */
  private movedMs: number;
  private lastBufferedBytes = 0;

  constructor(connection: Connection, server: HttpServer, client: ClientFacts) {
    this.connection = connection;
    this.server = server;
    this.client = client;
    this.output = new Output(connection);
    this.movedMs = server.clock.monotonicMs();
  }

  get bodyEnded(): boolean {
    return this.body.ended;
  }

  get bufferedBytes(): number {
    return this.connection.bufferedBytes;
  }

  onData(chunk: Buffer): void {
    this.take(chunk, 0, chunk.length, this.connection.chunksStay);
  }

  onDrain(): void {
    const { exchange } = this;
    if (exchange !== null) exchange.flow?.onDrain();
  }

  onEnd(): void {
    this.halfClosed = true;
    const { exchange } = this;
    if (exchange === null) {
      this.connection.close('client-closed');
      return;
    }
    exchange.keepAlive = false;
    if (this.body.ended) return;
    // A tunnel's end, or a request that is cut off.
    if (exchange.body !== null && this.body.peerEnded(exchange.body)) exchange.body.flush();
    else this.destroy('client-aborted', 'client-closed');
  }

  onClose(_reason: EndingReason): void {
    this.output.clear();
    this.finish('client-aborted');
    this.dropIncoming();
    this.kept = null;
    this.giveBulk();
  }

  onDrainRequested(): void {
    this.draining = true;
    if (this.exchange === null && this.incoming === null) this.connection.close('server-drain');
  }

  onTick(nowMs: number): void {
    const { exchange, connection } = this;
    const { limits } = this.server;
    if (connection.closing) return;
    const buffered = connection.bufferedBytes;
    if (buffered > 0) {
      if (buffered !== this.lastBufferedBytes) this.movedMs = nowMs;
      this.lastBufferedBytes = buffered;
      if (nowMs - this.movedMs >= limits.sendStallMs) this.destroy('send-timeout', 'send-timeout');
      return;
    }
    this.lastBufferedBytes = 0;
    if (exchange === null) {
      const begun = this.incoming !== null || this.requests === 0;
      if (nowMs - this.movedMs < (begun ? limits.headMs : limits.idleMs)) return;
      if (this.incoming !== null) this.refuseLate();
      else connection.close(begun ? 'head-timeout' : 'idle-timeout');
      return;
    }
    if (exchange.tunnel) {
      return;
    }
    if (limits.requestMs > 0 && nowMs - exchange.startedMs >= limits.requestMs) {
      this.timeOut('request-timeout');
    } else if (!this.body.ended && exchange.body !== null && !this.body.paused) {
      if (nowMs - this.movedMs >= limits.bodyStallMs) this.timeOut('body-timeout');
    }
  }

  // From the exchange.

  flush(): void {
    this.output.flush();
  }

  /** Somebody takes the body, or takes more of it. */
  bodyWanted(): void {
    this.body.paused = false;
    this.movedMs = this.server.clock.monotonicMs();
    // Inside the handler the loop goes on by itself.
    if (!this.looping) this.goOn();
  }

  /** Whether the connection may serve another request behind the one whose response begins. */
  mayGoOn(): boolean {
    const { body, exchange } = this;
    const { requestsMax } = this.server.limits;
    if (this.draining || (requestsMax > 0 && this.requests >= requestsMax)) return false;
    if (body.ended || exchange!.body !== null) return true;
    // A body that nobody wants: a client that waits for 100 would have to guess as well.
    return !exchange!.request.expectContinue && body.left > 0 && body.left <= DISCARD_BYTES_MAX;
  }

  beginTunnel(): void {
    this.body.beginTunnel();
    if (!this.looping) this.goOn();
  }

  responseEnded(): void {
    const exchange = this.exchange as Http1Exchange;
    if (exchange.tunnel || !exchange.keepAlive) {
      this.output.flush();
      this.finish('complete');
      this.connection.close(this.draining ? 'server-drain' : 'complete');
      return;
    }
    if (!this.body.ended) {
      // Whoever took the body has answered without its end; what is to come is of no use.
      const left = this.body.left;
      if (exchange.body !== null && (left === 0 || left > DISCARD_BYTES_MAX)) {
        this.output.flush();
        this.finish('complete');
        this.connection.close('complete');
        return;
      }
      exchange.body = DISCARD;
      this.body.paused = false;
      if (!this.looping) this.goOn();
      return;
    }
    this.next();
  }

  responseAborted(): void {
    this.destroy('response-aborted', 'response-aborted');
  }

  /** Takes bytes in their order: of the body that is being read, then of the next requests. */
  private take(buf: Buffer, start: number, end: number, stays: boolean): void {
    this.looping = true;
    let at = start;
    while (at < end && !this.connection.closing) {
      const next =
        this.exchange === null ? this.readHead(buf, at, end) : this.readBody(buf, at, end, stays);
      if (next === at) break;
      at = next;
    }
    this.looping = false;
    if (this.connection.closing) return;
    if (at < end) this.keep(buf, at, end);
    else if (this.body.paused || this.waits()) this.connection.pause();
    this.output.flush();
  }

  /** A body is coming and nobody takes it yet. */
  private waits(): boolean {
    return this.exchange !== null && !this.body.ended && this.exchange.body === null;
  }

  /** Takes what was kept, then reads on. */
  private goOn(): void {
    const { kept } = this;
    if (kept !== null) {
      this.kept = null;
      this.take(kept, 0, kept.length, false);
      if (this.kept !== null) return;
    }
    if (!this.body.paused && !this.waits()) this.connection.resume();
  }

  /** The bytes behind what could be taken wait here, and the client is not read from. */
  private keep(buf: Buffer, at: number, end: number): void {
    this.kept = Buffer.from(buf.subarray(at, end));
    this.connection.pause();
  }

  private readBody(buf: Buffer, at: number, end: number, stays: boolean): number {
    const { exchange, body } = this;
    if (body.ended || exchange!.body === null) return at;
    this.movedMs = this.server.clock.monotonicMs();
    const sink = exchange!.body;
    const before = body.bytes;
    const next = body.read(buf, at, end, stays, sink);
    // The sink may have ended the exchange.
    if (this.exchange !== exchange) return next < 0 ? end : next;
    if (next < 0) {
      this.refuse(exchange!, next);
      return end;
    }
    exchange!.receivedBytes += body.bytes - before;
    const { bodyBytes } = this.server.limits;
    if (bodyBytes > 0 && body.bytes > bodyBytes && !exchange!.tunnel) {
      this.tooLarge(exchange!);
      return end;
    }
    sink.flush();
    if (body.ended) this.bodyIsWhole();
    return next;
  }

  /** Behind the body: the exchange may have waited for it alone. */
  private bodyIsWhole(): void {
    this.giveBulk();
    if (this.exchange?.ended === true) this.next();
  }

  private readHead(buf: Buffer, at: number, end: number): number {
    const { head } = this.server.limits;
    const exchange = this.incoming ?? takeExchange();
    this.incoming = exchange;
    let taken: number;
    if (this.collector === null || this.collector.size === 0) {
      taken = parseRequestHead(exchange.request, buf, at, end, head);
      if (taken === 0) {
        if (this.movedMs === 0 || this.requests > 0) this.movedMs = this.server.clock.monotonicMs();
        this.collector ??= new HeadCollector(head.headBytes, (b, s, e) =>
          parseRequestHead(this.incoming!.request, b, s, e, head),
        );
        taken = this.collector.take(buf, at, end);
      }
    } else {
      taken = this.collector.take(buf, at, end);
    }
    if (taken === 0) return end;
    this.incoming = null;
    this.requests++;
    const nowMs = this.server.clock.monotonicMs();
    this.movedMs = nowMs;
    this.exchange = exchange;
    exchange.begin(this, nowMs, taken > 0 && exchange.request.keepAlive && !this.halfClosed);
    if (taken < 0) {
      this.refuse(exchange, taken);
      return end;
    }
    this.begin(exchange);
    if (this.collector !== null) {
      // Its memory held the head.
      if (this.exchange === exchange) exchange.request.retain();
      this.collector.release();
      this.collector = null;
    }
    return at + taken;
  }

  private begin(exchange: Http1Exchange): void {
    const { request } = exchange;
    const { chunks, bodyBytes } = this.server.limits;
    this.body.begin(request, chunks);
    if (bodyBytes > 0 && request.contentLength > bodyBytes) {
      this.tooLarge(exchange);
      return;
    }
    if (request.contentLength >= BULK_BODY_BYTES_MIN && !this.connection.chunksStay) {
      this.bulk = takeBulkBuffer();
      if (this.bulk !== null) this.connection.useReadBuffer(this.bulk);
    }
    this.server.handler(exchange);
  }

  private tooLarge(exchange: Http1Exchange): void {
    exchange.keepAlive = false;
    exchange.body?.abort();
    exchange.body = DISCARD;
    if (exchange.begun) this.destroy('refused', 'input-limit');
    else answer(exchange, { status: 413 });
  }

  /** What came is no HTTP: said so, and the connection ends. */
  private refuse(exchange: Http1Exchange, code: number): void {
    const problem = problemOf(code);
    this.server.events.onRefused(problem);
    this.body.stop();
    exchange.keepAlive = false;
    exchange.body?.abort();
    exchange.body = null;
    if (exchange.begun) {
      this.destroy('refused', 'protocol-error');
      return;
    }
    exchange.flow?.onAbort();
    exchange.flow = null;
    exchange.sink = exchange;
    answer(exchange, { status: problem.status, says: problem.says });
  }

  private refuseLate(): void {
    const exchange = this.incoming as Http1Exchange;
    this.incoming = null;
    this.exchange = exchange;
    exchange.request.reset();
    exchange.begin(this, this.movedMs, false);
    this.body.stop();
    answer(exchange, { status: 408, says: 'The request did not come in time.' });
  }

  private timeOut(ending: 'request-timeout' | 'body-timeout'): void {
    const exchange = this.exchange as Http1Exchange;
    if (exchange.begun) {
      this.destroy(ending, ending);
      return;
    }
    exchange.keepAlive = false;
    exchange.body?.abort();
    exchange.body = null;
    exchange.flow?.onAbort();
    exchange.flow = null;
    exchange.sink = exchange;
    this.body.stop();
    answer(exchange, { status: ending === 'body-timeout' ? 408 : 504 });
  }

  /** The exchange is over, the connection goes on. */
  private next(): void {
    const { draining } = this;
    this.finish('complete');
    if (draining || this.halfClosed) {
      this.output.flush();
      this.connection.close(draining ? 'server-drain' : 'client-closed');
      return;
    }
    if (this.looping) return;
    this.output.flush();
    if (this.kept !== null) this.goOn();
    else this.connection.resume();
  }

  private destroy(ending: RequestEnding, reason: EndingReason): void {
    this.finish(ending);
    this.connection.destroy(reason);
  }

  private finish(ending: RequestEnding): void {
    const { exchange } = this;
    if (exchange === null) return;
    this.exchange = null;
    this.movedMs = this.server.clock.monotonicMs();
    const cut = !this.body.ended;
    this.giveBulk();
    this.body.stop();
    if (ending !== 'complete') exchange.flow?.onAbort();
    if (cut) exchange.body?.abort();
    this.server.events.onRequestEnd(exchange, ending);
    exchange.reset();
    if (pool.length < EXCHANGES_KEPT) pool.push(exchange);
  }

  private dropIncoming(): void {
    const { incoming } = this;
    this.incoming = null;
    if (incoming === null) return;
    incoming.reset();
    if (pool.length < EXCHANGES_KEPT) pool.push(incoming);
  }

  private giveBulk(): void {
    if (this.bulk === null) return;
    this.connection.useReadBuffer(null);
    giveBulkBuffer(this.bulk, !this.body.paused);
    this.bulk = null;
  }
}

function takeExchange(): Http1Exchange {
  return pool.pop() ?? new Http1Exchange();
}

const DISCARD = {
  data: () => true,
  end: () => {},
  flush: () => {},
  abort: () => {},
};
