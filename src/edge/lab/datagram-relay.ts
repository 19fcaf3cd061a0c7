/**
 * A public UDP address of the lab: datagrams are carried to a server over a way that takes its time, and may be lost.
 * The server sees its clients' own addresses.
 *
 * Bound: `CLIENTS_MAX` clients at once; who is silent for `IDLE_MS` is forgotten.
 */
import type { Clock, DatagramSocket, Network, Random, Timer } from '../../core/runtime/index.ts';
import type { Way } from './delayed-pipe.ts';

const CLIENTS_MAX = 2000;
const IDLE_MS = 5000;
const WAITING = { waitingCountMax: 1024, waitingBytesMax: 1024 * 1024 };

export interface DatagramRelayOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly listen: { readonly host: string; readonly port: number };
  readonly target: { readonly host: string; readonly port: number };
  wayFrom(address: string): Way;
}

interface Client {
  readonly socket: Promise<DatagramSocket | null>;
  lastMs: number;
}

export class DatagramRelay {
  private readonly options: DatagramRelayOptions;
  private readonly clients = new Map<string, Client>();
  private socket: DatagramSocket | undefined;
  private timer: Timer | undefined;
  private isStopped = false;

  constructor(options: DatagramRelayOptions) {
    this.options = options;
  }

  /** @throws ListenError */
  async start(): Promise<void> {
    const { network, listen } = this.options;
    this.socket = await network.bindUdp({
      ...{ address: listen, ...WAITING },
      onMessage: (bytes, address, port) => this.take(bytes, address, port),
      onError: () => {},
    });
    this.sweepLater();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    await this.socket?.close();
    const sockets = await Promise.all([...this.clients.values()].map(({ socket }) => socket));
    await Promise.all(sockets.map((socket) => socket?.close()));
  }

  private take(bytes: Buffer, address: string, port: number): void {
    const { clock } = this.options;
    const key = `${address}:${port}`;
    let client = this.clients.get(key);
    if (client === undefined) {
      if (this.clients.size >= CLIENTS_MAX) return;
      client = { socket: this.dial(address, port), lastMs: 0 };
      this.clients.set(key, client);
    }
    client.lastMs = clock.monotonicMs();
    const { socket } = client;
    this.later(address, async () => (await socket)?.send(bytes));
  }

  /** A socket with the client's address towards the server. */
  private async dial(address: string, port: number): Promise<DatagramSocket | null> {
    const { network, target } = this.options;
    try {
      return await network.bindUdp({
        ...{ address: { host: address, port: 0 }, peer: target, ...WAITING },
        onMessage: (bytes) => this.later(address, () => this.socket?.send(bytes, address, port)),
        onError: () => {},
      });
    } catch {
      return null;
    }
  }

  private later(address: string, run: () => unknown): void {
    const { clock, random, wayFrom } = this.options;
    const { delayMs, loss } = wayFrom(address);
    if (loss > 0 && random.float() < loss) return;
    clock.setTimer(delayMs, () => {
      if (!this.isStopped) run();
    });
  }

  private sweepLater(): void {
    const { clock } = this.options;
    this.timer = clock.setTimer(IDLE_MS, () => {
      const beforeMs = clock.monotonicMs() - IDLE_MS;
      for (const [key, { socket, lastMs }] of this.clients) {
        if (lastMs > beforeMs) continue;
        this.clients.delete(key);
        void socket.then((one) => one?.close());
      }
      this.sweepLater();
    });
  }
}
