/**
 * The door: accepts connections, gives their requests to the engine, and ends each turn of the event
 * loop by making the log durable and sending the replies.
 *
 * A turn: all sockets that are readable are read, their requests run, their replies collected. Then,
 * once, the log entries of all of them are written (group commit) and the replies leave. Under
 * `appendfsync always` replies are held until the log is durable, also those of reads, since they may
 * show what is not durable yet.
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
import type { Output } from '../session/output.ts';
import type { Session } from '../session/session.ts';
import { Client } from './client.ts';

export type ListenerOptions = Omit<ListenOptions, 'onConnection' | 'onReject'>;

const TOO_MANY_CLIENTS = Buffer.from('-ERR max number of clients reached\r\n');

export class KvServer {
  readonly engine: Engine;
  /** Parses what needs no buffer of its own. */
  readonly parser: RespParser;
  readonly parserLimits: ParserLimits;
  readonly listeners: Listener[] = [];
  /** The write-ahead log, undefined without persistence. */
  private log: Log | undefined;
  private readonly clients = new Map<Session, Client>();
  private paused: Client[] = [];
  private toResume: Client[] = [];
  private toClose: { client: Client; reason: EndingReason }[] = [];
  private working = false;

  constructor(engine: Engine, limits: ParserLimits) {
    this.engine = engine;
    this.parserLimits = limits;
    this.parser = new RespParser(limits);
    engine.onUnblocked = (session) => {
      const client = this.clients.get(session);
      if (client === undefined) return;
      this.toResume.push(client);
      this.beginWork();
    };
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
    this.engine.stats.connections++;
    const client = new Client(this, connection);
    this.clients.set(client.session, client);
    return client;
  }

  clientOf(session: Session): Client | undefined {
    return this.clients.get(session);
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
    const { log } = this;
    if (log === undefined) outlet.flush();
    else if (log.policy === 'always' && log.state !== 'failed' && this.undurable(log)) {
      const held = outlet.hold();
      log.flush((error) => {
        outlet.release(held, error === null ? undefined : (output) => this.lost(log, output));
        if (outlet.hasOutput) this.beginWork();
      });
    } else {
      log.flush();
      outlet.flush();
    }
    this.closeClients();
  };

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

  /** The client waits for the end of CLIENT PAUSE. */
  addPaused(client: Client): void {
    this.paused.push(client);
  }

  /** A pause is over or was shortened. */
  resumePaused(): void {
    if (this.paused.length === 0) return;
    this.toResume.push(...this.paused);
    this.paused = [];
    this.beginWork();
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
      const { output } = client.session;
      if (output !== undefined && (output.held > 0 || output.scheduled)) this.toClose.push(item);
      else client.connection.close(reason);
    }
    if (this.toClose.length > 0) this.beginWork();
  }

  /** Ends clients that have been silent too long (`timeout`), as Redis does not for those who wait. */
  checkClients(nowMs: number): void {
    const { timeout } = this.engine.settings;
    if (timeout === 0) return;
    for (const [session, client] of this.clients) {
      if (session.blocked !== undefined || session.subscriptions !== undefined) continue;
      if (nowMs - session.lastCommandMs > timeout * 1000) client.close('idle-timeout');
    }
  }

  /** A connection has ended. */
  forget(client: Client, _reason: EndingReason): void {
    const { engine } = this;
    const { session } = client;
    this.clients.delete(session);
    this.paused = this.paused.filter((other) => other !== client);
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
