/**
 * A connection of frames: one reader, back-pressure both ways, an end that everybody who waits is told of.
 *
 *     open ──bytes that are no frame, time is up, close(), the other end──▶ closed
 *
 * Memory: what has come and nobody has taken, up to `WAITING_BYTES_MAX` and one frame more. Large payloads are read to
 * where they stay.
 *
 * Benchmark: bench/files.
 */
import type { ByteStream, Clock, Timer } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import {
  type Frame,
  FrameDecoder,
  FrameProblem,
  type FrameTypeNumber,
  frameHead,
} from './frames.ts';

/** Of a frame of the greeting. */
const GREETING_BYTES_MAX = 4096;
const WAITING_BYTES_MAX = 2 * 1024 * 1024;
/** For the head of what follows a large payload: little, as what comes behind it must be copied. */
const BETWEEN_BYTES = 4096;

interface Waiter {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: FilesError) => void;
}

export class Link {
  /** For messages. */
  readonly name: string;
  /** Our end's address, as the other one sees it. */
  readonly localAddress: string;
  private readonly stream: ByteStream;
  private readonly clock: Clock;
  private readonly decoder = new FrameDecoder();
  private readonly waiting: Frame[] = [];
  private waitingBytes = 0;
  private paused = false;
  /** Where the next read lands. */
  private landing: 'shared' | 'payload' | 'between' = 'shared';
  private between: Buffer | undefined;
  private reader: Waiter | undefined;
  private drainers: { resolve: () => void; reject: (error: FilesError) => void }[] = [];
  private closers: (() => void)[] = [];
  private ending: FilesError | undefined;

  /** Attaches the stream. */
  constructor(stream: ByteStream, clock: Clock) {
    this.stream = stream;
    this.clock = clock;
    this.name = `${stream.remoteAddress}:${stream.remotePort}`;
    this.localAddress = stream.localAddress;
    this.decoder.payloadMax = GREETING_BYTES_MAX;
    stream.attach({
      onData: (chunk) => this.take(chunk),
      onDrain: () => {
        for (const { resolve } of this.drainers.splice(0)) resolve();
      },
      onEnd: () => this.fail('it has ended'),
      onClosed: (error) => this.fail(error ?? 'it was closed'),
    });
  }

  get isClosed(): boolean {
    return this.ending !== undefined;
  }

  /** Something has come that nobody asked for, or it is closed: a connection at rest is of no use then. */
  get isQuiet(): boolean {
    return this.ending === undefined && this.waiting.length === 0;
  }

  /** It is known who the other end is: frames may be as long as their types allow. */
  trust(): void {
    this.decoder.payloadMax = Number.POSITIVE_INFINITY;
  }

  /** Called once when it is closed, at once when it is. */
  onceClosed(run: () => void): void {
    if (this.ending !== undefined) run();
    else this.closers.push(run);
  }

  private take(chunk: Buffer): void {
    if (this.ending !== undefined) return;
    try {
      this.decoder.push(chunk, (frame) => this.arrived(frame));
    } catch (error) {
      if (!(error instanceof FrameProblem)) throw error;
      this.fail(error.message);
    }
    if (this.ending === undefined) this.land();
  }

  /** Large payloads are mostly followed by others. */
  private land(): void {
    const { room } = this.decoder;
    if (room !== undefined) {
      this.landing = 'payload';
      this.stream.useReadBuffer(room);
    } else if (this.landing === 'payload') {
      this.landing = 'between';
      this.between ??= Buffer.allocUnsafeSlow(BETWEEN_BYTES);
      this.stream.useReadBuffer(this.between);
    } else if (this.landing === 'between') {
      this.landing = 'shared';
      this.stream.useReadBuffer(null);
    }
  }

  private arrived(frame: Frame): void {
    const { reader } = this;
    if (reader !== undefined) {
      this.reader = undefined;
      reader.resolve(frame);
      return;
    }
    this.waiting.push(frame);
    this.waitingBytes += frame.payload.length;
    if (this.waitingBytes <= WAITING_BYTES_MAX || this.paused) return;
    this.paused = true;
    this.stream.pause();
  }

  /**
   * The next frame. @param timeoutMs it is closed when nothing has come by then; left out: it waits for the other end's end.
   * @throws FilesError 'node-gone'.
   */
  next(timeoutMs?: number): Frame | Promise<Frame> {
    const frame = this.waiting.shift();
    if (frame === undefined) return this.nextLater(timeoutMs);
    this.waitingBytes -= frame.payload.length;
    if (this.paused && this.waitingBytes <= WAITING_BYTES_MAX / 2) {
      this.paused = false;
      if (this.ending === undefined) this.stream.resume();
    }
    return frame;
  }

  private nextLater(timeoutMs: number | undefined): Promise<Frame> {
    if (this.ending !== undefined) return Promise.reject(this.ending);
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const over = (): void => {
        if (timer !== undefined) this.clock.clearTimer(timer);
      };
      this.reader = {
        resolve: (frame) => {
          over();
          resolve(frame);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      if (timeoutMs === undefined) return;
      timer = this.clock.setTimer(timeoutMs, () => this.fail(`no answer in ${timeoutMs} ms`));
    });
  }

  /**
   * Sends a frame whose payload is made of `parts`. Undefined: nothing refers to them any more. A promise: they must
   * stay as they are until it resolves. @throws FilesError 'node-gone'.
   */
  send(
    type: FrameTypeNumber,
    request: number,
    parts: readonly Buffer[] = [],
  ): Promise<void> | undefined {
    if (this.ending !== undefined) throw this.ending;
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    const head = frameHead(type, request, bytes);
    const taken =
      parts.length === 0 ? this.stream.write(head) : this.stream.writev([head, ...parts]);
    return taken ? undefined : this.drained();
  }

  private drained(): Promise<void> {
    if (this.ending !== undefined) return Promise.reject(this.ending);
    return new Promise((resolve, reject) => this.drainers.push({ resolve, reject }));
  }

  /** @param why for messages. Twice does nothing. */
  close(why = 'we have closed it'): void {
    this.fail(why);
  }

  /** Sends what was given to `send`, and closes then. */
  closeGently(): void {
    if (this.ending !== undefined) return;
    this.stream.shutdown();
  }

  private fail(why: string): void {
    if (this.ending !== undefined) return;
    const ending = new FilesError('node-gone', `${this.name}, ${why}`);
    this.ending = ending;
    this.stream.destroy();
    this.reader?.reject(ending);
    this.reader = undefined;
    for (const { reject } of this.drainers.splice(0)) reject(ending);
    for (const run of this.closers.splice(0)) run();
  }
}
