/**
 * Queries by TCP (RFC 7766): each with its length before it, several on a connection, answered in order.
 *
 * Promises: memory of a connection is what one read has brought and the answers it has not read; who does not read, or
 * asks for much at once, has its queries wait while others are answered; a query that has begun is whole in time; an
 * idle connection ends by the listener.
 */
import type { Connection, ConnectionHandler } from '../../core/downstream/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { Answerer } from './answerer.ts';
import { limits } from './limits.ts';

const lengthBytes = 2;

/** Answers of one turn, of whichever connection: used again. */
const out = Buffer.alloc(lengthBytes + limits.messageBytesMax);
const answerRoom = out.subarray(lengthBytes);
const nothing = Buffer.alloc(0);

export class TcpQueries implements ConnectionHandler {
  private readonly connection: Connection;
  private readonly answerer: Answerer;
  private readonly clock: Clock;
  private readonly onEnded: () => void;
  /** Bytes that came and are not answered yet. */
  private held: Buffer | null = null;
  /** When the query that is not whole has begun; 0: there is none. */
  private begunMs = 0;
  /** Queries wait: for the client to read, or for a turn. */
  private paused = false;
  private waitsForTurn = false;
  private ended = false;

  constructor(connection: Connection, answerer: Answerer, clock: Clock, onEnded: () => void) {
    this.connection = connection;
    this.answerer = answerer;
    this.clock = clock;
    this.onEnded = onEnded;
  }

  onData(chunk: Buffer): void {
    const bytes = this.held === null ? chunk : Buffer.concat([this.held, chunk]);
    this.held = null;
    this.take(bytes);
  }

  onDrain(): void {
    if (this.paused && !this.waitsForTurn) this.goOn();
  }

  private goOn(): void {
    this.paused = false;
    const held = this.held;
    this.held = null;
    this.take(held ?? nothing);
    if (!this.paused && !this.connection.closing) this.connection.resume();
  }

  onEnd(): void {
    this.ended = true;
    if (!this.paused) this.connection.close('client-closed');
  }

  onTick(nowMs: number): void {
    if (this.held === null || this.paused) {
      this.begunMs = 0;
      return;
    }
    if (this.begunMs === 0) this.begunMs = nowMs;
    else if (nowMs - this.begunMs > limits.tcpQueryMs) this.connection.destroy('request-timeout');
  }

  onClose(): void {
    this.held = null;
    this.onEnded();
  }

  onDrainRequested(): void {
    this.connection.close('server-drain');
  }

  private take(bytes: Buffer): void {
    const { connection } = this;
    let at = 0;
    let answered = 0;
    while (bytes.length - at >= lengthBytes) {
      const length = bytes.readUInt16BE(at);
      if (length > limits.queryBytesMax) {
        connection.close('input-limit');
        return;
      }
      const end = at + lengthBytes + length;
      if (bytes.length < end) break;
      this.begunMs = 0;
      const query = bytes.subarray(at + lengthBytes, end);
      at = end;
      if (!this.answer(query)) return;
      if (connection.bufferedBytes > limits.tcpWaitingBytesMax) {
        this.pause();
        break;
      }
      if (++answered === limits.tcpQueriesPerTurn && at < bytes.length) {
        this.pause();
        this.waitForTurn();
        break;
      }
    }
    if (at < bytes.length) this.held = Buffer.from(bytes.subarray(at));
    if (this.ended && !this.paused) connection.close('client-closed');
  }

  private pause(): void {
    this.connection.pause();
    this.paused = true;
  }

  private waitForTurn(): void {
    this.waitsForTurn = true;
    this.clock.nextTurn(() => {
      this.waitsForTurn = false;
      const { connection } = this;
      // Else `onDrain` goes on.
      const isRead = connection.bufferedBytes <= limits.tcpWaitingBytesMax;
      if (this.paused && !connection.closing && isRead) this.goOn();
    });
  }

  private answer(query: Buffer): boolean {
    const { connection } = this;
    const length = this.answerer.answer(
      query,
      query.length,
      connection.remoteAddress,
      true,
      answerRoom,
    );
    if (length === 0) {
      // What is no query is no reason to go on listening.
      connection.close('protocol-error');
      return false;
    }
    out.writeUInt16BE(length, 0);
    connection.write(Buffer.from(out.subarray(0, lengthBytes + length)));
    return !connection.closing;
  }
}
