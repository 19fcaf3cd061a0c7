/**
 * The server that MIGRATE sends keys to: requests out, one line of reply for each.
 *
 * Only commands whose replies are one line are sent (AUTH, SELECT, RESTORE, DEL). Whatever goes wrong
 * with the connection ends it, as does what nobody asked for; replies that came before count.
 */
import {
  type ByteStream,
  type Clock,
  connected,
  type Network,
  type Timer,
} from '../../../core/runtime/index.ts';
import {
  encodeCommand,
  isFault,
  type Reply,
  type ReplyFault,
  type ReplyLimits,
  ReplyReader,
} from '../../../core/wire/index.ts';

/** Lines are all that is answered. */
const LIMITS: ReplyLimits = {
  lineBytesMax: 64 * 1024,
  bulkBytesMax: 0,
  replyBytesMax: 64 * 1024,
  itemsMax: 0,
};

/** A reply of one line: a status, an integer or an error. */
export type LineReply = string | number | ReplyFault;

/** What came back: fewer replies than requests when the connection failed, and in which direction. */
export interface Exchange {
  readonly replies: readonly LineReply[];
  readonly failed: 'reading' | 'writing' | undefined;
}

export class MigrateTarget {
  private readonly stream: ByteStream;
  private readonly clock: Clock;
  private readonly timeoutMs: number;
  private readonly reader = new ReplyReader(LIMITS, (reply) => this.answer(reply));
  private replies: LineReply[] = [];
  /** Requests on their way, those whose replies have come included. */
  private asked = 0;
  private closed = false;
  private wake: () => void = () => {};
  private timer: Timer | undefined;
  private timedOut = false;

  private constructor(stream: ByteStream, clock: Clock, timeoutMs: number) {
    this.stream = stream;
    this.clock = clock;
    this.timeoutMs = timeoutMs;
    stream.attach({
      onData: (chunk) => this.take(chunk),
      onDrain: () => this.watch(),
      onEnd: () => this.close(),
      onClosed: () => this.close(),
    });
  }

  /** Undefined when the target can not be reached in time. */
  static async open(
    dial: Network['dial'],
    clock: Clock,
    options: { host: string; port: number; timeoutMs: number },
  ): Promise<MigrateTarget | undefined> {
    const { host, port, timeoutMs } = options;
    let stream: ByteStream;
    try {
      stream = await connected(dial, { address: { host, port }, timeoutMs });
    } catch {
      return undefined;
    }
    return new MigrateTarget(stream, clock, timeoutMs);
  }

  /** Sends requests and waits for a line of each. */
  async send(requests: readonly (readonly Buffer[])[]): Promise<Exchange> {
    this.replies = [];
    this.asked = requests.length;
    if (!this.closed) {
      this.stream.writev(requests.map(encodeCommand));
      this.watch();
    }
    while (this.replies.length < requests.length && !this.closed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.stopWatch();
    const { replies } = this;
    const missing = replies.length < requests.length;
    const stuck = this.timedOut && this.stream.bufferedBytes > 0;
    return { replies, failed: missing ? (stuck ? 'writing' : 'reading') : undefined };
  }

  destroy(): void {
    this.close();
  }

  private take(chunk: Buffer): void {
    this.reader.push(chunk);
    if (this.reader.error !== '') this.close();
    else this.watch();
    this.wake();
  }

  private answer(reply: Reply): void {
    if (this.closed) return;
    const isLine = typeof reply === 'string' || typeof reply === 'number' || isFault(reply);
    if (isLine && this.replies.length < this.asked) this.replies.push(reply);
    else this.close();
  }

  /** Something has moved: the target has its time again. */
  private watch(): void {
    this.stopWatch();
    if (this.closed) return;
    this.timer = this.clock.setTimer(this.timeoutMs, () => {
      this.timedOut = true;
      this.close();
    });
  }

  private stopWatch(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopWatch();
    this.stream.destroy();
    this.wake();
  }
}
