/**
 * A store without sockets, for tests: run commands, get decoded replies, see what was logged.
 */

import type { Connection, EndingReason } from '../../core/downstream/index.ts';
import type { Clock, Random } from '../../core/runtime/index.ts';
import { createNodeClock, createNodeRandom } from '../../core/runtime/node/index.ts';
import { Args } from '../../core/wire/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { Engine } from '../engine/engine.ts';
import { Executed } from '../engine/executor.ts';
import { readPartedEffects } from '../engine/read-effects.ts';
import { Output } from '../session/output.ts';
import type { Session } from '../session/session.ts';
import type { Settings } from '../settings.ts';
import { decodeReplies, type Reply } from './decode.ts';

export type { Reply } from './decode.ts';

/** One client of a test store. */
export class TestClient {
  readonly session: Session;
  readonly connection: FakeConnection;
  private readonly store: TestStore;

  constructor(store: TestStore) {
    this.store = store;
    const connection = new FakeConnection(store.engine);
    this.session = store.engine.sessions.open(connection, new Output(connection));
    connection.session = this.session;
    this.connection = connection;
  }

  /** Runs one command; undefined when it waits. Pushed messages are kept for `pushed`. */
  run(...args: (string | number | Buffer)[]): Reply {
    return this.store.execute(this.session, args);
  }

  /** Replies and messages that came later: of a command that waited, of subscriptions. */
  pushed(): Reply[] {
    return this.store.take(this.session);
  }
}

export interface TestStoreOptions {
  readonly settings?: Partial<Settings>;
  readonly random?: Random;
  /** The monotonic clock runs, for scripts that run into their time limit. */
  readonly realTime?: boolean;
  /** Where large memory comes from. */
  readonly allocate?: (bytes: number) => ArrayBuffer;
}

export class TestStore {
  readonly engine: Engine;
  /** Milliseconds that have passed for the store; change it to let time pass. */
  readonly time: { offsetMs: number };
  private readonly client: TestClient;
  private readonly logged: string[][] = [];

  constructor(options: TestStoreOptions = {}) {
    const time = { offsetMs: 0 };
    this.time = time;
    const real = createNodeClock();
    const startMs = real.wallMs();
    const clock: Clock = {
      // Time stands still unless a test lets it pass: what a test says does not depend on its speed.
      monotonicMs: () => (options.realTime ? real.monotonicMs() : startMs) + time.offsetMs,
      nowMicros: () => (startMs + time.offsetMs) * 1000,
      wallMs: () => startMs + time.offsetMs,
      setTimer: (delayMs, run) => real.setTimer(delayMs, run),
      clearTimer: (timer) => real.clearTimer(timer),
      nextTurn: (run) => real.nextTurn(run),
    };
    this.engine = new Engine({
      commands: commandSpecs,
      clock,
      random: options.random ?? createNodeRandom(),
      ...(options.settings && { settings: options.settings }),
      ...(options.allocate && { allocate: options.allocate }),
    });
    this.captureEffects();
    this.client = new TestClient(this);
  }

  private captureEffects(): void {
    let buffer = Buffer.alloc(0);
    let index = 0;
    let parts: Buffer[] = [];
    this.engine.effects.sink = {
      reserve: (maxBytes, keepBytes = 0) => {
        const larger = Buffer.alloc(maxBytes);
        buffer.copy(larger, 0, 0, keepBytes);
        buffer = larger;
        return { buffer, offset: 0 };
      },
      commit: (usedBytes, _timestampMs, more = false) => {
        parts.push(Buffer.from(buffer.subarray(0, usedBytes)));
        if (more) return ++index;
        readPartedEffects(parts, new Args(), (database, args) => {
          const texts = args.copies().map((arg) => arg.toString('latin1'));
          this.logged.push(database === 0 ? texts : [`db${database}`, ...texts]);
        });
        parts = [];
        return ++index;
      },
    };
  }

  /** Runs one command of the first client. */
  run(...args: (string | number | Buffer)[]): Reply {
    return this.client.run(...args);
  }

  /** The first client's session. */
  get session(): Session {
    return this.client.session;
  }

  set resp3(on: boolean) {
    this.client.session.protocol = on ? 3 : 2;
  }

  /** Another client. */
  connect(): TestClient {
    return new TestClient(this);
  }

  /** Effects logged since the last call, as lists of words. */
  effects(): string[][] {
    return this.logged.splice(0);
  }

  /** Lets time pass: expiries and waits that end by then end. */
  advance(ms: number): void {
    this.time.offsetMs += ms;
    this.engine.keyspace.setNow(this.engine.clock.wallMs());
    this.engine.waiting.expire();
  }

  execute(session: Session, args: (string | number | Buffer)[]): Reply {
    const { engine } = this;
    const request = new Args().load(
      args.map((arg) =>
        typeof arg === 'number' ? String(arg) : typeof arg === 'string' ? Buffer.from(arg) : arg,
      ),
    );
    this.early.set(session, this.take(session));
    const waiting = this.early.get(session)?.length ?? 0;
    engine.outlet.begin(session);
    engine.executor.beginBatch();
    const executed = engine.executor.execute(session, request);
    engine.outlet.end();
    if (executed !== Executed.done) return undefined;
    const replies = this.take(session);
    if (session.closing) session.connection?.close(session.endingReason);
    // Messages that came before wait for `pushed`, as those do that follow the reply.
    const reply = replies.splice(waiting, 1)[0];
    this.early.set(session, replies);
    return reply;
  }

  private readonly early = new Map<Session, Reply[]>();

  take(session: Session): Reply[] {
    const output = session.output!;
    this.engine.tracking.broadcast();
    const early = this.early.get(session) ?? [];
    this.early.delete(session);
    output.keepRegion(this.engine.outlet.writer.buf);
    const bytes = Buffer.concat(output.chunks);
    this.engine.outlet.forget(output);
    return [...early, ...decodeReplies(bytes)];
  }
}

/** A fresh store whose commands run at once. */
export function createTestStore(options: TestStoreOptions = {}): TestStore {
  return new TestStore(options);
}

let nextPort = 50_000;

/** A connection that nothing is ever sent to. It remembers why it was ended. */
export class FakeConnection implements Connection {
  readonly id = 8;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = nextPort++;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 6379;
  readonly encrypted = false;
  readonly alpn = '';
  readonly serverName = '';
  readonly chunksStay = false;
  useReadBuffer(): void {}
  bufferedBytes = 0;
  ended: EndingReason | undefined;
  session: Session | undefined;
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get closing(): boolean {
    return this.ended !== undefined;
  }

  peerCertificate(): undefined {
    return undefined;
  }
  write(): boolean {
    return true;
  }
  writev(): boolean {
    return true;
  }
  pause(): void {}
  resume(): void {}
  close(reason: EndingReason): void {
    this.destroy(reason);
  }
  destroy(reason: EndingReason): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    if (this.session !== undefined) this.engine.closeSession(this.session);
  }
  shutdown(): void {}
  reset(reason: EndingReason): void {
    this.destroy(reason);
  }
  setIdleTimeout(): void {}
}
