/**
 * What one client of a UDP listener says to its server and hears from it, by a socket of its own, so that the server
 * sees one peer for each client and answers find their way back.
 *
 *     opening ──bound──▶ open ──idle, evicted, ICMP, cut──▶ over
 *        └── no descriptor or port left ─────────────────────▲
 *
 * Invariants: what waits for the socket is bounded, the rest is dropped and counted; the target is told once that
 * the session ended; behind over nothing is sent.
 */
import type { DatagramSocket } from '../../core/runtime/index.ts';
import type { SessionFacts, SessionReport, Target } from './backends.ts';
import type { SessionEnding } from './endings.ts';
import { l4Limits } from './limits.ts';
import type { UdpProxy } from './udp-proxy.ts';

export class UdpSession {
  readonly key: string;
  readonly facts: SessionFacts;
  readonly target: Target;
  /** When a datagram last came, from either side; monotonic milliseconds. */
  lastMs: number;
  bytesUp = 0;
  bytesDown = 0;
  private readonly proxy: UdpProxy;
  private readonly ticket: number;
  readonly begunMs: number;
  private latencyMs = Number.NaN;
  private socket: DatagramSocket | null = null;
  /** Datagrams that came before the socket was there. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isOver = false;

  constructor(proxy: UdpProxy, key: string, facts: SessionFacts, target: Target, nowMs: number) {
    this.proxy = proxy;
    this.key = key;
    this.facts = facts;
    this.target = target;
    this.begunMs = nowMs;
    this.lastMs = nowMs;
    this.ticket = target.began(nowMs);
  }

  /** @param host an IP address. */
  open(host: string, port: number): void {
    const socket = this.proxy.world.network.bindUdp({
      address: { host: host.includes(':') ? '::' : '0.0.0.0', port: 0 },
      peer: { host, port },
      waitingCountMax: l4Limits.udpWaitingCount,
      waitingBytesMax: l4Limits.udpWaitingBytes,
      onMessage: (bytes) => this.answered(bytes),
      onError: (code) => this.failed(code),
    });
    socket.then(
      (bound) => this.bound(bound),
      () => this.end('resources-exhausted', 'unknown'),
    );
  }

  /** A datagram of the client; its memory is ours. */
  send(bytes: Buffer): void {
    this.bytesUp += bytes.length;
    if (this.socket !== null) {
      if (!this.socket.send(bytes)) this.proxy.drops.count('session-queue');
      return;
    }
    const full =
      this.waiting.length >= l4Limits.udpWaitingCount ||
      this.waitingBytes + bytes.length > l4Limits.udpWaitingBytes;
    if (full) {
      this.proxy.drops.count('session-queue');
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
  }

  /** By default what is said of the server is whether it ever answered. */
  end(
    ending: SessionEnding,
    result: 'success' | 'failure' | 'unknown' = this.bytesDown > 0 ? 'success' : 'unknown',
  ): void {
    if (this.isOver) return;
    this.isOver = true;
    this.waiting = [];
    void this.socket?.close();
    this.target.ended(this.ticket, result, this.latencyMs, this.proxy.nowMs());
    this.proxy.over(this, this.report(ending));
  }

  private report(ending: SessionEnding): SessionReport {
    const { facts, target, bytesUp, bytesDown, latencyMs } = this;
    return {
      ...{ kind: 'datagrams', facts, target, ending, bytesUp, bytesDown, latencyMs },
      encrypted: false,
      attempts: 1,
      totalMs: this.proxy.nowMs() - this.begunMs,
    };
  }

  private bound(socket: DatagramSocket): void {
    if (this.isOver) {
      void socket.close();
      return;
    }
    this.socket = socket;
    const { waiting } = this;
    this.waiting = [];
    for (const bytes of waiting) {
      if (!socket.send(bytes)) this.proxy.drops.count('session-queue');
    }
  }

  private answered(bytes: Buffer): void {
    if (this.isOver) return;
    if (Number.isNaN(this.latencyMs)) {
      const nowMs = this.proxy.nowMs();
      this.latencyMs = nowMs - this.begunMs;
      this.target.connected(this.latencyMs, nowMs);
    }
    this.bytesDown += bytes.length;
    this.proxy.answer(this, bytes);
  }

  /** `code`: errno(3); ICMP errors come so too (udp(7)). */
  private failed(code: string): void {
    switch (code) {
      case 'ECONNREFUSED':
        this.end('server-refused', 'failure');
        return;
      case 'EHOSTUNREACH':
      case 'ENETUNREACH':
        this.end('server-unreachable', 'failure');
        return;
      case 'EMSGSIZE':
        this.proxy.drops.count('too-large');
        return;
      default:
        this.proxy.drops.count('send-failed');
    }
  }
}
