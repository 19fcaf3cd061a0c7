/**
 * One accepted connection that speaks HTTP/1.
 *
 *     idle ──first byte──▶ head ──whole──▶ exchange ──response and body whole──▶ idle
 *                           │                 ├── 101 ──▶ tunnel ──both sides ended──▶ closing
 *                           └── problem ──▶ answered, closing
 *
 * Requests that come while one is served wait in the order they came, at most one read of them; then the
 * client is not read from. Neither is it while more waits for it than `PIPELINE_BYTES_MAX`. Whatever ends an
 * exchange early ends the connection, because where the next request begins would have to be guessed.
 *
 * Times are kept by flags: who moves something sets `moved`, the tick puts a time to it.
 */
import { ownCopy } from '../../base/index.ts';
import {
  BodyReader,
  BulkReads,
  type ClientFacts,
  Output,
  RestingPool,
  SendStall,
  wakePools,
} from '../../http/index.ts';
import {
  HeadCollector,
  MethodId,
  parseRequestHead,
  problemOf,
  problems,
} from '../../wire/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { EndingReason } from '../ending-reasons.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { DISCARD_BYTES_MAX, type HttpLimits, PIPELINE_BYTES_MAX } from './limits.ts';
import { answerRefusal, type HttpServer, type RequestEnding } from './server.ts';

const exchanges = new RestingPool<Http1Exchange>(1024);

/** How a request and its connection end once the answer at hand is whole. */
interface Fate {
  readonly ending: RequestEnding;
  readonly reason: EndingReason;
}

const COMPLETE: Fate = { ending: 'complete', reason: 'complete' };
const REFUSED: Fate = { ending: 'refused', reason: 'protocol-error' };
const NOT_OFFERED: Fate = { ending: 'refused', reason: 'complete' };
const TOO_LARGE: Fate = { ending: 'refused', reason: 'input-limit' };
const HEAD_LATE: Fate = { ending: 'head-timeout', reason: 'head-timeout' };
const BODY_LATE: Fate = { ending: 'body-timeout', reason: 'body-timeout' };
const SEND_LATE: Fate = { ending: 'send-timeout', reason: 'send-timeout' };
const REQUEST_LATE: Fate = { ending: 'request-timeout', reason: 'request-timeout' };
const TUNNEL_IDLE: Fate = { ending: 'tunnel-idle', reason: 'idle-timeout' };
const CLIENT_GONE: Fate = { ending: 'client-aborted', reason: 'client-closed' };
const RESPONSE_CUT: Fate = { ending: 'response-aborted', reason: 'response-aborted' };

export class Http1Connection implements ConnectionHandler {
  readonly server: HttpServer;
  readonly client: ClientFacts;
  readonly output: Output;
  private readonly connection: Connection;
  private readonly body = new BodyReader();
  private readonly bulk: BulkReads;
  private exchange: Http1Exchange | null = null;
  /** Its head is coming; most heads come whole and never stand here. */
  private incoming: Http1Exchange | null = null;
  private collector: HeadCollector | null = null;
  /** What came behind what could be taken; memory of our own. */
  private kept: Buffer | null = null;
  /** The loop over requests runs: what ends inside it goes on there. */
  private looping = false;
  private requests = 0;
  private draining = false;
  private halfClosed = false;
  /** How it ends once the answer is whole. */
  private fate: Fate = COMPLETE;
  /** A phase has begun since the last tick: it counts from there. */
  private moved = false;
  /** When the tick saw the phase begin or something come of it, monotonic milliseconds. */
  private movedMs: number;
  /** Bytes through the exchange at the last tick. */
  private seenBytes = 0;
  private readonly stall = new SendStall();

  constructor(connection: Connection, server: HttpServer, client: ClientFacts) {
    this.connection = connection;
    this.server = server;
    this.client = client;
    this.output = new Output(connection);
    this.bulk = new BulkReads(connection);
    this.movedMs = server.clock.monotonicMs();
  }

  get bodyEnded(): boolean {
    return this.body.ended;
  }

  get bufferedBytes(): number {
    return this.connection.bufferedBytes;
  }

  onData(chunk: Buffer): void {
    wakePools();
    this.take(chunk, 0, chunk.length, this.connection.chunksStay);
    const { body, exchange } = this;
    if (!body.ended && exchange !== null && exchange.body !== null) {
      this.bulk.adapt(body, chunk.length, !body.paused);
    }
  }

  onDrain(): void {
    this.stall.drained();
    const { exchange } = this;
    if (exchange !== null) exchange.flow?.onDrain();
    else if (this.kept !== null) this.goOn();
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
    if (!exchange.tunnel) {
      this.destroy(CLIENT_GONE);
      return;
    }
    this.stopBody();
    exchange.body?.end(null);
    if (this.exchange === exchange && exchange.ended) this.endHere();
  }

  onClose(_reason: EndingReason): void {
    this.finish('client-aborted');
    this.output.clear();
    this.dropIncoming();
    this.kept = null;
  }

  onDrainRequested(): void {
    this.draining = true;
    if (this.exchange === null && this.incoming === null) this.connection.close('server-drain');
  }

  onTick(nowMs: number): void {
    if (this.connection.closing) return;
    const { limits } = this.server;
    if (this.moved) {
      this.moved = false;
      this.movedMs = nowMs;
    }
    const { bufferedBytes } = this.connection;
    if (this.stall.look(bufferedBytes, nowMs, limits.sendStallMs)) this.destroy(SEND_LATE);
    else if (this.exchange !== null) this.lookAtExchange(this.exchange, nowMs, limits);
    else if (!this.stall.waits) this.lookAtSilence(nowMs, limits);
    else this.movedMs = nowMs;
  }

  // From the exchange.

  flush(): void {
    this.output.flush();
  }

  /** Somebody takes the body, or takes more of it. */
  bodyWanted(): void {
    this.body.paused = false;
    this.moved = true;
    // Inside the handler the loop goes on by itself.
    if (this.looping) return;
    this.goOn();
    this.flushBody();
  }

  /** Whether the connection may serve another request behind the one whose response begins. */
  mayGoOn(): boolean {
    const { body, exchange } = this;
    const { requestsMax } = this.server.limits;
    if (this.draining || (requestsMax > 0 && this.requests >= requestsMax)) return false;
    if (body.ended) return true;
    // RFC 9110 section 10.1.1: who waits for 100 may leave the body out or send it after all.
    if (exchange!.request.expectContinue) return false;
    return exchange!.body !== null || (body.left > 0 && body.left <= DISCARD_BYTES_MAX);
  }

  beginTunnel(): void {
    this.body.beginTunnel();
    this.moved = true;
    if (!this.looping) this.goOn();
  }

  /** The server has ended its direction of the tunnel. */
  tunnelSent(): void {
    this.output.flush();
    if (this.body.ended) this.endHere();
    else this.connection.shutdown();
  }

  responseEnded(): void {
    const exchange = this.exchange as Http1Exchange;
    if (!exchange.keepAlive) {
      this.endHere();
      return;
    }
    const { body } = this;
    if (body.ended) {
      this.next();
      return;
    }
    // Whoever took the body has answered without its end; what is to come is of no use.
    if (exchange.body !== null && (body.left === 0 || body.left > DISCARD_BYTES_MAX)) {
      this.endHere();
      return;
    }
    exchange.body = DISCARD;
    body.paused = false;
    if (this.looping) return;
    this.output.flush();
    this.goOn();
  }

  /** The client shall not take what it has for a whole response. */
  responseAborted(): void {
    const exchange = this.exchange as Http1Exchange;
    if (!exchange.begun) {
      this.answerLast(exchange, 502, 'The response can not be passed on.', RESPONSE_CUT);
      return;
    }
    const { endsByClose } = exchange;
    this.output.flush();
    this.finish(RESPONSE_CUT.ending);
    // An end would look like the end of the response.
    if (endsByClose) this.connection.reset(RESPONSE_CUT.reason);
    else this.connection.destroy(RESPONSE_CUT.reason);
  }

  /** Takes bytes in their order: of the body that is being read, then of the next requests. */
  private take(buf: Buffer, start: number, end: number, stays: boolean): void {
    const { connection } = this;
    this.looping = true;
    let at = start;
    while (at < end && !connection.closing) {
      let next: number;
      if (this.exchange !== null) next = this.readBody(buf, at, end, stays);
      else if (connection.bufferedBytes <= PIPELINE_BYTES_MAX) next = this.readHead(buf, at, end);
      else break;
      if (next === at) break;
      at = next;
    }
    this.looping = false;
    if (connection.closing) return;
    if (at < end) this.keep(buf, at, end, buf === this.kept);
    else if (this.body.paused || this.waits()) connection.pause();
    this.flushBody();
    this.output.flush();
  }

  /** A head must go on to the server although nothing of its body has come. */
  private flushBody(): void {
    if (!this.body.ended) this.exchange?.body?.flush();
  }

  /** A body is coming and nobody takes it yet. */
  private waits(): boolean {
    return this.exchange !== null && !this.body.ended && this.exchange.body === null;
  }

  /** Takes what was kept, then reads on. */
  private goOn(): void {
    const { kept, connection } = this;
    if (kept !== null) {
      this.take(kept, 0, kept.length, true);
      if (this.kept !== kept || connection.closing) return;
      this.kept = null;
    }
    if (!this.body.paused && !this.waits()) connection.resume();
  }

  /** The bytes behind what could be taken wait here, and the client is not read from. */
  private keep(buf: Buffer, at: number, end: number, own: boolean): void {
    const rest = buf.subarray(at, end);
    this.kept = own ? rest : ownCopy(rest);
    this.connection.pause();
  }

  private readBody(buf: Buffer, at: number, end: number, stays: boolean): number {
    const { body } = this;
    const exchange = this.exchange as Http1Exchange;
    const sink = exchange.body;
    if (body.ended || sink === null) return at;
    const before = body.bytes;
    const next = body.read(buf, at, end, stays, sink);
    // The sink may have ended the exchange.
    if (this.exchange !== exchange) return next < 0 ? end : next;
    if (next < 0) {
      this.refuse(exchange, next);
      return end;
    }
    exchange.receivedBytes += body.bytes - before;
    if (!body.ended) return next;
    sink.flush();
    if (this.exchange === exchange) this.bodyIsWhole();
    return next;
  }

  /** Behind the body: the exchange may have waited for it alone. */
  private bodyIsWhole(): void {
    const { exchange } = this;
    this.bulk.give(!this.body.paused);
    if (exchange?.ended === true) this.next();
  }

  private readHead(buf: Buffer, at: number, end: number): number {
    const exchange = this.incoming ?? takeExchange();
    const taken = this.parse(exchange, buf, at, end);
    if (taken === 0) {
      this.incoming = exchange;
      return end;
    }
    this.incoming = null;
    this.requests++;
    this.moved = true;
    this.seenBytes = 0;
    this.exchange = exchange;
    const { request } = exchange;
    exchange.begin(this, this.server.clock.monotonicMs(), taken > 0 && request.keepAlive);
    if (taken < 0) {
      request.reset();
      this.refuse(exchange, taken);
      return end;
    }
    this.begin(exchange);
    // Longer than the bytes it was read from.
    if (this.exchange === exchange) request.retain();
    if (this.collector !== null) {
      this.collector.release();
      this.collector = null;
    }
    return at + taken;
  }

  private parse(exchange: Http1Exchange, buf: Buffer, at: number, end: number): number {
    if (this.collector !== null) return this.collector.take(buf, at, end);
    const { request } = exchange;
    const { head } = this.server.limits;
    const taken = parseRequestHead(request, buf, at, end, head);
    if (taken !== 0) return taken;
    // The first head has the time since the accept.
    if (this.requests > 0) this.moved = true;
    this.collector = new HeadCollector(head.headBytes, (b, s, e) =>
      parseRequestHead(request, b, s, e, head),
    );
    return this.collector.take(buf, at, end);
  }

  private begin(exchange: Http1Exchange): void {
    const { request } = exchange;
    const { server } = this;
    const { chunks, bodyBytes } = server.limits;
    if (this.halfClosed) exchange.keepAlive = false;
    this.body.begin(request, chunks, bodyBytes);
    if (bodyBytes > 0 && request.contentLength > bodyBytes) {
      this.refuse(exchange, problems.bodyTooLarge.code);
    } else if (request.method === MethodId.connect && !server.allowConnect) {
      const says = 'Tunnels by CONNECT are not offered.';
      this.answerLast(exchange, 501, says, NOT_OFFERED);
    } else server.handler(exchange);
  }

  /** What came is no HTTP, or too much of it: said so, and the connection ends. */
  private refuse(exchange: Http1Exchange, code: number): void {
    const problem = problemOf(code);
    const { status, says, name } = problem;
    this.server.events.onRefused(problem);
    const fate = problem === problems.bodyTooLarge ? TOO_LARGE : REFUSED;
    this.answerLast(exchange, status, `${says} (${name})`, fate);
  }

  /** Says what is wrong, if nothing else has been said, and ends the connection. */
  private answerLast(exchange: Http1Exchange, status: number, says: string, fate: Fate): void {
    if (exchange.begun) {
      this.destroy(fate);
      return;
    }
    this.fate = fate;
    exchange.keepAlive = false;
    this.letGo(exchange);
    answerRefusal(this.server, exchange, { status, says });
  }

  /** Whoever works on the exchange works for nobody any more. */
  private letGo(exchange: Http1Exchange): void {
    const { flow, body } = exchange;
    this.stopBody();
    exchange.flow = null;
    exchange.body = null;
    exchange.sink = exchange;
    flow?.onAbort();
    body?.abort();
  }

  private stopBody(): void {
    this.bulk.give(!this.body.paused);
    this.body.stop();
  }

  private lookAtSilence(nowMs: number, { headMs, idleMs }: HttpLimits): void {
    const { incoming } = this;
    const begun = incoming !== null || this.requests === 0;
    const limitMs = begun ? headMs : idleMs;
    if (limitMs === 0 || nowMs - this.movedMs < limitMs) return;
    if (incoming === null) this.connection.close(begun ? 'head-timeout' : 'idle-timeout');
    else this.refuseLate(incoming);
  }

  private lookAtExchange(exchange: Http1Exchange, nowMs: number, limits: HttpLimits): void {
    const { body } = this;
    const bytes = exchange.tunnel ? body.bytes + exchange.sentBytes : body.bytes;
    const waits = !body.ended && exchange.body !== null && !body.paused;
    if (bytes !== this.seenBytes || (!exchange.tunnel && !waits)) {
      this.seenBytes = bytes;
      this.movedMs = nowMs;
    }
    const stillMs = nowMs - this.movedMs;
    const { bodyStallMs } = limits;
    const requestMs = exchange.requestMs === 0 ? limits.requestMs : exchange.requestMs;
    if (exchange.tunnel) {
      // One that has ended on one side is on its way out.
      const half = exchange.ended || body.ended;
      const idleMs = half ? limits.idleMs : limits.tunnelIdleMs;
      if (idleMs > 0 && stillMs >= idleMs) this.destroy(TUNNEL_IDLE);
    } else if (requestMs > 0 && nowMs - exchange.startedMs >= requestMs) {
      this.answerLast(exchange, 504, 'The request took too long.', REQUEST_LATE);
    } else if (bodyStallMs > 0 && stillMs >= bodyStallMs) {
      this.answerLast(exchange, 408, 'Nothing came of the body for too long.', BODY_LATE);
    }
  }

  private refuseLate(exchange: Http1Exchange): void {
    this.incoming = null;
    this.collector = null;
    this.exchange = exchange;
    exchange.request.reset();
    exchange.begin(this, this.movedMs, false);
    this.answerLast(exchange, 408, 'The head of the request did not come in time.', HEAD_LATE);
  }

  /** The response was the last one. */
  private endHere(): void {
    const { fate, draining } = this;
    this.output.flush();
    this.finish(fate.ending);
    const reason = draining && fate === COMPLETE ? 'server-drain' : fate.reason;
    this.connection.close(reason);
  }

  /** The exchange is over, the connection goes on. */
  private next(): void {
    if (this.draining || this.halfClosed) {
      this.fate = this.draining ? COMPLETE : HALF_CLOSED;
      this.endHere();
      return;
    }
    this.finish('complete');
    if (this.looping) return;
    this.output.flush();
    this.goOn();
  }

  private destroy(fate: Fate): void {
    this.finish(fate.ending);
    this.connection.destroy(fate.reason);
  }

  private finish(ending: RequestEnding): void {
    const { exchange } = this;
    if (exchange === null) return;
    const { flow, body } = exchange;
    const cut = !this.body.ended;
    this.exchange = null;
    this.moved = true;
    this.stopBody();
    if (ending !== 'complete') flow?.onAbort();
    if (cut) body?.abort();
    this.server.events.onRequestEnd(exchange, ending);
    giveExchange(exchange);
  }

  private dropIncoming(): void {
    const { incoming } = this;
    this.incoming = null;
    this.collector = null;
    if (incoming !== null) giveExchange(incoming);
  }
}

/** The client had sent its last byte before. */
const HALF_CLOSED: Fate = { ending: 'complete', reason: 'client-closed' };

function takeExchange(): Http1Exchange {
  return exchanges.take() ?? new Http1Exchange();
}

function giveExchange(exchange: Http1Exchange): void {
  exchange.reset();
  exchanges.give(exchange);
}

const DISCARD = {
  data: () => true,
  end: () => {},
  flush: () => {},
  abort: () => {},
};
