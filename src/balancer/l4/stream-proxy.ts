/**
 * Streams of one listener: each client is joined with a server, chosen for all of them alike or by the name that
 * its TLS asks for, which is read and passed on, never answered.
 *
 * Settings and routes may be swapped at any time; they are for sessions that begin afterwards.
 */
import type { Networks } from '../../core/base/index.ts';
import type { Connection, ConnectionHandler } from '../../core/downstream/index.ts';
import type { Endings } from '../../core/observe/index.ts';
import type { Clock, Network, Timer } from '../../core/runtime/index.ts';
import type {
  Backends,
  JoinedSession,
  SessionFacts,
  SessionReport,
  SessionTable,
  Target,
} from './backends.ts';
import { type SessionEnding, sessionEndings } from './endings.ts';
import { l4Limits } from './limits.ts';
import { Opening } from './opening.ts';
import type { ServerNames } from './server-names.ts';
import { StreamSession } from './stream-session.ts';

/** Where sessions go: all to one pool, or by SNI. */
export type StreamRoute =
  | { readonly kind: 'one'; readonly backends: Backends }
  | { readonly kind: 'by-name'; readonly names: ServerNames<Backends> };

export interface StreamSettings {
  /** Without a byte either way, milliseconds. */
  readonly idleMs: number;
  /** For a PROXY header and a ClientHello, milliseconds. */
  readonly openingMs: number;
  /** Connections from `trusted` begin with a PROXY header. Those of TLS listeners have had theirs before. */
  readonly proxyProtocol: boolean;
  readonly trusted: Networks;
}

export interface StreamWorld {
  readonly network: Network;
  readonly clock: Clock;
  /** Listeners may share it. */
  readonly endings?: Endings<SessionEnding>;
  /** Time for a server to take its last bytes, milliseconds. Default 5,000. */
  readonly flushMs?: number;
  /** A session is over. */
  onOver?(session: SessionReport): void;
}

export interface StreamStats {
  readonly open: number;
  /** Bytes from clients and from servers, of sessions that are over. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export class StreamProxy implements SessionTable {
  readonly kind = 'stream';
  settings: StreamSettings;
  route: StreamRoute;
  readonly world: StreamWorld;
  readonly endings: Endings<SessionEnding>;
  readonly flushMs: number;
  private readonly sessions = new Set<StreamSession>();
  private bytesUp = 0;
  private bytesDown = 0;
  private timer: Timer | null = null;

  constructor(world: StreamWorld, route: StreamRoute, settings: StreamSettings) {
    this.world = world;
    this.route = route;
    this.settings = settings;
    this.endings = world.endings ?? sessionEndings('plinth_balancer_sessions_ended_total');
    this.flushMs = world.flushMs ?? l4Limits.flushMs;
  }

  /**
   * The handler of an accepted connection, for `ListenOptions.onConnection`.
   * @param client who it is by a PROXY header that was read before TLS.
   */
  accept(connection: Connection, client?: Omit<SessionFacts, 'serverName'>): ConnectionHandler {
    const { proxyProtocol, trusted } = this.settings;
    const header =
      proxyProtocol && !connection.encrypted && trusted.contains(connection.remoteAddress);
    const start = new Opening(header, this.readsHello);
    const session = new StreamSession(this, connection, factsOf(connection, client), start);
    this.sessions.add(session);
    this.arm();
    // The handler is not named yet, and dials never tell inside a call: a refusal is told behind it.
    if (start.isReady) session.begin();
    return session;
  }

  get open(): number {
    return this.sessions.size;
  }

  get readsHello(): boolean {
    return this.route.kind === 'by-name';
  }

  stats(): StreamStats {
    return { open: this.sessions.size, bytesUp: this.bytesUp, bytesDown: this.bytesDown };
  }

  joined(): Iterable<JoinedSession> {
    return this.sessions;
  }

  /** Sessions that a server has now. */
  sessionsAt(target: Target): number {
    let count = 0;
    for (const session of this.sessions) if (session.target === target) count++;
    return count;
  }

  /** Ends the sessions of a server. @returns how many. */
  cutAt(target: Target): number {
    let count = 0;
    for (const session of [...this.sessions]) {
      if (session.target !== target) continue;
      count++;
      session.cut('cut');
    }
    return count;
  }

  // For the sessions.

  nowMs(): number {
    return this.world.clock.monotonicMs();
  }

  backendsOf(serverName: string): Backends | undefined {
    const { route } = this;
    return route.kind === 'one' ? route.backends : route.names.find(serverName);
  }

  over(session: StreamSession, report: SessionReport): void {
    this.sessions.delete(session);
    this.endings.count(report.ending);
    this.bytesUp += report.bytesUp;
    this.bytesDown += report.bytesDown;
    this.world.onOver?.(report);
  }

  private arm(): void {
    if (this.timer !== null) return;
    const { idleMs, openingMs } = this.settings;
    const shortestMs = Math.min(idleMs, openingMs, this.flushMs);
    const periodMs = Math.max(l4Limits.tickMinMs, Math.min(l4Limits.tickMaxMs, shortestMs / 4));
    this.timer = this.world.clock.setTimer(periodMs, () => this.tick());
    this.timer.unref();
  }

  private tick(): void {
    this.timer = null;
    const nowMs = this.nowMs();
    for (const session of this.sessions) session.tick(nowMs);
    if (this.sessions.size > 0) this.arm();
  }
}

function factsOf(
  connection: Connection,
  client: Omit<SessionFacts, 'serverName'> | undefined,
): SessionFacts {
  if (client !== undefined) return { ...client, serverName: connection.serverName };
  return {
    clientAddress: connection.remoteAddress,
    clientPort: connection.remotePort,
    localAddress: connection.localAddress,
    localPort: connection.localPort,
    serverName: connection.serverName,
  };
}
