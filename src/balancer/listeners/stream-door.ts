/** A listener whose streams are joined with servers: TCP, TLS that is ended here, TLS passed on by its SNI. */
import type { Listening } from '../../core/base/index.ts';
import {
  type EndingReason,
  type Listener,
  type ListenerStats,
  listen,
} from '../../core/downstream/index.ts';
import type { Endings } from '../../core/observe/index.ts';
import type { Clock, Network, TlsOptions, Transport } from '../../core/runtime/index.ts';
import type { ListenerSettings } from '../config/config.ts';
import type { Backends, SessionReport } from '../l4/backends.ts';
import { ServerNames } from '../l4/server-names.ts';
import { StreamProxy, type StreamRoute, type StreamSettings } from '../l4/stream-proxy.ts';
import { type BackendsNamed, NamedBackends } from './named-backends.ts';
import { networksOf } from './networks-of.ts';
import type { TlsDoor } from './tls-door.ts';

export interface StreamDoorOptions {
  readonly transport: Transport;
  readonly network: Network;
  readonly clock: Clock;
  readonly settings: ListenerSettings;
  readonly tls: TlsOptions | undefined;
  /** The pool with this name as layer 4 sees it. */
  readonly backends: BackendsNamed;
  /** A session is over. */
  onSession(listener: string, session: SessionReport): void;
}

export class StreamDoor implements TlsDoor {
  settings: ListenerSettings;
  tls: TlsOptions | undefined;
  readonly listening: Listening;
  readonly proxy: StreamProxy;
  private readonly listener: Listener;
  private readonly options: StreamDoorOptions;

  private constructor(options: StreamDoorOptions, listener: Listener, proxy: StreamProxy) {
    const { settings, tls } = options;
    this.options = options;
    this.settings = settings;
    this.tls = tls;
    this.listener = listener;
    this.proxy = proxy;
    this.listening = {
      protocol:
        settings.protocol === 'tls-passthrough'
          ? 'TLS passed on'
          : tls === undefined
            ? 'TCP'
            : 'TLS',
      host: settings.bind,
      port: listener.port,
    };
  }

  /** @throws ListenError */
  static async open(options: StreamDoorOptions): Promise<StreamDoor> {
    const { settings, tls, transport, network, clock } = options;
    const proxy = new StreamProxy(
      {
        ...{ network, clock },
        onOver: (session) => options.onSession(settings.name, session),
      },
      routeOf(options, settings),
      settingsOf(settings),
    );
    const listener = await listen({
      ...{ transport, clock },
      address:
        settings.socket === undefined
          ? { host: settings.bind, port: settings.port }
          : { path: settings.socket },
      ...(tls !== undefined && { tls }),
      connectionsMax: settings.limits.connections,
      onConnection: (connection) => proxy.accept(connection),
    });
    return new StreamDoor(options, listener, proxy);
  }

  get sessions(): StreamProxy {
    return this.proxy;
  }

  get endings(): Endings<EndingReason> {
    return this.listener.endings;
  }

  stats(): ListenerStats {
    return this.listener.stats();
  }

  get open(): number {
    return this.listener.connections;
  }

  apply(settings: ListenerSettings): void {
    this.settings = settings;
    this.proxy.settings = settingsOf(settings);
    this.proxy.route = routeOf(this.options, settings);
    this.listener.setConnectionsMax(settings.limits.connections);
  }

  updateTls(tls: TlsOptions): void {
    this.listener.updateTls(tls);
    this.tls = tls;
  }

  drain(deadlineMs: number): Promise<number> {
    return this.listener.drain(deadlineMs);
  }

  stop(): Promise<void> {
    return this.listener.stop();
  }
}

function routeOf({ backends }: StreamDoorOptions, settings: ListenerSettings): StreamRoute {
  const named = (pool: string): Backends => new NamedBackends(pool, backends);
  if (settings.protocol !== 'tls-passthrough') {
    return { kind: 'one', backends: named(settings.pool as string) };
  }
  const rows = settings.names.map(({ hosts, pool }) => ({ hosts, value: named(pool) }));
  const fallback = settings.pool === undefined ? undefined : named(settings.pool);
  return { kind: 'by-name', names: new ServerNames(rows, fallback) };
}

function settingsOf({ timeouts, proxyProtocol, trusted }: ListenerSettings): StreamSettings {
  return {
    idleMs: timeouts.tcpIdleMs,
    openingMs: timeouts.headMs,
    proxyProtocol,
    trusted: networksOf(trusted),
  };
}
