/** A listener of datagrams: each client is a session with one server of the pool. */
import type { Listening } from '../../core/base/index.ts';
import type { Clock, Network } from '../../core/runtime/index.ts';
import type { ListenerSettings } from '../config/config.ts';
import type { SessionReport } from '../l4/backends.ts';
import { openUdpProxy, type UdpProxy } from '../l4/udp-proxy.ts';
import type { Door } from './door.ts';
import { type BackendsNamed, NamedBackends } from './named-backends.ts';

export interface UdpDoorOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly settings: ListenerSettings;
  readonly backends: BackendsNamed;
  /** A session is over. */
  onSession(listener: string, session: SessionReport): void;
}

export class UdpDoor implements Door {
  settings: ListenerSettings;
  readonly listening: Listening;
  readonly sessions: UdpProxy;
  private readonly backends: BackendsNamed;

  private constructor({ settings, backends }: UdpDoorOptions, proxy: UdpProxy) {
    this.settings = settings;
    this.sessions = proxy;
    this.backends = backends;
    this.listening = { protocol: 'UDP', host: settings.bind, port: proxy.port };
  }

  /** @throws ListenError */
  static async open(options: UdpDoorOptions): Promise<UdpDoor> {
    const { network, clock, settings, backends } = options;
    const proxy = await openUdpProxy(
      {
        ...{ network, clock },
        onOver: (session) => options.onSession(settings.name, session),
      },
      { host: settings.bind, port: settings.port },
      new NamedBackends(settings.pool as string, backends),
      { idleMs: settings.timeouts.udpIdleMs },
    );
    return new UdpDoor(options, proxy);
  }

  get open(): number {
    return this.sessions.open;
  }

  apply(settings: ListenerSettings): void {
    this.settings = settings;
    this.sessions.settings = { idleMs: settings.timeouts.udpIdleMs };
    this.sessions.backends = new NamedBackends(settings.pool as string, this.backends);
  }

  drain(deadlineMs: number): Promise<number> {
    return this.sessions.drain(deadlineMs);
  }

  async stop(): Promise<void> {
    await this.sessions.stop();
  }
}
