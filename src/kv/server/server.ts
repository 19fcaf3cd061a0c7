/**
 * The door: accepts connections, gives their requests to the engine, and ends each turn of the event
 * loop by making the log durable and sending the replies.
 *
 * A turn: all sockets that are readable are read, their requests run, their replies collected. Then,
 * once, the log entries of all of them are written (group commit) and the replies leave. Under
 * `appendfsync always` replies are held until the log is durable, also those of reads, since they may
 * show what is not durable yet. When many are held no more requests run until the disk has caught up.
 *
 * Benchmark: bench/kv.
 */
import {
  type Connection,
  type ConnectionHandler,
  type EndingReason,
  type Listener,
  type ListenOptions,
  listen,
} from '../../core/downstream/index.ts';
import type { Log } from '../../core/store/index.ts';
import { type ParserLimits, RespParser } from '../../core/wire/index.ts';
import type { Engine } from '../engine/engine.ts';
import { heldReplyBytesMax } from '../limits.ts';
import { UNTIL_TOLD } from '../session/held.ts';
import type { Output } from '../session/output.ts';
import type { Session } from '../session/session.ts';
import { Client } from './client.ts';
import { ReadAhead } from './read-ahead.ts';
import { Refused, refusalOf, TOO_MANY_CLIENTS } from './refused.ts';
import { SpareInputs } from './spare-inputs.ts';

export type ListenerOptions = Omit<ListenOptions, 'onConnection' | 'onReject'>;

/** How often all clients are looked at. */
const CHECK_MS = 1000;

/** Replies of a turn above this leave before its end. */
const SEND_BYTES = 256 * 1024;

export class KvServer {
  readonly engine: Engine;
  /** Parses what needs no buffer of its own. */
  readonly parser: RespParser;
  /** For requests that are not complete yet. */
  readonly spareInputs: SpareInputs;
  /** One, unless a request that runs lets another client's requests run. */
  private readonly readAheads: ReadAhead[] = [];
  readonly listeners: Listener[] = [];
  /** The write-ahead log, undefined without persistence. */
  private log: Log | undefined;
  private readonly clients = new Map<Session, Client>();
  private readonly paused = new Set<Client>();
  /** Clients that wait for one thing of the disk, by its number: a collection to be written, a key to be read. */
  private readonly awaiting = new Map<number, Set<Client>>();
  private toResume: Client[] = [];
  /** Clients of which nothing more runs until they have read replies, or the log has let go of some. */
  private readonly throttled = new Set<Client>();
  private toClose: { client: Client; reason: EndingReason }[] = [];
  private working = false;
  private checkedMs = 0;

  private readonly heldBytesMax: number;

  /** `heldBytesMax`: replies that may wait for the log before no more requests run. */
  constructor(engine: Engine, limits: ParserLimits, heldBytesMax = heldReplyBytesMax) {
    this.engine = engine;
    this.heldBytesMax = heldBytesMax;
    this.spareInputs = new SpareInputs(limits);
    this.parser = new RespParser(limits);
    engine.onFlushProgress = (hold) => this.resumeAwaiting(hold);
    engine.onUnblocked = (session) => {
      const client = this.clients.get(session);
      if (client === undefined) return;
      this.toResume.push(client);
      this.beginWork();
    };
    engine.onUnpaused = () => this.resumePaused();
  }

  /** Entries of this log decide when replies may leave. */
  useLog(log: Log): void {
    this.log = log;
    this.engine.effects.sink = log;
  }

  async listen(options: ListenerOptions): Promise<Listener> {
    const listener = await listen({
      ...options,
      onConnection: (connection) => this.accept(connection),
      onReject: () => {
        this.engine.stats.rejectedConnections++;
        return TOO_MANY_CLIENTS;
      },
    });
    this.listeners.push(listener);
    return listener;
  }

  private accept(connection: Connection): ConnectionHandler {
    const { engine } = this;
    const refusal = refusalOf(engine, connection, this.clients.size);
    if (refusal !== undefined) {
      engine.stats.rejectedConnections++;
      return new Refused(connection, engine.clock, refusal);
    }
    engine.stats.connections++;
    const client = new Client(this, connection);
    this.clients.set(client.session, client);
    return client;
  }

  clientOf(session: Session): Client | undefined {
    return this.clients.get(session);
  }

  takeReadAhead(): ReadAhead {
    return this.readAheads.pop() ?? new ReadAhead();
  }

  giveReadAhead(ahead: ReadAhead): void {
    this.readAheads.push(ahead);
  }

  /** Something runs in this turn: see to its end. */
  beginWork(): void {
    if (this.working) return;
    this.working = true;
    this.engine.clock.nextTurn(this.endTurn);
  }

  private readonly endTurn = (): void => {
    this.working = false;
    const { outlet } = this.engine;
    this.resumeClients();
    this.engine.tracking.broadcast();
    const { log } = this;
    if (log !== undefined) this.makeDurable(log);
    outlet.flush();
    this.engine.clientEviction.look();
    this.closeClients();
    this.releaseThrottled();
  };

  /** Writes the entries of the turn; holds its replies while `always` asks for what is not durable. */
  private makeDurable(log: Log): void {
    const failedBefore = log.state === 'failed';
    log.flush();
    // A fast disk has them by now. A log that had failed before took no write of a client this turn.
    if (log.policy !== 'always' || failedBefore || !this.undurable(log)) return;
    const { outlet } = this.engine;
    const held = outlet.hold();
    log.flush((error) => {
      outlet.release(held, error === null ? undefined : (output) => this.lost(log, output));
      if (outlet.hasOutput || this.throttled.size > 0 || this.toClose.length > 0) {
        this.beginWork();
      }
    });
  }

  /**
   * Sends the replies so far when they are many: a shared buffer of megabytes costs more in page faults
   * than the group commit and the later writes save. Under `always` the end of the turn decides.
   */
  sendMany(): void {
    const { log } = this;
    const { outlet } = this.engine;
    if (outlet.writer.pos < SEND_BYTES) return;
    if (log !== undefined) {
      if (log.policy === 'always') return;
      log.flush();
    }
    outlet.flush();
  }

  /** Whether so many replies wait for the log that no request may add to them. */
  get heldFull(): boolean {
    if (this.log === undefined || this.log.policy !== 'always') return false;
    const { outlet } = this.engine;
    return outlet.heldBytes + outlet.writer.pos > this.heldBytesMax;
  }

  private undurable(log: Log): boolean {
    return log.durableIndex < this.engine.effects.lastIndex;
  }

  /** Whether a client was to be told of a write that is not durable. */
  private lost(log: Log, output: Output): boolean {
    return output.writeIndex > log.durableIndex;
  }

  private resumeClients(): void {
    // A client that goes on may wake others: those are in the next round of the loop.
    while (this.toResume.length > 0) {
      const list = this.toResume;
      this.toResume = [];
      this.working = true;
      for (const client of list) client.resume();
      this.working = false;
    }
  }

  /** The request of the client is held, by what its session says. */
  addHeld(client: Client): void {
    const { heldBy } = client.session;
    if (heldBy <= UNTIL_TOLD) {
      this.paused.add(client);
      return;
    }
    const awaiting = this.awaiting.get(heldBy);
    if (awaiting === undefined) this.awaiting.set(heldBy, new Set([client]));
    else awaiting.add(client);
  }

  /** The client waits until there is room for more replies. */
  addThrottled(client: Client): void {
    this.throttled.add(client);
  }

  private releaseThrottled(): void {
    for (const client of this.throttled) {
      if (!client.hasRoom) continue;
      this.throttled.delete(client);
      this.toResume.push(client);
      this.beginWork();
    }
  }

  /** A pause is over or was shortened. */
  resumePaused(): void {
    if (this.paused.size === 0) return;
    for (const client of this.paused) this.toResume.push(client);
    this.paused.clear();
    this.beginWork();
  }

  /** What some waited for has come, or whatever others wait for. */
  private resumeAwaiting(hold?: number): void {
    const { awaiting } = this;
    if (awaiting.size === 0) return;
    for (const number of hold === undefined ? [...awaiting.keys()] : [hold]) {
      const clients = awaiting.get(number);
      if (clients === undefined) continue;
      awaiting.delete(number);
      for (const client of clients) this.toResume.push(client);
      this.beginWork();
    }
  }

  closeAfterFlush(client: Client, reason: EndingReason): void {
    this.toClose.push({ client, reason });
    this.beginWork();
  }

  private closeClients(): void {
    if (this.toClose.length === 0) return;
    const list = this.toClose;
    this.toClose = [];
    for (const item of list) {
      const { client, reason } = item;
      const output = client.session.output!;
      // The end of what holds its replies begins the next turn.
      if (output.held > 0) this.toClose.push(item);
      else {
        this.engine.outlet.finish(output);
        client.connection.close(reason);
      }
    }
  }

  /**
   * Once a tick: ends clients that do not read, and those that have been silent too long (`timeout`),
   * which does not hold for those who wait or listen.
   */
  checkClients(nowMs: number): void {
    const { timeout } = this.engine.settings;
    if (nowMs - this.checkedMs < CHECK_MS) return;
    this.checkedMs = nowMs;
    const { outputGuard } = this.engine;
    for (const [session, client] of this.clients) {
      const { output, connection } = session;
      if (output === undefined || session.closing) continue;
      if (output.chunkBytes > 0 || connection!.bufferedBytes > 0 || output.softSinceMs > 0) {
        outputGuard.check(session, output, 0);
      }
      if (timeout === 0 || session.blocked !== undefined) continue;
      if (session.subscriptions !== undefined || session.monitor) continue;
      if (nowMs - session.lastCommandMs > timeout * 1000) client.close('idle-timeout');
    }
  }

  /** A connection has ended. */
  forget(client: Client, _reason: EndingReason): void {
    const { engine } = this;
    const { session } = client;
    this.clients.delete(session);
    this.throttled.delete(client);
    this.paused.delete(client);
    this.awaiting.get(session.heldBy)?.delete(client);
    engine.closeSession(session);
  }

  async drain(deadlineMs: number): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.drain(deadlineMs)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.stop()));
    this.listeners.length = 0;
  }
}
