/**
 * A public address of the lab: connections to it are carried to a PoP over a way that takes its time.
 *
 * The PoP sees its clients' own addresses, as they are taken for our end of the second connection: all of 127.0.0.0/8
 * is this machine's. A connection that the PoP refuses is reset, so that clients see what they would without us.
 */
import type {
  ByteStream,
  Clock,
  Dialling,
  Network,
  Random,
  StreamEvents,
  Timer,
  TransportListener,
} from '../../core/runtime/index.ts';
import { DelayedPipe, type Way } from './delayed-pipe.ts';

const CONNECTIONS_MAX = 20_000;
const DIAL_MS = 10_000;
const BACKLOG = 1024;
const LINGER_MS = 5000;

export interface StreamRelayOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly listen: { readonly host: string; readonly port: number };
  readonly target: { readonly host: string; readonly port: number };
  /** How far a client is. */
  wayFrom(address: string): Way;
}

export class StreamRelay {
  private readonly options: StreamRelayOptions;
  private readonly open = new Set<Relayed>();
  private listener: TransportListener | undefined;

  constructor(options: StreamRelayOptions) {
    this.options = options;
  }

  /** @throws ListenError */
  async start(): Promise<void> {
    const { network, listen } = this.options;
    this.listener = await network.listen({
      address: listen,
      backlog: BACKLOG,
      keepAliveMs: 0,
      handshakeTimeoutMs: 0,
      admit: () => true,
      onAccept: (stream) => {
        if (this.open.size >= CONNECTIONS_MAX) stream.reset();
        else this.open.add(new Relayed(stream, this.options, (one) => this.open.delete(one)));
      },
      onHandshakeEnd: () => {},
      onAcceptError: () => {},
    });
  }

  async stop(): Promise<void> {
    for (const one of [...this.open]) one.cut();
    await this.listener?.close();
  }
}

/** One connection: the client's stream, the PoP's once there is one, and a pipe each way. */
class Relayed {
  private readonly client: ByteStream;
  private readonly done: (one: Relayed) => void;
  private readonly clock: Clock;
  private readonly up: DelayedPipe;
  private server: ByteStream | null = null;
  private down: DelayedPipe | null = null;
  private dialling: Dialling | null = null;
  private timer: Timer | null;
  private closedSides = 0;
  private isOver = false;

  constructor(client: ByteStream, options: StreamRelayOptions, done: (one: Relayed) => void) {
    const { clock, wayFrom } = options;
    this.client = client;
    this.clock = clock;
    this.done = done;
    const way = wayFrom(client.remoteAddress);
    this.up = new DelayedPipe(client, way, options);
    client.attach(this.eventsOf(this.up));
    // The handshake of TCP is a round trip before the first byte.
    this.timer = clock.setTimer(2 * way.delayMs, () => {
      this.timer = null;
      this.dial(options, way);
    });
  }

  /** Ends both connections: reset, or what was sent arrives. */
  cut(isClean = false): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.dialling?.cancel();
    this.up.stop();
    this.down?.stop();
    for (const stream of [this.client, this.server]) {
      if (isClean) stream?.destroy();
      else stream?.reset();
    }
    this.done(this);
  }

  private dial({ network, clock, random, target }: StreamRelayOptions, way: Way): void {
    const localAddress = this.client.remoteAddress;
    this.dialling = network.dial(
      { address: target, timeoutMs: DIAL_MS, ...(localAddress !== '' && { localAddress }) },
      {
        onConnected: (server) => {
          this.dialling = null;
          this.server = server;
          const down = new DelayedPipe(server, way, { clock, random });
          this.down = down;
          server.attach(this.eventsOf(down));
          down.connect(this.client);
          this.up.connect(server);
        },
        onFailed: () => {
          this.dialling = null;
          this.cut();
        },
      },
    );
  }

  /** Of the stream whose bytes a pipe carries away. It may be what the other pipe waits for. */
  private eventsOf(pipe: DelayedPipe): StreamEvents {
    return {
      onData: (chunk) => pipe.data(chunk),
      onDrain: () => (pipe === this.up ? this.down : this.up)?.drained(),
      onEnd: () => pipe.end(),
      onClosed: (error) => this.closed(pipe, error),
    };
  }

  private closed(pipe: DelayedPipe, error: string | null): void {
    if (this.isOver) return;
    this.closedSides++;
    if (this.server === null) this.cut();
    else if (this.closedSides === 2) this.cut(true);
    else pipe.gone(() => (error === null ? this.linger() : this.cut()));
  }

  /** One side is gone in good order: the other one has a while to go too. */
  private linger(): void {
    this.timer = this.clock.setTimer(LINGER_MS, () => this.cut(true));
  }
}
