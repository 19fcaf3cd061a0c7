/**
 * Datagrams of one listener: each client address and port is a session, joined with a server that it keeps while the
 * session lives. Answers leave from the listener's own socket, so the client hears who it spoke to.
 *
 * Invariants: sessions are at most `sessionsMax`, in the order of their last datagram; a full table gives up the one
 * idle for longest, but none that was busy within `evictMs`, so that made-up clients cannot drive out
 * those that talk. Every datagram that is not passed on is counted by its reason.
 */
import type { Endings } from '../../core/observe/index.ts';
import type { Clock, DatagramSocket, Network, Timer } from '../../core/runtime/index.ts';
import type { Backends, JoinedSession, SessionReport, SessionTable, Target } from './backends.ts';
import { type DatagramDrop, datagramDrops, type SessionEnding, sessionEndings } from './endings.ts';
import { l4Limits } from './limits.ts';
import { UdpSession } from './udp-session.ts';

export interface UdpSettings {
  /** Without a datagram either way, milliseconds. */
  readonly idleMs: number;
}

export interface UdpWorld {
  readonly network: Network;
  readonly clock: Clock;
  /** Listeners may share them. */
  readonly endings?: Endings<SessionEnding>;
  readonly drops?: Endings<DatagramDrop>;
  /** Default 8,192 and 1,000 ms. */
  readonly sessionsMax?: number;
  readonly evictMs?: number;
  /** A session is over. */
  onOver?(session: SessionReport): void;
}

export interface UdpStats {
  readonly open: number;
  /** Of sessions that are over. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** @throws ListenError when the address cannot be had. */
export async function openUdpProxy(
  world: UdpWorld,
  address: { readonly host: string; readonly port: number },
  backends: Backends,
  settings: UdpSettings,
): Promise<UdpProxy> {
  const proxy = new UdpProxy(world, backends, settings);
  await proxy.bind(address);
  return proxy;
}

export class UdpProxy implements SessionTable {
  readonly kind = 'datagrams';
  settings: UdpSettings;
  backends: Backends;
  readonly world: UdpWorld;
  readonly endings: Endings<SessionEnding>;
  readonly drops: Endings<DatagramDrop>;
  private readonly sessionsMax: number;
  private readonly evictMs: number;
  /** The one idle for longest first. */
  private readonly sessions = new Map<string, UdpSession>();
  private socket: DatagramSocket | null = null;
  private bytesUp = 0;
  private bytesDown = 0;
  private draining = false;
  private emptied: (() => void)[] = [];
  private timer: Timer | null = null;

  constructor(world: UdpWorld, backends: Backends, settings: UdpSettings) {
    this.world = world;
    this.backends = backends;
    this.settings = settings;
    this.endings = world.endings ?? sessionEndings('plinth_balancer_sessions_ended_total');
    this.drops = world.drops ?? datagramDrops('plinth_balancer_datagrams_dropped_total');
    this.sessionsMax = world.sessionsMax ?? l4Limits.udpSessionsMax;
    this.evictMs = world.evictMs ?? l4Limits.udpEvictMs;
  }

  async bind(address: { readonly host: string; readonly port: number }): Promise<void> {
    this.socket = await this.world.network.bindUdp({
      address,
      waitingCountMax: l4Limits.udpAnswersCount,
      waitingBytesMax: l4Limits.udpAnswersBytes,
      onMessage: (bytes, from, port) => this.received(bytes, from, port),
      // A client that is gone (ICMP) is told to the socket of all of them: nothing to end by.
      onError: (code) => this.drops.count(code === 'EMSGSIZE' ? 'too-large' : 'send-failed'),
    });
  }

  get port(): number {
    return this.socket!.port;
  }

  get open(): number {
    return this.sessions.size;
  }

  stats(): UdpStats {
    return { open: this.sessions.size, bytesUp: this.bytesUp, bytesDown: this.bytesDown };
  }

  joined(): Iterable<JoinedSession> {
    return this.sessions.values();
  }

  /** Sessions that a server has now. */
  sessionsAt(target: Target): number {
    let count = 0;
    for (const session of this.sessions.values()) if (session.target === target) count++;
    return count;
  }

  /** Ends the sessions of a server; the next datagram of each client chooses anew. @returns how many. */
  cutAt(target: Target): number {
    let count = 0;
    for (const session of [...this.sessions.values()]) {
      if (session.target !== target) continue;
      count++;
      session.end('cut');
    }
    return count;
  }

  /** Takes no new session and waits for the others. @returns how many had to be ended. */
  async drain(deadlineMs: number): Promise<number> {
    this.draining = true;
    if (this.sessions.size > 0) {
      const passed = Promise.withResolvers<void>();
      this.emptied.push(passed.resolve);
      const timer = this.world.clock.setTimer(deadlineMs, passed.resolve);
      await passed.promise;
      this.world.clock.clearTimer(timer);
    }
    const left = this.sessions.size;
    await this.close('drained');
    return left;
  }

  /** Ends every session. Resolves when the address is free. */
  stop(): Promise<void> {
    return this.close('stopped');
  }

  // For the sessions.

  nowMs(): number {
    return this.world.clock.monotonicMs();
  }

  answer(session: UdpSession, bytes: Buffer): void {
    this.touch(session, this.nowMs());
    const { clientAddress, clientPort } = session.facts;
    if (!this.socket!.send(bytes, clientAddress, clientPort)) this.drops.count('answer-queue');
  }

  over(session: UdpSession, report: SessionReport): void {
    this.sessions.delete(session.key);
    this.endings.count(report.ending);
    this.bytesUp += report.bytesUp;
    this.bytesDown += report.bytesDown;
    this.world.onOver?.(report);
    if (this.sessions.size > 0) return;
    for (const resolve of this.emptied.splice(0)) resolve();
  }

  private received(bytes: Buffer, address: string, port: number): void {
    const nowMs = this.nowMs();
    const key = `${port} ${address}`;
    const known = this.sessions.get(key);
    if (known !== undefined) {
      this.touch(known, nowMs);
      known.send(bytes);
      return;
    }
    if (this.draining) {
      this.drops.count('draining');
      return;
    }
    if (this.hasRoom(nowMs)) this.begin(key, address, port, nowMs)?.send(bytes);
    else this.drops.count('table-full');
  }

  private begin(
    key: string,
    clientAddress: string,
    clientPort: number,
    nowMs: number,
  ): UdpSession | null {
    const { address: localAddress, port: localPort } = this.socket!;
    const facts = { clientAddress, clientPort, localAddress, localPort, serverName: '' };
    const target = this.backends.choose(facts, [], nowMs);
    // A server behind a Unix socket takes streams only.
    if (target === undefined || 'path' in target.address) {
      this.drops.count('no-server');
      return null;
    }
    const session = new UdpSession(this, key, facts, target, nowMs);
    this.sessions.set(key, session);
    session.open(target.address.host, target.address.port);
    this.arm();
    return session;
  }

  private hasRoom(nowMs: number): boolean {
    if (this.sessions.size < this.sessionsMax) return true;
    const [oldest] = this.sessions.values();
    if (oldest === undefined || nowMs - oldest.lastMs < this.evictMs) return false;
    oldest.end('evicted');
    return true;
  }

  /** Puts it behind all others. */
  private touch(session: UdpSession, nowMs: number): void {
    session.lastMs = nowMs;
    this.sessions.delete(session.key);
    this.sessions.set(session.key, session);
  }

  private async close(ending: SessionEnding): Promise<void> {
    this.draining = true;
    if (this.timer !== null) this.world.clock.clearTimer(this.timer);
    this.timer = null;
    for (const session of [...this.sessions.values()]) session.end(ending);
    await this.socket!.close();
  }

  private arm(): void {
    if (this.timer !== null) return;
    const periodMs = Math.min(l4Limits.tickMaxMs, this.settings.idleMs / 4);
    this.timer = this.world.clock.setTimer(Math.max(l4Limits.tickMinMs, periodMs), () =>
      this.tick(),
    );
    this.timer.unref();
  }

  private tick(): void {
    this.timer = null;
    const nowMs = this.nowMs();
    for (const session of this.sessions.values()) {
      if (nowMs - session.lastMs < this.settings.idleMs) break;
      session.end('idle-timeout');
    }
    if (this.sessions.size > 0) this.arm();
  }
}
