/**
 * A connection to a server that answers requests in order: many on their way, each with what to do
 * with its reply. Requests of one turn leave together.
 *
 * Invariants: replies meet requests in order; once lost, nothing is answered any more and all who
 * wait are told; `inFlightBytes` counts requests that were given and not answered.
 */
import {
  type ByteStream,
  connected,
  type ListenAddress,
  type Network,
} from '../../core/runtime/index.ts';
import {
  type Arg,
  CommandWriter,
  isFault,
  type Reply,
  ReplyReader,
} from '../../core/wire/index.ts';
import { ImportError, type ImportErrorCode } from './errors.ts';
import {
  BATCH_BYTES,
  CONNECT_WAIT_MS,
  IN_FLIGHT_BYTES_MAX,
  IN_FLIGHT_COUNT_MAX,
  REPLY_LIMITS,
} from './limits.ts';

/** A server and who to be there. */
export interface Endpoint {
  readonly address: ListenAddress;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

export type OnReply = (reply: Reply) => void;

interface Waiting {
  readonly onReply: OnReply;
  readonly bytes: number;
  readonly onLost: ((error: ImportError) => void) | undefined;
}

interface Waiter {
  resolve(): void;
  reject(error: ImportError): void;
}

export class RespPipe {
  inFlightBytes = 0;
  /** Set when the connection is gone. */
  lost: ImportError | null = null;
  /** Told once when the connection goes, unless `close` was called. */
  onLost: (error: ImportError) => void = () => {};
  private readonly stream: ByteStream;
  private readonly lostCode: ImportErrorCode;
  private readonly writer = new CommandWriter();
  private flushing = false;
  private queue: Waiting[] = [];
  private head = 0;
  private roomWaiters: Waiter[] = [];
  private idleWaiters: Waiter[] = [];

  constructor(stream: ByteStream, lostCode: ImportErrorCode) {
    this.stream = stream;
    this.lostCode = lostCode;
    const reader = new ReplyReader(REPLY_LIMITS, (reply) => this.answer(reply));
    stream.attach({
      onData: (chunk) => {
        reader.push(chunk);
        if (reader.error !== '') this.lose(reader.error);
        this.wake();
      },
      onDrain: () => {},
      onEnd: () => this.lose('it closed the connection'),
      onClosed: (error) => this.lose(error ?? 'it closed the connection'),
    });
  }

  get inFlightCount(): number {
    return this.queue.length - this.head;
  }

  get hasRoom(): boolean {
    return this.inFlightBytes < IN_FLIGHT_BYTES_MAX && this.inFlightCount < IN_FLIGHT_COUNT_MAX;
  }

  /** Sends a request. Nothing happens on a lost connection. */
  request(args: readonly Arg[], onReply: OnReply, onLost?: (error: ImportError) => void): void {
    if (this.lost !== null) {
      onLost?.(this.lost);
      return;
    }
    this.expect(this.writer.add(args), onReply, onLost);
  }

  /** As `request`, for bytes that are one request already. */
  requestRaw(bytes: Buffer, onReply: OnReply): void {
    if (this.lost !== null) return;
    this.writer.addRaw(bytes);
    this.expect(bytes.length, onReply, undefined);
  }

  /** Sends a request and waits. @throws ImportError when the connection is lost. */
  ask(...args: readonly Arg[]): Promise<Reply> {
    return new Promise((resolve, reject) => this.request(args, resolve, reject));
  }

  /** As `ask`; an error reply is thrown as `code`. */
  async must(code: ImportErrorCode, ...args: readonly Arg[]): Promise<Reply> {
    const reply = await this.ask(...args);
    if (!isFault(reply)) return reply;
    const denied = /^(NOPERM|NOAUTH)/.test(reply.error) ? 'not-permitted' : code;
    throw new ImportError(denied, `${reply.error}, to ${args.slice(0, 2).join(' ')}`);
  }

  /** Resolves when more may be sent. */
  room(): Promise<void> {
    return this.waitFor(this.hasRoom, this.roomWaiters);
  }

  /** Resolves when everything sent is answered. */
  settled(): Promise<void> {
    return this.waitFor(this.inFlightCount === 0, this.idleWaiters);
  }

  close(): void {
    this.onLost = () => {};
    this.lose('closed');
  }

  private expect(
    bytes: number,
    onReply: OnReply,
    onLost: ((error: ImportError) => void) | undefined,
  ): void {
    this.inFlightBytes += bytes;
    this.queue.push({ onReply, bytes, onLost });
    if (this.writer.size >= BATCH_BYTES) this.flush();
    else if (!this.flushing) {
      this.flushing = true;
      queueMicrotask(() => this.flush());
    }
  }

  private flush(): void {
    this.flushing = false;
    if (this.lost === null && this.writer.size > 0) this.stream.write(this.writer.take());
  }

  private answer(reply: Reply): void {
    const waiting = this.queue[this.head];
    // A server speaks unasked only to end the connection.
    if (waiting === undefined) {
      if (isFault(reply)) this.lose(reply.error);
      return;
    }
    this.head++;
    if (this.head >= 4096 || this.head === this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    this.inFlightBytes -= waiting.bytes;
    waiting.onReply(reply);
  }

  private waitFor(already: boolean, list: Waiter[]): Promise<void> {
    if (this.lost !== null) return Promise.reject(this.lost);
    if (already) return Promise.resolve();
    return new Promise((resolve, reject) => list.push({ resolve, reject }));
  }

  private wake(): void {
    const half =
      this.inFlightBytes <= IN_FLIGHT_BYTES_MAX / 2 &&
      this.inFlightCount <= IN_FLIGHT_COUNT_MAX / 2;
    if (half) for (const waiter of this.roomWaiters.splice(0)) waiter.resolve();
    if (this.inFlightCount === 0) for (const waiter of this.idleWaiters.splice(0)) waiter.resolve();
  }

  private lose(why: string): void {
    if (this.lost !== null) return;
    const error = new ImportError(this.lostCode, why);
    this.lost = error;
    this.stream.destroy();
    const waiting = this.queue.slice(this.head);
    this.queue = [];
    this.head = 0;
    for (const { onLost } of waiting) onLost?.(error);
    for (const { reject } of this.roomWaiters.splice(0)) reject(error);
    for (const { reject } of this.idleWaiters.splice(0)) reject(error);
    this.onLost(error);
  }
}

export interface OpenPipeOptions {
  readonly dial: Network['dial'];
  readonly endpoint: Endpoint;
  readonly lostCode: 'source-lost' | 'target-lost';
}

/** Connects and logs in. @throws ImportError */
export async function openPipe({ dial, endpoint, lostCode }: OpenPipeOptions): Promise<RespPipe> {
  const name = endpointName(endpoint);
  let stream: ByteStream;
  try {
    stream = await connected(dial, { address: endpoint.address, timeoutMs: CONNECT_WAIT_MS });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ImportError('unreachable', `${name}: ${why}`, error);
  }
  const pipe = new RespPipe(stream, lostCode);
  const { user, password } = endpoint;
  try {
    if (password !== undefined) {
      const words = user === undefined ? ['AUTH', password] : ['AUTH', user, password];
      const reply = await pipe.ask(...words);
      if (isFault(reply)) throw new ImportError('auth-refused', `${name}: ${reply.error}`);
    }
    const reply = await pipe.ask('PING');
    if (isFault(reply) && reply.error.startsWith('NOAUTH')) {
      throw new ImportError('auth-refused', `${name}: ${reply.error}`);
    }
  } catch (error) {
    pipe.close();
    throw error;
  }
  return pipe;
}

export function endpointName({ address }: Endpoint): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}
