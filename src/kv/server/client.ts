/**
 * One connected client: bytes in, requests to the executor, replies by the outlet.
 *
 * The usual case costs nothing but parsing: whole requests stand in the shared read buffer and are run
 * from there. Only an unfinished request is copied, into a buffer of its own that lives until it is
 * complete. While the client waits (a blocking command, a pause) what it sends is kept, not run; above
 * `heldInputBytesMax` it is not read any more.
 *
 *   open --unfinished request--> buffering --rest comes--> open
 *   open --blocking command, pause--> waiting --served, timeout--> open
 *   any  --QUIT, protocol error, limit, end of stream--> closed
 */
import type { Connection, ConnectionHandler, EndingReason } from '../../core/downstream/index.ts';
import { type Args, Parsed, type RespParser } from '../../core/wire/index.ts';
import { Executed } from '../engine/executor.ts';
import { heldInputBytesMax, unreadReplyBytesMax } from '../limits.ts';
import { lacksMemory } from '../memory/index.ts';
import { Output } from '../session/output.ts';
import type { Session } from '../session/session.ts';
import type { KvServer } from './server.ts';
import { SPARE_INPUT_BYTES } from './spare-inputs.ts';

/** Replies of one client in one turn that are looked at for limits. */
const OUTPUT_LOOK_BYTES = 16 * 1024;
/** Arguments are found by 31-bit offsets. */
const INPUT_BYTES_MAX = 1.5 * 1024 * 1024 * 1024;

/** Times that an unfinished request is given just what it lacks before it gets all there is. */
const COMPLETING_STEPS = 4;

export class Client implements ConnectionHandler {
  readonly session: Session;
  readonly connection: Connection;
  private readonly server: KvServer;
  private readonly output: Output;
  /** Parser of an unfinished request; undefined while the shared one does. */
  private parser: RespParser | undefined;
  /** Bytes `[inputFrom, inputTo)` wait: an unfinished request, or what came while waiting. */
  private input: Buffer | undefined;
  private inputFrom = 0;
  private inputTo = 0;
  private waiting = false;
  private ended = false;
  /** `close` was called: nothing of it runs any more. */
  private closed = false;
  private readPaused = false;

  constructor(server: KvServer, connection: Connection) {
    this.server = server;
    this.connection = connection;
    this.output = new Output(connection);
    this.session = server.engine.sessions.open(connection, this.output);
    this.session.inputBytes = () => this.inputTo - this.inputFrom;
  }

  onData(chunk: Buffer): void {
    if (this.closed) return;
    const { server } = this;
    server.engine.stats.inputBytes += chunk.length;
    server.beginWork();
    const at = this.input !== undefined || this.waiting ? this.complete(chunk) : 0;
    if (at < chunk.length) this.run(server.parser, chunk, at, chunk.length);
    server.sendMany();
  }

  /**
   * Gives the unfinished request what it lacks of a chunk and runs it; returns where the rest begins,
   * which can be run where it stands. What is too cut up for that, or has to wait, is kept whole.
   */
  private complete(chunk: Buffer): number {
    let at = 0;
    for (let step = 0; step < COMPLETING_STEPS && !this.waiting; step++) {
      const lacks = (this.parser?.needed ?? 0) - (this.inputTo - this.inputFrom);
      if (lacks <= 0) break;
      const end = Math.min(at + lacks, chunk.length);
      this.keep(chunk, at, end);
      if (this.waiting) return chunk.length;
      at = end;
      this.runKept();
      if (this.closed || at === chunk.length) return chunk.length;
      if (this.input === undefined && !this.waiting) return at;
    }
    this.keep(chunk, at, chunk.length);
    if (!this.waiting) this.runKept();
    return chunk.length;
  }

  /** Runs requests of `buf[from, to)` and keeps what is unfinished. */
  private run(parser: RespParser, buf: Buffer, from: number, to: number): void {
    const { server, session } = this;
    const { engine } = server;
    const { outlet, executor } = engine;
    const { acl } = engine;
    if (this.output.pendingBytes > unreadReplyBytesMax || server.heldFull) {
      this.startWaiting(from, buf, to, true);
      return;
    }
    outlet.begin(session);
    executor.beginBatch();
    session.lastCommandMs = engine.keyspace.nowMs;
    const ahead = server.takeReadAhead();
    let at = from;
    while (at < to) {
      parser.unauthenticated = !session.authenticated && acl.passwordRequired;
      ahead.fill(parser, buf, at, to, parser.unauthenticated ? 1 : undefined);
      ahead.fetch(session.db);
      for (let nth = 0; nth < ahead.count; nth++) {
        const next = ahead.nexts[nth]!;
        if (!this.runOne(ahead.args[nth]!, buf, at, next, to)) {
          server.giveReadAhead(ahead);
          return;
        }
        at = next;
      }
      if (ahead.outcome === Parsed.error) {
        server.giveReadAhead(ahead);
        this.protocolError(parser);
        return;
      }
      if (ahead.outcome === Parsed.more) break;
    }
    server.giveReadAhead(ahead);
    outlet.end();
    if (this.output.chunkBytes > 0 || this.connection.bufferedBytes > 0) {
      engine.outputGuard.check(session, this.output, 0);
    }
    if (buf === this.input) this.inputFrom = at;
    else if (at < to) {
      this.parser = server.spareInputs.takeParser();
      this.parser.takeOver(parser);
      this.keep(buf, at, to);
    }
    this.trimInput();
  }

  /** Runs the request of `buf[at, next)`; false: nothing behind it may run now. */
  private runOne(args: Args, buf: Buffer, at: number, next: number, to: number): boolean {
    if (args.count === 0) return true;
    const { session } = this;
    const { outlet, executor } = this.server.engine;
    const replyFrom = outlet.writer.pos;
    const executed = executor.execute(session, args);
    if (executed !== Executed.done) {
      outlet.end();
      this.startWaiting(executed === Executed.paused ? at : next, buf, to);
      return false;
    }
    if (session.replyMode !== 'on') this.filterReply(replyFrom);
    outlet.settle();
    if (session.closing) {
      outlet.end();
      this.close(session.endingReason);
      return false;
    }
    if (outlet.currentBytes > OUTPUT_LOOK_BYTES && this.outputFull(next < to)) {
      outlet.end();
      if (session.closing) this.close(session.endingReason);
      else this.startWaiting(next, buf, to, true);
      return false;
    }
    return true;
  }

  /**
   * Looks at a client whose replies pile up: one above its limits is ended; of one that sends requests
   * much faster than it reads replies nothing more runs until it has read (`more`: there are more), and
   * of none while too many replies wait for the log.
   */
  private outputFull(more: boolean): boolean {
    const { engine } = this.server;
    const written = engine.outlet.currentBytes;
    if (!engine.outputGuard.check(this.session, this.output, written)) {
      engine.outlet.rewind(0);
      return true;
    }
    if (!more) return false;
    return this.output.pendingBytes + written > unreadReplyBytesMax || this.server.heldFull;
  }

  private runKept(): void {
    const parser = this.parser ?? this.server.spareInputs.takeParser();
    this.parser = parser;
    this.run(parser, this.input!, this.inputFrom, this.inputTo);
  }

  /** Appends bytes to what waits. */
  private keep(from: Buffer, start: number, end: number): void {
    const length = end - start;
    const kept = this.inputTo - this.inputFrom;
    const { clientQueryBufferLimit } = this.server.engine.settings;
    if (kept + length > Math.min(clientQueryBufferLimit, INPUT_BYTES_MAX)) {
      this.refuseInput('input-limit');
      return;
    }
    if (this.input === undefined || this.inputTo + length > this.input.length) {
      const expected = this.waiting ? 0 : (this.parser?.needed ?? 0);
      // Growing by a share of what there is keeps the copying linear when nothing is expected.
      const wanted = Math.max(
        kept + length + (kept >>> 2),
        Math.min(expected, (kept + length) * 4),
      );
      // A buffer that a command's arguments may still point into is never moved in place.
      const larger = this.allocate(Math.max(SPARE_INPUT_BYTES, roundUp(wanted)));
      if (larger === undefined) return;
      this.input?.copy(larger, 0, this.inputFrom, this.inputTo);
      this.input = larger;
      this.inputFrom = 0;
      this.inputTo = kept;
    }
    from.copy(this.input, this.inputTo, start, end);
    this.inputTo += length;
    if (this.waiting && kept + length > heldInputBytesMax && !this.readPaused) {
      this.readPaused = true;
      this.connection.pause();
    }
  }

  /** Memory for a request; when there is none its client ends. */
  private allocate(bytes: number): Buffer | undefined {
    const spare = bytes === SPARE_INPUT_BYTES ? this.server.spareInputs.takeBuffer() : undefined;
    if (spare !== undefined) return spare;
    try {
      return this.server.engine.allocateBuffer(bytes);
    } catch (error) {
      if (!lacksMemory(error)) throw error;
      this.refuseInput('memory-limit');
      return undefined;
    }
  }

  private refuseInput(reason: EndingReason): void {
    this.server.engine.endSession(this.session, reason);
    this.waiting = true;
    this.input = undefined;
  }

  private trimInput(): void {
    if (this.input === undefined || this.inputFrom < this.inputTo) return;
    const { spareInputs } = this.server;
    spareInputs.giveBuffer(this.input);
    if (this.parser !== undefined) spareInputs.giveParser(this.parser);
    this.input = undefined;
    this.parser = undefined;
    this.inputFrom = 0;
    this.inputTo = 0;
  }

  /** `full`: for room for replies, else for a key or the end of a pause. */
  private startWaiting(at: number, buf: Buffer, to: number, full = false): void {
    this.parser?.reset();
    this.parser = undefined;
    this.server.parser.reset();
    this.waiting = true;
    if (buf === this.input) this.inputFrom = at;
    else if (at < to) this.keep(buf, at, to);
    this.trimInput();
    if (full) this.server.addThrottled(this);
    else if (this.session.blocked === undefined) this.server.addHeld(this);
    if (this.ended && !full) this.close('client-closed');
  }

  /** Whether it has read enough of its replies, and the log let go of enough, for more requests to run. */
  get hasRoom(): boolean {
    const { held, pendingBytes } = this.output;
    return held === 0 && pendingBytes < unreadReplyBytesMax / 2 && !this.server.heldFull;
  }

  /** What the client waited for has come: what it sent meanwhile is run. */
  resume(): void {
    if (!this.waiting || this.closed || this.session.blocked !== undefined) return;
    if (this.connection.closing) return;
    this.waiting = false;
    if (this.readPaused) {
      this.readPaused = false;
      this.connection.resume();
    }
    if (this.session.closing) {
      this.close(this.session.endingReason);
      return;
    }
    this.server.beginWork();
    if (this.input !== undefined) this.runKept();
    if (this.ended && !this.waiting) this.close('client-closed');
  }

  /** CLIENT REPLY: off, or skip for itself and the next command. */
  private filterReply(replyFrom: number): void {
    const { session } = this;
    this.server.engine.outlet.rewind(replyFrom);
    if (session.replyMode === 'skip') session.replyMode = 'on';
    else if (session.replyMode === 'skip-next') session.replyMode = 'skip';
  }

  private protocolError(parser: RespParser): void {
    const { engine } = this.server;
    engine.stats.protocolErrors++;
    const text = `ERR Protocol error: ${parser.error}`;
    engine.stats.noteError(text);
    engine.outlet.writer.error(text);
    engine.outlet.end();
    parser.reset();
    this.close('protocol-error');
  }

  /** Sends what there is and ends the connection. */
  close(reason: EndingReason): void {
    if (this.closed) return;
    this.closed = true;
    this.waiting = true;
    this.input = undefined;
    // What it waits for must not be taken for somebody who gets no answer any more.
    this.server.engine.waiting.unblock(this.session, 'silent');
    this.server.closeAfterFlush(this, reason);
  }

  onDrain(): void {
    this.server.engine.outlet.drained(this.output);
    this.server.beginWork();
  }

  onEnd(): void {
    this.ended = true;
    if (this.waiting) {
      if (this.session.blocked !== undefined) this.close('client-closed');
      return;
    }
    this.close('client-closed');
  }

  onDrainRequested(): void {
    this.close('server-drain');
  }

  onClose(reason: EndingReason): void {
    this.waiting = true;
    this.input = undefined;
    this.server.forget(this, reason);
  }
}

function roundUp(bytes: number): number {
  return bytes <= 1 << 20
    ? 1 << (32 - Math.clz32(bytes - 1))
    : Math.ceil(bytes / (1 << 20)) * (1 << 20);
}
