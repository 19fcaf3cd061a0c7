/** Clients that ask when it is time to, whatever has come back, from addresses of their own. */
import { connect, type Socket } from 'node:net';
import { HOST } from './bed.ts';

/** Requests on the way on one connection; what is due beyond them is not sent, and counted. */
const ON_WAY_MAX = 1000;
/** Between two tries to connect, milliseconds. */
const CONNECT_AGAIN_MS = 100;

export interface AskingOptions {
  readonly port: number;
  /** The address that it comes from. */
  readonly from: string;
  path(): string;
  /** @param ms since the request was due. */
  onAnswer(ms: number, status: number): void;
}

export class AskingClient {
  sent = 0;
  /** Without an answer: the connection was closed, or too many were on their way. */
  lost = 0;
  private readonly options: AskingOptions;
  /** When each request on its way was due. */
  private due: number[] = [];
  private socket: Socket;
  private rest = '';
  private isClosed = false;

  constructor(options: AskingOptions) {
    this.options = options;
    this.socket = this.open();
  }

  ask(dueMs: number): void {
    if (this.due.length >= ON_WAY_MAX || this.socket.destroyed) {
      this.lost++;
      return;
    }
    this.sent++;
    this.due.push(dueMs);
    this.socket.write(`GET ${this.options.path()} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  }

  /** Requests that have waited longer than this. */
  overdue(ms: number): number {
    const limit = performance.now() - ms;
    return this.due.filter((dueMs) => dueMs < limit).length;
  }

  close(): void {
    this.isClosed = true;
    this.socket.destroy();
  }

  private open(): Socket {
    const { port, from } = this.options;
    const socket = connect({ port, host: HOST, localAddress: from, noDelay: true });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.lost += this.due.length;
      this.due = [];
      this.rest = '';
      if (this.isClosed) return;
      setTimeout(() => {
        if (!this.isClosed) this.socket = this.open();
      }, CONNECT_AGAIN_MS);
    });
    socket.on('data', (piece: Buffer) => this.read(piece));
    return socket;
  }

  /** Takes whole answers off what has come. */
  private read(piece: Buffer): void {
    let text = this.rest + piece.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) break;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) break;
      const due = this.due.shift();
      if (due !== undefined) {
        this.options.onAnswer(performance.now() - due, Number(text.slice(9, 12)));
      }
      text = text.slice(end + 4 + length);
    }
    this.rest = text;
  }
}

/** Asks evenly, so often in all. @returns how to stop. */
export function askEvenly(clients: readonly AskingClient[], perSecond: number): () => void {
  const beganMs = performance.now();
  let asked = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - beganMs) * perSecond) / 1000);
    for (; asked < due; asked++) {
      clients[asked % clients.length]?.ask(beganMs + (asked * 1000) / perSecond);
    }
  }, 1);
  return () => clearInterval(timer);
}
