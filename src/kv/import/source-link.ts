/**
 * The socket of a replica's link: dials, drives `ReplicaLink`, keeps the master from taking it for
 * dead, and tells when it is gone.
 */
import {
  type ByteStream,
  type Clock,
  connected,
  type Network,
  type Timer,
} from '../../core/runtime/index.ts';
import { encodeCommand } from '../../core/wire/index.ts';
import { ImportError } from './errors.ts';
import { ACK_EVERY_MS, CONNECT_WAIT_MS, SILENCE_MAX_MS } from './limits.ts';
import { type LinkEvents, type LinkOptions, ReplicaLink } from './replica-link.ts';
import { type Endpoint, endpointName } from './resp-pipe.ts';

/** What the owner of a link is told beside its bytes; `onFault` comes by `onEnded`. */
export interface SourceEvents extends Omit<LinkEvents, 'send' | 'onFault'> {
  /** Bytes were taken: whether to go on reading. */
  mayRead(): boolean;
  /** Up to where the target has applied the stream. */
  appliedOffset(): number;
  /** The link is gone; told once, and not after `close`. */
  onEnded(error: ImportError, tryLater: boolean): void;
}

export interface SourceLinkOptions {
  readonly dial: Network['dial'];
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  readonly resume: LinkOptions['resume'];
}

export class SourceLink {
  private readonly options: SourceLinkOptions;
  private readonly events: SourceEvents;
  private readonly link: ReplicaLink;
  private stream: ByteStream | null = null;
  private timer: Timer | null = null;
  private heardMs = 0;
  private paused = false;
  private ended = false;

  constructor(options: SourceLinkOptions, events: SourceEvents) {
    this.options = options;
    this.events = events;
    const { user, password } = options.endpoint;
    this.link = new ReplicaLink(
      { user, password, resume: options.resume },
      {
        ...bound(events),
        send: (bytes) => this.send(bytes),
        onFault: (code, text, tryLater) => {
          const where = endpointName(options.endpoint);
          this.end(new ImportError(code, `${where}: ${text}`), tryLater);
        },
      },
    );
  }

  /** Connects and begins to talk. What comes of it is told by the events. */
  async open(): Promise<void> {
    const { dial, endpoint, clock } = this.options;
    try {
      this.stream = await connected(dial, {
        address: endpoint.address,
        timeoutMs: CONNECT_WAIT_MS,
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.end(new ImportError('unreachable', `${endpointName(endpoint)}: ${why}`, error), false);
      return;
    }
    if (this.ended) {
      this.stream.destroy();
      return;
    }
    this.heardMs = clock.monotonicMs();
    this.stream.attach({
      onData: (chunk) => this.take(chunk),
      onDrain: () => {},
      onEnd: () => this.lost('it closed the connection'),
      onClosed: (error) => this.lost(error ?? 'it closed the connection'),
    });
    this.tick();
    this.link.begin();
  }

  /** There is room again. */
  resume(): void {
    if (!this.paused || this.ended) return;
    this.paused = false;
    this.heardMs = this.options.clock.monotonicMs();
    this.stream?.resume();
  }

  /** REPLCONF ACK: what the target has. */
  acknowledge(): void {
    if (this.link.state !== 'stream') return;
    this.send(encodeCommand(['REPLCONF', 'ACK', this.events.appliedOffset()]));
  }

  close(): void {
    this.ended = true;
    this.link.end();
    this.release();
  }

  private take(chunk: Buffer): void {
    if (this.ended) return;
    this.heardMs = this.options.clock.monotonicMs();
    this.link.push(chunk);
    if (this.ended || this.events.mayRead()) return;
    this.paused = true;
    this.stream?.pause();
  }

  /** Once a second the master hears of us, and we look whether we heard of it. */
  private tick(): void {
    const { clock } = this.options;
    this.timer = clock.setTimer(ACK_EVERY_MS, () => {
      const { state } = this.link;
      if (state === 'stream') this.acknowledge();
      // While it sends a snapshot a master wants a sign of life that is no command.
      else if (state === 'length' || state === 'sized' || state === 'marked') this.send(LINE_FEED);
      if (!this.paused && clock.monotonicMs() - this.heardMs > SILENCE_MAX_MS) {
        this.lost(`it said nothing for ${SILENCE_MAX_MS / 1000} s`);
      } else this.tick();
    });
  }

  private send(bytes: Buffer): void {
    this.stream?.write(bytes);
  }

  private lost(why: string): void {
    this.end(
      new ImportError('source-lost', `${endpointName(this.options.endpoint)}: ${why}`),
      false,
    );
  }

  private end(error: ImportError, tryLater: boolean): void {
    if (this.ended) return;
    this.close();
    this.events.onEnded(error, tryLater);
  }

  private release(): void {
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    this.timer = null;
    this.stream?.destroy();
  }
}

const LINE_FEED = Buffer.from('\n');

function bound(events: SourceEvents): Omit<LinkEvents, 'send' | 'onFault'> {
  return {
    onFull: (id, offset) => events.onFull(id, offset),
    onContinued: (id) => events.onContinued(id),
    onSnapshotBegin: (bytes) => events.onSnapshotBegin(bytes),
    onSnapshot: (chunk) => events.onSnapshot(chunk),
    onSnapshotEnd: () => events.onSnapshotEnd(),
    onStream: (chunk) => events.onStream(chunk),
  };
}
