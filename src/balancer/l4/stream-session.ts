/**
 * One client of a stream listener, from its first byte to the end of both sides.
 *
 *     opening ──header, hello──▶ dialling ──▶ relaying ──both ended──▶ closing ──▶ over
 *        │                        │   ▲ failed: another server           │
 *        └── refused, too late ───┴── none, client left ── reset ────────┴── stalled ──▶ over
 *
 * Invariants: the session is over, with the first reason met, when neither stream is left; each server that was
 * told of it by `began` is told once that it ended; half-closes and resets are passed on, so each side sees of
 * the other what it would see without us. A side that ended has its last bytes delivered before the other side's
 * failure is told.
 */
import type { Connection, ConnectionHandler, EndingReason } from '../../core/downstream/index.ts';
import type {
  ByteStream,
  DialErrorCode,
  Dialling,
  StreamEvents,
} from '../../core/runtime/index.ts';
import type { Backends, SessionFacts, SessionReport, Target } from './backends.ts';
import type { SessionEnding } from './endings.ts';
import { type Opening, type Refusal, UNRECOGNIZED_NAME } from './opening.ts';
import { Pipe } from './pipe.ts';
import { proxyHeaderOf } from './proxy-out.ts';
import type { StreamProxy } from './stream-proxy.ts';

const opening = 0;
const dialling = 1;
const relaying = 2;
const closing = 3;
const over = 4;

export class StreamSession implements ConnectionHandler {
  readonly connection: Connection;
  readonly proxy: StreamProxy;
  facts: SessionFacts;
  target: Target | null = null;
  /** Client to server and back; null before there is a server. */
  up: Pipe | null = null;
  down: Pipe | null = null;
  server: ByteStream | null = null;
  private state = opening;
  private ending: SessionEnding | null = null;
  private start: Opening | null;
  private backends: Backends | null = null;
  private dial: Dialling | null = null;
  private tried: Target[] = [];
  private ticket = 0;
  private readonly acceptedMs: number;
  begunMs = 0;
  private connectMs = Number.NaN;
  private paused = false;
  private clientEnded = false;
  private clientGone = false;
  private deadlineMs: number;
  private bufferedBytes = 0;

  constructor(proxy: StreamProxy, connection: Connection, facts: SessionFacts, start: Opening) {
    this.proxy = proxy;
    this.connection = connection;
    this.facts = facts;
    this.start = start;
    this.acceptedMs = proxy.nowMs();
    this.deadlineMs = this.acceptedMs + proxy.settings.openingMs;
  }

  /** What is needed to choose a server is known: begin. */
  begin(): void {
    this.state = dialling;
    const backends = this.proxy.backendsOf(this.facts.serverName);
    if (backends === undefined) {
      const ending = this.facts.serverName === '' ? 'name-missing' : 'name-unknown';
      this.refuse({ ending, alert: UNRECOGNIZED_NAME });
      return;
    }
    this.backends = backends;
    this.attempt();
  }

  /** Ends both sides now. */
  cut(ending: SessionEnding): void {
    this.ending ??= ending;
    this.dial?.cancel();
    this.dial = null;
    this.server?.reset();
    if (!this.clientGone) this.connection.reset('killed');
    if (this.server === null) this.left('unknown');
  }

  /** The proxy's tick. */
  tick(nowMs: number): void {
    switch (this.state) {
      case opening:
        if (nowMs >= this.deadlineMs) this.fail(this.start!.timeoutEnding, 'head-timeout');
        return;
      case relaying:
        this.lookAtIdle(nowMs);
        return;
      case closing:
        this.lookAtFlush(nowMs);
    }
  }

  // From the client.

  onData(chunk: Buffer): void {
    if (this.up !== null) this.up.data(chunk);
    else this.keep(chunk);
  }

  onDrain(): void {
    this.down?.drained();
  }

  onEnd(): void {
    this.clientEnded = true;
    if (this.state === opening) this.fail('client-left', 'client-closed');
    else if (this.up !== null) this.endUp();
  }

  onClose(reason: EndingReason): void {
    this.clientGone = true;
    this.ending ??= endingOf(
      reason,
      this.up !== null,
      this.down?.ended === true && this.up?.ended === true,
    );
    this.dial?.cancel();
    this.dial = null;
    if (this.server === null) this.left('unknown');
    else if (this.up!.ended && this.down!.ended) this.close();
    else this.server.reset();
    this.finishWhenGone();
  }

  /** Sessions of layer 4 cannot be asked to end: they go on until the deadline of the drain. */
  onDrainRequested(): void {}

  // From the server.

  serverEnded(): void {
    const { up, down } = this;
    down!.end();
    if (up!.ended) this.close();
    else this.connection.shutdown();
  }

  serverGone(error: string | null): void {
    const { up, down } = this;
    this.server = null;
    const inOrder = error === null && up!.ended && down!.ended;
    if (!inOrder) this.ending ??= 'server-reset';
    this.left(down!.bytes > 0 || inOrder || this.ending !== 'server-reset' ? 'success' : 'failure');
    if (!inOrder && !this.clientGone) {
      // Its end was seen: the client gets all that came before it.
      if (down!.ended) this.connection.close('upstream-failed');
      else this.connection.reset('upstream-failed');
    }
    this.finishWhenGone();
  }

  // From the dial.

  connected(stream: ByteStream): void {
    const { backends, connection } = this;
    const nowMs = this.proxy.nowMs();
    this.dial = null;
    this.connectMs = nowMs - this.begunMs;
    this.target!.connected(this.connectMs, nowMs);
    this.server = stream;
    this.state = relaying;
    this.deadlineMs = nowMs + this.proxy.settings.idleMs;
    stream.attach(new ServerEvents(this));
    // TLS to a server was sent it before its handshake.
    if (!stream.encrypted) {
      const header = proxyHeaderOf(backends!.proxyProtocol, this.facts);
      if (header !== null) stream.write(header);
    }
    const { kept } = this.start!;
    this.start = null;
    this.up = new Pipe(connection, stream);
    this.down = new Pipe(stream, connection);
    this.up.begin(kept.length === 0 ? null : kept, this.paused);
    if (this.clientEnded) this.endUp();
  }

  dialFailed(code: DialErrorCode): void {
    this.dial = null;
    const ours =
      code === 'descriptors-limit' || code === 'local-address' || code === 'tls-settings';
    this.left(ours ? 'unknown' : 'failure');
    if (ours) this.fail('resources-exhausted', 'upstream-failed');
    else if (this.backends!.mayRetry(this.tried.length, this.proxy.nowMs())) this.attempt();
    else this.fail('dial-failed', 'upstream-failed');
  }

  private attempt(): void {
    const { proxy } = this;
    const backends = this.backends!;
    const nowMs = proxy.nowMs();
    const target = backends.choose(this.facts, this.tried, nowMs);
    if (target === undefined) {
      this.fail(this.tried.length === 0 ? 'no-server' : 'dial-failed', 'upstream-failed');
      return;
    }
    this.tried.push(target);
    this.target = target;
    this.ticket = target.began(nowMs);
    this.begunMs = nowMs;
    const { address, tls } = target;
    const header = tls === undefined ? null : proxyHeaderOf(backends.proxyProtocol, this.facts);
    this.dial = proxy.world.network.dial(
      {
        address,
        timeoutMs: backends.connectMs,
        ...(backends.source !== undefined && { localAddress: backends.source }),
        ...(tls !== undefined && { tls }),
        ...(header !== null && { preface: header }),
      },
      {
        onConnected: (stream) => this.connected(stream),
        onFailed: (code) => this.dialFailed(code),
      },
    );
  }

  /** Bytes of a client that has no server yet. */
  private keep(chunk: Buffer): void {
    const { start } = this;
    if (this.state === opening) {
      const step = start!.take(chunk);
      if (step === 'more') return;
      if (step !== 'ready') {
        this.refuse(step);
        return;
      }
      this.facts = factsWith(this.facts, start!);
      this.hold();
      this.begin();
    } else if (start !== null) {
      start.take(chunk);
      this.hold();
    }
  }

  /** One read is enough until there is a server. */
  private hold(): void {
    this.paused = true;
    this.connection.pause();
  }

  private refuse({ ending, alert }: Refusal): void {
    if (alert === null || !this.proxy.readsHello) {
      this.fail(ending, 'protocol-error');
      return;
    }
    this.ending ??= ending;
    this.state = closing;
    this.connection.write(alert);
    this.connection.close('protocol-error');
  }

  /** There is no server: the client is let go. */
  private fail(ending: SessionEnding, reason: EndingReason): void {
    this.ending ??= ending;
    this.state = closing;
    this.connection.reset(reason);
  }

  private endUp(): void {
    this.up!.end();
    this.server?.shutdown();
    if (this.down!.ended) this.close();
  }

  /** Both sides have said all; what is buffered is still on its way. */
  private close(): void {
    this.state = closing;
    this.deadlineMs = this.proxy.nowMs() + this.proxy.flushMs;
    this.bufferedBytes = this.server?.bufferedBytes ?? 0;
    this.connection.close('complete');
  }

  private lookAtIdle(nowMs: number): void {
    const up = this.up!;
    const down = this.down!;
    const buffered = this.server!.bufferedBytes + this.connection.bufferedBytes;
    if (up.moved || down.moved || buffered !== this.bufferedBytes) {
      if (!up.moved) up.rest();
      if (!down.moved) down.rest();
      up.moved = false;
      down.moved = false;
      this.bufferedBytes = buffered;
      this.deadlineMs = nowMs + this.proxy.settings.idleMs;
      return;
    }
    up.rest();
    down.rest();
    if (nowMs < this.deadlineMs) return;
    this.ending ??= 'idle-timeout';
    // With RST only where bytes are lost.
    if (this.server!.bufferedBytes > 0) this.server!.reset();
    else this.server!.destroy();
    this.connection.destroy('idle-timeout');
  }

  /** The client's side is looked after by its listener. */
  private lookAtFlush(nowMs: number): void {
    const { server } = this;
    if (server === null) return;
    if (server.bufferedBytes < this.bufferedBytes) this.deadlineMs = nowMs + this.proxy.flushMs;
    this.bufferedBytes = server.bufferedBytes;
    if (nowMs < this.deadlineMs) return;
    this.ending ??= 'server-stalled';
    server.reset();
  }

  /** The target is told that its part is over. */
  private left(result: 'success' | 'failure' | 'unknown'): void {
    const { target } = this;
    if (target === null) return;
    this.target = null;
    target.ended(this.ticket, result, this.connectMs, this.proxy.nowMs());
  }

  private finishWhenGone(): void {
    if (!this.clientGone || this.server !== null || this.state === over) return;
    this.state = over;
    this.up?.close();
    this.down?.close();
    this.proxy.over(this, this.report(this.ending ?? 'complete'));
  }

  private report(ending: SessionEnding): SessionReport {
    const { facts, tried, up, down, connectMs } = this;
    return {
      ...{ kind: 'stream', facts, ending, latencyMs: connectMs },
      encrypted: this.connection.encrypted,
      target: tried.at(-1) ?? null,
      attempts: tried.length,
      bytesUp: up?.bytes ?? 0,
      bytesDown: down?.bytes ?? 0,
      totalMs: this.proxy.nowMs() - this.acceptedMs,
    };
  }
}

class ServerEvents implements StreamEvents {
  private readonly session: StreamSession;

  constructor(session: StreamSession) {
    this.session = session;
  }

  onData(chunk: Buffer): void {
    this.session.down!.data(chunk);
  }
  onDrain(): void {
    this.session.up!.drained();
  }
  onEnd(): void {
    this.session.serverEnded();
  }
  onClosed(error: string | null): void {
    this.session.serverGone(error);
  }
}

function factsWith(facts: SessionFacts, { endpoints, serverName }: Opening): SessionFacts {
  if (endpoints === null || endpoints.family === 'unix') return { ...facts, serverName };
  return {
    clientAddress: endpoints.sourceAddress,
    clientPort: endpoints.sourcePort,
    localAddress: endpoints.destinationAddress,
    localPort: endpoints.destinationPort,
    serverName,
  };
}

/** What a client's end means for the session, when nothing else ended it. */
function endingOf(reason: EndingReason, hadServer: boolean, bothEnded: boolean): SessionEnding {
  switch (reason) {
    case 'server-drain':
      return 'drained';
    case 'server-stop':
      return 'stopped';
    case 'killed':
      return 'cut';
    case 'idle-timeout':
      return 'idle-timeout';
    case 'flush-timeout':
    case 'output-limit':
      return 'client-stalled';
    case 'peer-unreachable':
      return 'client-vanished';
  }
  if (!hadServer) return 'client-left';
  return bothEnded ? 'complete' : 'client-reset';
}
