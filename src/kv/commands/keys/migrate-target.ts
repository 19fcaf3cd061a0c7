/**
 * The server that MIGRATE sends keys to: requests out, one line of reply for each.
 *
 * Only commands whose replies are one line are sent (AUTH, SELECT, RESTORE, DEL). Whatever goes wrong
 * with the connection ends it; replies that came before count.
 */
import type { ByteStream, Clock, Network, Timer } from '../../../core/runtime/index.ts';

/** A line of reply longer than this is none of ours. */
const LINE_BYTES_MAX = 64 * 1024;

/** What came back: fewer replies than requests when the connection failed, and in which direction. */
export interface Exchange {
  /** Lines without their ends: `+OK`, `-ERR ...`, `:1`. */
  readonly replies: readonly string[];
  readonly failed: 'reading' | 'writing' | undefined;
}

export class MigrateTarget {
  private readonly stream: ByteStream;
  private readonly clock: Clock;
  private readonly timeoutMs: number;
  private readonly lines: string[] = [];
  private rest = '';
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
      stream = await dial({ address: { host, port }, timeoutMs });
    } catch {
      return undefined;
    }
    return new MigrateTarget(stream, clock, timeoutMs);
  }

  /** Sends requests and waits for a line of each. */
  async send(requests: readonly (readonly Buffer[])[]): Promise<Exchange> {
    if (!this.closed) {
      this.stream.writev(requests.map(encode));
      this.watch();
    }
    while (this.lines.length < requests.length && !this.closed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.stopWatch();
    const replies = this.lines.splice(0, requests.length);
    const missing = replies.length < requests.length;
    const stuck = this.timedOut && this.stream.bufferedBytes > 0;
    return { replies, failed: missing ? (stuck ? 'writing' : 'reading') : undefined };
  }

  destroy(): void {
    this.close();
  }

  private take(chunk: Buffer): void {
    this.rest += chunk.toString('latin1');
    const lines = this.rest.split('\r\n');
    this.rest = lines.pop() as string;
    this.lines.push(...lines);
    if (this.rest.length > LINE_BYTES_MAX) this.close();
    else this.watch();
    this.wake();
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

function encode(args: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) parts.push(Buffer.from(`$${arg.length}\r\n`), arg, CRLF);
  return Buffer.concat(parts);
}

const CRLF = Buffer.from('\r\n');
