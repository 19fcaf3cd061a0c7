/**
 * A stream of lines, each a JSON object: docs/formats/edge-bus.md.
 *
 * Invariants: `onEnded` comes once and last, never inside a call of ours; a line is given whole or not at all; what the
 * other end does not take is bounded, and so is what it sends.
 */
import type { ByteStream, Clock } from '../../core/runtime/index.ts';
import type { Ending } from './endings.ts';
import { GREETING_BYTES_MAX, LINE_BYTES_MAX, UNSENT_BYTES_MAX } from './limits.ts';

export interface LineEvents {
  onLine(line: Readonly<Record<string, unknown>>): void;
  onEnded(why: Ending): void;
}

const NEWLINE = 0x0a;

export class LineStream {
  readonly encrypted: boolean;
  /** For messages. */
  readonly name: string;
  /** Of the monotonic clock. */
  heardMs: number;
  sentMs: number;
  private readonly stream: ByteStream;
  private readonly clock: Clock;
  private readonly events: LineEvents;
  private bytesMax = GREETING_BYTES_MAX;
  private partial: Buffer[] = [];
  private partialBytes = 0;
  private ending: Ending | null = null;

  /** Attaches the stream. */
  constructor(stream: ByteStream, clock: Clock, events: LineEvents) {
    this.stream = stream;
    this.clock = clock;
    this.events = events;
    this.encrypted = stream.encrypted;
    this.name = `${stream.remoteAddress}:${stream.remotePort}`;
    this.heardMs = clock.monotonicMs();
    this.sentMs = this.heardMs;
    stream.attach({
      onData: (chunk) => this.take(chunk),
      onDrain: () => {},
      onEnd: () => this.end('ended'),
      onClosed: (error) => {
        this.ending ??= error === null ? 'ended' : 'lost';
        this.events.onEnded(this.ending);
      },
    });
  }

  get isOver(): boolean {
    return this.ending !== null;
  }

  /** It is known who the other end is: its lines may be long. */
  trust(): void {
    this.bytesMax = LINE_BYTES_MAX;
  }

  /** False: it is over. */
  send(line: object): boolean {
    if (this.ending !== null) return false;
    this.sentMs = this.clock.monotonicMs();
    this.stream.write(Buffer.from(`${JSON.stringify(line)}\n`));
    if (this.stream.bufferedBytes <= UNSENT_BYTES_MAX) return true;
    this.end('slow');
    return false;
  }

  end(why: Ending): void {
    if (this.ending !== null) return;
    this.ending = why;
    this.partial = [];
    this.stream.destroy();
  }

  /** Sends what was given to `send` first. */
  endGently(why: Ending): void {
    if (this.ending !== null) return;
    this.ending = why;
    this.stream.shutdown();
    // Whoever does not read that is not waited for.
    this.clock.setTimer(LINGER_MS, () => this.stream.destroy()).unref();
  }

  private take(chunk: Buffer): void {
    this.heardMs = this.clock.monotonicMs();
    let from = 0;
    while (this.ending === null) {
      const at = chunk.indexOf(NEWLINE, from);
      const to = at === -1 ? chunk.length : at;
      if (this.partialBytes + to - from > this.bytesMax) {
        this.end('line-too-long');
        return;
      }
      if (at === -1) {
        if (to === from) return;
        // The chunk is valid during this call only.
        this.partial.push(Buffer.from(chunk.subarray(from)));
        this.partialBytes += to - from;
        return;
      }
      this.takeLine(chunk.subarray(from, at));
      from = at + 1;
    }
  }

  private takeLine(end: Buffer): void {
    const bytes = this.partialBytes === 0 ? end : Buffer.concat([...this.partial, end]);
    this.partial = [];
    this.partialBytes = 0;
    const line = parseLine(bytes);
    if (line === undefined) this.end('bad-message');
    else this.events.onLine(line);
  }
}

const LINGER_MS = 1000;

function parseLine(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const line: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof line === 'object' && line !== null && !Array.isArray(line)
      ? (line as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
