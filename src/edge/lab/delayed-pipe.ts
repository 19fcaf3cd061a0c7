/**
 * Bytes of one direction of a connection, given on after a while, in their order.
 *
 *     source ─data─▶ waits for its time ─▶ sink        a lost piece comes when it was sent again, and holds up the rest
 *
 * Bound: `WAITING_BYTES_MAX` wait for their time or for the sink; the source is paused above it.
 */
import type { ByteStream, Clock, Random, Timer } from '../../core/runtime/index.ts';

const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** TCP sends again after a round trip and at least so long, milliseconds (RFC 6298 says 1 s, Linux 200 ms). */
const RESEND_MIN_MS = 200;

/** What the way between two places does to packets. */
export interface Way {
  /** One way, milliseconds. */
  readonly delayMs: number;
  /** Share of pieces that are lost and sent again. */
  readonly loss: number;
}

interface Waiting {
  readonly dueMs: number;
  /** Bytes, the end of them, or what is done when the source is gone for good. */
  readonly what: Buffer | 'end' | (() => void);
}

export class DelayedPipe {
  private readonly source: ByteStream;
  private readonly way: Way;
  private readonly clock: Clock;
  private readonly random: Random;
  private sink: ByteStream | null = null;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private isPaused = false;
  private isBlocked = false;
  private lastDueMs = 0;
  private timer: Timer | null = null;

  constructor(source: ByteStream, way: Way, seams: { clock: Clock; random: Random }) {
    this.source = source;
    this.way = way;
    this.clock = seams.clock;
    this.random = seams.random;
  }

  /** Where it leads; before nothing leaves. */
  connect(sink: ByteStream): void {
    this.sink = sink;
    this.arm();
  }

  data(chunk: Buffer): void {
    this.put(Buffer.from(chunk));
    this.waitingBytes += chunk.length;
    if (this.waitingBytes <= WAITING_BYTES_MAX || this.isPaused) return;
    this.isPaused = true;
    this.source.pause();
  }

  end(): void {
    this.put('end');
  }

  /** Calls `run` when the other end would hear that the source is gone. */
  gone(run: () => void): void {
    this.put(run);
  }

  /** The sink takes more. */
  drained(): void {
    this.isBlocked = false;
    this.flush();
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
    this.waiting = [];
    this.sink = null;
  }

  private put(what: Waiting['what']): void {
    const { delayMs, loss } = this.way;
    const isLost = loss > 0 && this.random.float() < loss;
    const againMs = isLost ? Math.max(RESEND_MIN_MS, 2 * delayMs) : 0;
    const dueMs = Math.max(this.clock.monotonicMs() + delayMs + againMs, this.lastDueMs);
    this.lastDueMs = dueMs;
    this.waiting.push({ dueMs, what });
    if (this.waiting.length === 1) this.arm();
  }

  private arm(): void {
    const [first] = this.waiting;
    if (this.timer !== null || this.sink === null || this.isBlocked || first === undefined) return;
    const waitMs = Math.max(0, first.dueMs - this.clock.monotonicMs());
    this.timer = this.clock.setTimer(waitMs, () => {
      this.timer = null;
      this.flush();
    });
  }

  private flush(): void {
    const { sink, waiting } = this;
    const nowMs = this.clock.monotonicMs();
    while (sink !== null && !this.isBlocked && waiting.length > 0 && waiting[0]!.dueMs <= nowMs) {
      const { what } = waiting.shift() as Waiting;
      if (what === 'end') sink.shutdown();
      else if (typeof what === 'function') {
        what();
        return;
      } else {
        this.waitingBytes -= what.length;
        sink.write(what);
        this.isBlocked = sink.bufferedBytes > 0;
      }
    }
    if (this.isPaused && this.waitingBytes < WAITING_BYTES_MAX / 2) {
      this.isPaused = false;
      this.source.resume();
    }
    this.arm();
  }
}
