/**
 * One connection of a client, with the requests that are under way on it, in their order.
 *
 * Oracle: a response is the server's (it has the id of its request, and every byte is what follows from the request),
 * or one of the balancer's own, or it is seen to be cut. What is neither is `wrong`.
 */
import type { Socket } from 'node:net';
import { bodyOf } from './fault-book.ts';
import { type MessageHead, MessageReader } from './message-reader.ts';

export interface Asked {
  readonly id: string;
  readonly method: string;
  /** Of the response. */
  readonly bytes: number;
  /** Digest of the request's body; empty without one. */
  readonly digest: string;
}

export type Outcome =
  | { readonly kind: 'served'; readonly closes: boolean }
  | {
      readonly kind: 'own';
      readonly status: number;
      readonly says: string;
      readonly closes: boolean;
    }
  | { readonly kind: 'cut'; readonly how: string }
  /** No byte of an answer came. `excused`: the connection was announced to close, or broke in an answer before. */
  | { readonly kind: 'unanswered'; readonly excused: boolean; readonly how: string }
  | { readonly kind: 'wrong'; readonly says: string };

interface Awaited {
  readonly asked: Asked;
  resolve(outcome: Outcome): void;
}

const SAYS_BYTES = 300;

export class FaultClient {
  readonly socket: Socket;
  private readonly queue: Awaited[] = [];
  private readonly reader: MessageReader;
  private head: MessageHead | null = null;
  private expected: Buffer | null = null;
  private bytes = 0;
  private says = '';
  private wrong = '';
  private excused = false;
  private over = false;
  private onMove: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    this.reader = new MessageReader('response', {
      onHead: (head) => this.begun(head),
      onBody: (bytes) => this.body(bytes),
      onEnd: () => this.ended(),
    });
    socket.on('data', (bytes: Buffer) => this.received(bytes));
    socket.on('drain', () => this.onMove());
    socket.on('error', (error: NodeJS.ErrnoException) => this.finish(error.code ?? error.message));
    socket.on('end', () => {
      if (this.reader.close()) return;
      this.finish('end');
    });
    socket.on('close', () => this.finish('close'));
  }

  get isOver(): boolean {
    return this.over;
  }

  /** Awaits the answer to a request; the caller sends it. */
  awaits(asked: Asked): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    if (this.over) resolve({ kind: 'unanswered', excused: this.excused, how: 'over before' });
    else this.queue.push({ asked, resolve });
    return promise;
  }

  /** Resolves when more can be written, or nothing can any more. */
  drained(): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      this.onMove = resolve;
    });
  }

  /** Leaves, whatever is under way. */
  leave(): void {
    this.finish('left');
    this.socket.destroy();
  }

  private received(bytes: Buffer): void {
    if (this.over) return;
    try {
      this.reader.push(bytes);
    } catch (error) {
      this.wrong = String(error);
      this.finish('nonsense');
      this.socket.destroy();
    }
  }

  private begun(head: MessageHead): boolean {
    const asked = this.queue[0]?.asked;
    if (asked === undefined) throw new Error(`nobody asked for ${head.line}`);
    this.head = head;
    this.bytes = 0;
    this.says = '';
    const id = head.fields.get('x-id');
    if (id !== undefined && id !== asked.id) throw new Error(`${asked.id} got the answer of ${id}`);
    const text = asked.digest === '' ? asked.id : `${asked.id}:${asked.digest}`;
    const early = head.fields.get('x-kind') === 'early';
    // RFC 9112 section 9.3: who answers before the end of a request may end the connection behind that.
    if (early) this.excused = true;
    const size = asked.method === 'HEAD' ? 0 : asked.bytes;
    this.expected = id === undefined ? null : bodyOf(early ? `${asked.id}:early` : text, size);
    return asked.method === 'HEAD';
  }

  private body(bytes: Buffer): void {
    const { expected } = this;
    if (expected === null) {
      if (this.says.length < SAYS_BYTES) this.says += bytes.toString('latin1');
      return;
    }
    const from = this.bytes;
    this.bytes += bytes.length;
    if (!expected.subarray(from, this.bytes).equals(bytes)) {
      throw new Error(`a byte between ${from} and ${this.bytes} of ${expected.length} is wrong`);
    }
  }

  private ended(): void {
    const { head, expected } = this;
    const awaited = this.queue.shift();
    if (awaited === undefined || head === null) return;
    this.head = null;
    const closes = /\bclose\b/i.test(head.fields.get('connection') ?? '');
    if (closes) this.excused = true;
    if (expected !== null && this.bytes !== expected.length) {
      const says = `the answer ended as whole behind ${this.bytes} of ${expected.length} bytes`;
      awaited.resolve({ kind: 'wrong', says });
    } else if (expected !== null) awaited.resolve({ kind: 'served', closes });
    else {
      const status = Number(head.line.split(' ')[1]);
      awaited.resolve({ kind: 'own', status, says: this.says, closes });
    }
  }

  private finish(how: string): void {
    if (this.over) return;
    this.over = true;
    let within = this.head !== null || this.reader.isWithin;
    for (const { resolve } of this.queue.splice(0)) {
      if (this.wrong !== '') resolve({ kind: 'wrong', says: this.wrong });
      else if (within) resolve({ kind: 'cut', how });
      else resolve({ kind: 'unanswered', excused: this.excused, how });
      // What stood behind it can no more be answered.
      within = false;
      this.wrong = '';
      this.excused = true;
    }
    this.onMove();
  }
}
