/**
 * One accepted connection that speaks HTTP/2 (RFC 9113): reading, writing, its times and its end. What happens on
 * its streams is in http2-streams.ts, the protocol itself in core/wire.
 *
 *     open ──drain, requests limit──▶ leaving ──no stream left──▶ closing
 *       └──── problem, silence, client gone ─────────────────────▶ closing or destroyed
 *
 * Invariants: all that is said in one turn of the loop leaves in one write; a client that takes nothing is not read
 * from beyond a bound.
 *
 * Times are kept by flags: who moves something sets `moved`, the tick puts a time to it.
 */
import {
  type ClientFacts,
  Http2Writer,
  SendStall,
  type TurnEndListener,
  turnEndOf,
  wakePools,
} from '../../http/index.ts';
import { Http2Connection, type Http2Stream } from '../../wire/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import type { EndingReason } from '../ending-reasons.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import { DRAIN_ANSWER_MS, http2LimitsOf } from './http2-limits.ts';
import { Http2Streams, serverShared } from './http2-streams.ts';
import type { HttpLimits } from './limits.ts';
import type { HttpServer } from './server.ts';

export class Http2ServerConnection implements ConnectionHandler, TurnEndListener {
  readonly server: HttpServer;
  readonly client: ClientFacts;
  readonly http2: Http2Connection<Http2Exchange>;
  readonly writer: Http2Writer<Http2Exchange>;
  private readonly connection: Connection;
  private readonly streams: Http2Streams;
  private receiving = false;
  private paused = false;
  private halfClosed = false;
  /** Why it ends once no stream is left. */
  private leaving: EndingReason | null = null;
  private leavingSinceMs = 0;
  /** Something happened since the last tick, and when the last tick before saw that. */
  private moved = true;
  private movedMs: number;
  /** Since when a frame is half there and nothing else comes, -1 when none is. */
  private midwaySinceMs = -1;
  private readonly stall = new SendStall();

  constructor(connection: Connection, server: HttpServer, client: ClientFacts) {
    this.connection = connection;
    this.server = server;
    this.client = client;
    this.movedMs = server.clock.monotonicMs();
    this.streams = new Http2Streams(this);
    const limits = http2LimitsOf(server.limits, server.random !== null);
    this.http2 = new Http2Connection({
      role: 'server',
      limits,
      shared: serverShared,
      handler: this.streams,
    });
    this.writer = new Http2Writer({
      http2: this.http2,
      blocks: serverShared.blocks,
      target: connection,
      owner: this,
      turnEnd: turnEndOf(server.clock),
      outputBytesMax: limits.outputBytesMax,
    });
    this.http2.start(this.movedMs);
    this.schedule();
  }

  onData(chunk: Buffer): void {
    wakePools();
    const { http2, streams } = this;
    this.receiving = true;
    http2.receive(chunk, 0, chunk.length, this.server.clock.monotonicMs());
    streams.flush();
    this.receiving = false;
    this.settle();
  }

  onDrain(): void {
    wakePools();
    this.stall.drained();
    this.writer.drained();
    this.http2.nowMs = this.server.clock.monotonicMs();
    this.settle();
  }

  onTurnEnd(): void {
    this.writer.turnEnded();
    this.settle();
  }

  onEnd(): void {
    wakePools();
    this.halfClosed = true;
    // A request that is not whole yet never will be.
    for (const stream of this.http2.liveStreams()) {
      if (stream.live && !stream.remoteEnded) this.streams.breakOff(stream, 'client-aborted');
    }
    this.settle();
  }

  onClose(_reason: EndingReason): void {
    wakePools();
    this.http2.close(null);
    this.writer.drop();
  }

  onDrainRequested(): void {
    this.leave('server-drain');
    this.settle();
  }

  onTick(nowMs: number): void {
    const { connection, http2, server, leaving } = this;
    if (connection.closing) return;
    wakePools();
    const { limits } = server;
    http2.tick(nowMs);
    if (this.stall.look(connection.bufferedBytes, nowMs, limits.sendStallMs)) {
      this.breakOff('send-timeout');
      return;
    }
    this.lookAtSilence(nowMs, limits);
    this.lookAtStreams(nowMs, limits);
    // A client that does not answer is not waited for.
    if (leaving !== null && nowMs - this.leavingSinceMs >= DRAIN_ANSWER_MS) http2.finishDrain();
    this.settle();
  }

  // From streams and exchanges.

  /** Something was said: it leaves at the end of this read or turn. */
  schedule(): void {
    if (!this.receiving) this.writer.schedule();
  }

  /** Something happened. */
  progress(): void {
    this.moved = true;
  }

  requestBegan(): void {
    this.moved = true;
    const { requestsMax } = this.server.limits;
    if (requestsMax > 0 && this.streams.count >= requestsMax) this.leave('complete');
  }

  /** What was kept of a body has been given to its sink. */
  bodyMoved(exchange: Http2Exchange): void {
    if (this.receiving) {
      this.streams.feed(exchange);
      return;
    }
    exchange.onReadEnd();
    this.writer.schedule();
  }

  /** The response is whole, the request is not and need not be. */
  requestLeft(stream: Http2Stream<Http2Exchange>): void {
    this.streams.leave(stream);
  }

  /** A server has answered a request for a tunnel with something that a client would take for one. */
  switchFailed(exchange: Http2Exchange): void {
    const says = 'The server did not switch to the protocol asked for.';
    this.streams.answerInstead(exchange, 502, says, 'response-aborted');
  }

  /** GOAWAY came: no more requests will. */
  clientLeaves(): void {
    this.leave('client-closed');
  }

  /** No more streams; those there are come to their end. */
  private leave(reason: EndingReason): void {
    if (this.leaving !== null) return;
    this.leaving = reason;
    this.leavingSinceMs = this.server.clock.monotonicMs();
    this.http2.drain();
  }

  /** Writes what waits, and closes when all is said. */
  private settle(): void {
    const { connection, http2, writer } = this;
    if (connection.closing) return;
    writer.write();
    if (connection.closing) return;
    if (http2.problem !== null) {
      this.close('protocol-error');
    } else if (http2.drained && this.leaving !== null) {
      this.close(this.leaving);
    } else if (this.halfClosed && http2.streamCount === 0) {
      this.close('client-closed');
    } else if (writer.isFull !== this.paused) {
      this.paused = !this.paused;
      if (this.paused) connection.pause();
      else connection.resume();
    }
  }

  /** What is said has been given to the kernel, or waits for it to take more: then it is cut off with the rest. */
  private close(reason: EndingReason): void {
    const { http2, connection } = this;
    if (http2.output.length > 0) connection.write(http2.output.detach());
    connection.close(reason);
  }

  private breakOff(reason: 'send-timeout'): void {
    for (const stream of this.http2.liveStreams()) {
      if (stream.context !== null) stream.context.ending = reason;
    }
    this.connection.destroy(reason);
  }

  /** No request for too long, or a frame that does not come to its end. */
  private lookAtSilence(nowMs: number, { headMs, idleMs }: HttpLimits): void {
    const { http2, moved } = this;
    this.moved = false;
    if (moved || http2.streamCount > 0) this.movedMs = nowMs;
    if (!http2.midway || moved) this.midwaySinceMs = -1;
    if (http2.midway && this.midwaySinceMs < 0) this.midwaySinceMs = nowMs;
    if (this.leaving !== null) return;
    const midwayMs = this.midwaySinceMs < 0 ? 0 : nowMs - this.midwaySinceMs;
    const first = this.streams.count === 0;
    const stillMs = nowMs - this.movedMs;
    if (headMs > 0 && (midwayMs >= headMs || (first && stillMs >= headMs))) {
      this.end('head-timeout');
    } else if (idleMs > 0 && stillMs >= idleMs) {
      this.end('idle-timeout');
    }
  }

  /** Tells the client that this is the end, for what it did not do. */
  private end(reason: EndingReason): void {
    this.leaving = reason;
    this.http2.close(0);
  }

  private lookAtTunnel(
    stream: Http2Stream<Http2Exchange>,
    exchange: Http2Exchange,
    nowMs: number,
    { idleMs, tunnelIdleMs, sendStallMs }: HttpLimits,
  ): void {
    const { body } = exchange;
    const bytes = body.bytes + exchange.sentBytes;
    if (bytes !== exchange.seenBytes) {
      exchange.seenBytes = bytes;
      exchange.movedMs = nowMs;
    }
    // One that has ended on one side is on its way out.
    const limitMs = exchange.ended || body.ended ? idleMs : tunnelIdleMs;
    const { stalledSinceMs } = stream;
    if (sendStallMs > 0 && stalledSinceMs >= 0 && nowMs - stalledSinceMs >= sendStallMs) {
      this.streams.breakOff(stream, 'send-timeout');
    } else if (limitMs > 0 && nowMs - exchange.movedMs >= limitMs) {
      this.streams.breakOff(stream, 'tunnel-idle');
    }
  }

  private lookAtStreams(nowMs: number, limits: HttpLimits): void {
    const { http2, streams } = this;
    if (http2.streamCount === 0) return;
    const { sendStallMs, bodyStallMs } = limits;
    for (const stream of http2.liveStreams()) {
      const exchange = stream.context;
      if (!stream.live) continue;
      if (exchange === null) {
        streams.lookAtLeft(stream, nowMs);
        continue;
      }
      const { body } = exchange;
      if (exchange.tunnel) {
        this.lookAtTunnel(stream, exchange, nowMs, limits);
        continue;
      }
      const waits = !body.ended && body.sink !== null && !body.paused && !body.isWhole;
      if (!waits || body.bytes !== exchange.seenBytes) {
        exchange.seenBytes = body.bytes;
        exchange.movedMs = nowMs;
      }
      const { stalledSinceMs } = stream;
      const requestMs = exchange.requestMs === 0 ? limits.requestMs : exchange.requestMs;
      if (sendStallMs > 0 && stalledSinceMs >= 0 && nowMs - stalledSinceMs >= sendStallMs) {
        streams.breakOff(stream, 'send-timeout');
      } else if (requestMs > 0 && nowMs - exchange.startedMs >= requestMs) {
        const says = 'The request took too long.';
        streams.answerInstead(exchange, 504, says, 'request-timeout');
      } else if (bodyStallMs > 0 && nowMs - exchange.movedMs >= bodyStallMs) {
        const says = 'Nothing came of the body for too long.';
        streams.answerInstead(exchange, 408, says, 'body-timeout');
      }
    }
  }
}
