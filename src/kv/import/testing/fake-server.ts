/**
 * For tests: servers without sockets. A `dial` that reaches them, the requests they got, and replies
 * when the test says so. Bytes arrive in turns of their own, as from a real socket.
 */
import type {
  ByteStream,
  Clock,
  Network,
  StreamEvents,
  Timer,
} from '../../../core/runtime/index.ts';
import { createNodeClock } from '../../../core/runtime/node/index.ts';
import { Parsed, RespParser } from '../../../core/wire/index.ts';

const clock = createNodeClock();
const LIMITS = { argsMax: 1e6, bulkBytesMax: 1e9, lineBytesMax: 1e5 };

/** The client's end of a connection; the test is the server's. */
export class FakeStream implements ByteStream {
  readonly remoteAddress = '';
  readonly remotePort = 0;
  readonly localAddress = '';
  readonly localPort = 0;
  readonly encrypted = false;
  readonly alpn = '';
  readonly serverName = '';
  readonly chunksStay = true;
  readonly bufferedBytes = 0;
  paused = false;
  destroyed = false;
  private events: StreamEvents | null = null;
  private unread: Buffer[] = [];
  private received = Buffer.alloc(0);
  private readonly parser = new RespParser(LIMITS);
  private readonly onRequest: (words: string[], stream: FakeStream) => void;

  constructor(onRequest: (words: string[], stream: FakeStream) => void) {
    this.onRequest = onRequest;
  }

  /** The server says something. */
  say(bytes: string | Buffer): void {
    this.unread.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    clock.nextTurn(() => this.deliver());
  }

  /** The server goes. */
  end(code: string | null = null): void {
    clock.nextTurn(() => {
      if (!this.destroyed) this.events?.onClosed(code);
      this.destroyed = true;
    });
  }

  attach(events: StreamEvents): void {
    this.events = events;
  }

  write(bytes: Buffer): boolean {
    this.received = Buffer.concat([this.received, bytes]);
    clock.nextTurn(() => this.understand());
    return true;
  }

  writev(list: readonly Buffer[]): boolean {
    return this.write(Buffer.concat(list));
  }

  useReadBuffer(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    clock.nextTurn(() => this.deliver());
  }

  shutdown(): void {}

  destroy(): void {
    this.destroyed = true;
  }

  reset(): void {
    this.destroyed = true;
  }

  peerCertificate(): undefined {}

  private deliver(): void {
    while (!this.paused && !this.destroyed) {
      const chunk = this.unread.shift();
      if (chunk === undefined) return;
      this.events?.onData(chunk);
    }
  }

  private understand(): void {
    const { parser, received } = this;
    let at = 0;
    while (at < received.length) {
      if (parser.parse(received, at, received.length) !== Parsed.request) break;
      at = parser.next;
      const words = parser.args.copies().map((word) => word.toString('latin1'));
      if (words.length > 0) this.onRequest(words, this);
    }
    this.received = received.subarray(at);
    parser.reset();
  }
}

/** Servers by port; each is what it does with a request. */
export class FakeNetwork {
  readonly streams: FakeStream[] = [];
  private readonly servers = new Map<number, (words: string[], stream: FakeStream) => void>();

  serve(port: number, onRequest: (words: string[], stream: FakeStream) => void): void {
    this.servers.set(port, onRequest);
  }

  readonly dial: Network['dial'] = ({ address }, events) => {
    let cancelled = false;
    clock.nextTurn(() => {
      if (cancelled) return;
      const onRequest = 'port' in address ? this.servers.get(address.port) : undefined;
      if (onRequest === undefined) {
        events.onFailed('refused', 'ECONNREFUSED');
        return;
      }
      const stream = new FakeStream(onRequest);
      this.streams.push(stream);
      events.onConnected(stream);
    });
    return {
      cancel() {
        cancelled = true;
      },
    };
  };
}

/** A clock whose timers fire as soon as everything at hand is done; time passes by them alone. */
export class HastyClock implements Clock {
  private nowMs = 0;
  private readonly cleared = new Set<Timer>();

  monotonicMs(): number {
    return this.nowMs;
  }

  nowMicros(): number {
    return this.nowMs * 1000;
  }

  wallMs(): number {
    return this.nowMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const timer: Timer = { unref: () => {} };
    clock.nextTurn(() => {
      if (this.cleared.has(timer)) return;
      this.nowMs += delayMs;
      run();
    });
    return timer;
  }

  clearTimer(timer: Timer): void {
    this.cleared.add(timer);
  }

  nextTurn(run: () => void): void {
    clock.nextTurn(run);
  }
}
