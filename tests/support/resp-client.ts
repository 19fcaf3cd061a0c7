/**
 * A small raw RESP client for tests: sends arguments, gives reply trees, hides nothing.
 *
 * Invariants: replies are matched to requests in order; a push, and in RESP2 anything that
 * no request waits for, goes to `pushes`. Uses node:net alone.
 */
import type { Socket } from 'node:net';
import { connect as netConnect } from 'node:net';
import type { Address } from './process.ts';
import { waitUntil } from './process.ts';
import type { Reply } from './resp-reply.ts';
import { ReplyReader } from './resp-reply.ts';

export type Arg = string | Buffer | number;

/** The bytes of one command as an array of bulk strings; strings are latin1, one byte a char. */
export function encode(args: readonly Arg[]): Buffer {
  if (args.every((arg) => typeof arg !== 'object')) return Buffer.from(encodeText(args), 'latin1');
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`, 'latin1')];
  for (const arg of args) {
    const bytes = typeof arg === 'object' ? arg : Buffer.from(String(arg), 'latin1');
    parts.push(Buffer.from(`$${bytes.length}\r\n`, 'latin1'), bytes, Buffer.from('\r\n', 'latin1'));
  }
  return Buffer.concat(parts);
}

function encodeText(args: readonly Arg[]): string {
  let text = `*${args.length}\r\n`;
  for (const arg of args) {
    const value = String(arg);
    text += `$${value.length}\r\n${value}\r\n`;
  }
  return text;
}

type Waiter = { resolve(reply: Reply): void; reject(error: Error): void };

export class RespClient {
  readonly socket: Socket;
  /** Out-of-band messages in the order of their arrival. */
  readonly pushes: Reply[] = [];
  /** Set when the connection ended, by either side. */
  closed = false;
  private waiters: Waiter[] = [];
  private head = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new ReplyReader();
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, (reply) => this.deliver(reply));
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)));
        socket.destroy();
      }
    });
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('connection closed')));
  }

  /** Connects, optionally switching to RESP3 and a database. */
  static async connect(
    address: Address,
    options: { readonly resp?: 2 | 3; readonly password?: string; readonly db?: number } = {},
  ): Promise<RespClient> {
    const socket = netConnect({ host: address.host, port: address.port });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new RespClient(socket);
    if (options.password !== undefined) await client.must('AUTH', options.password);
    if (options.resp === 3) await client.must('HELLO', '3');
    if (options.db !== undefined) await client.must('SELECT', options.db);
    return client;
  }

  /** Sends one command. */
  send(args: readonly Arg[]): Promise<Reply> {
    const reply = this.expect();
    this.socket.write(encode(args));
    return reply;
  }

  /** As `send`, but an error reply throws. */
  async must(...args: readonly Arg[]): Promise<Reply> {
    const reply = await this.send(args);
    if (reply.type === 'error') throw new Error(`${args.map(String).join(' ')}: ${reply.text}`);
    return reply;
  }

  /** Sends many commands in one write; replies in order. */
  pipeline(commands: readonly (readonly Arg[])[]): Promise<Reply[]> {
    const replies = commands.map(() => this.expect());
    this.socket.write(Buffer.concat(commands.map(encode)));
    return Promise.all(replies);
  }

  /** Writes bytes as they are; use `expect` for what shall come back. */
  raw(bytes: Buffer | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next reply that no earlier request waits for. */
  expect(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.closed) reject(new Error('connection closed'));
      else this.waiters.push({ resolve, reject });
    });
  }

  /** Waits until this many out-of-band messages have come in all. */
  async waitPushes(count: number, limitMs = 10_000): Promise<readonly Reply[]> {
    await waitUntil(`${count} pushes`, () => this.pushes.length >= count || this.closed, limitMs);
    return this.pushes;
  }

  /** Waits until the other side closed the connection. */
  async waitClosed(limitMs = 10_000): Promise<void> {
    await waitUntil('the connection to be closed', () => this.closed, limitMs);
  }

  close(): void {
    this.socket.destroy();
  }

  private deliver(reply: Reply): void {
    const aside = reply.type === 'push' || reply.type === 'attribute';
    const waiter = aside ? undefined : this.waiters[this.head];
    if (waiter === undefined) {
      this.pushes.push(reply);
      return;
    }
    this.head += 1;
    if (this.head === this.waiters.length) {
      this.waiters = [];
      this.head = 0;
    }
    waiter.resolve(reply);
  }

  private fail(error: Error): void {
    this.closed = true;
    const left = this.waiters.slice(this.head);
    this.waiters = [];
    this.head = 0;
    for (const waiter of left) waiter.reject(error);
  }
}
