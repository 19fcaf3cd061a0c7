/**
 * Where replies leave. All replies of one turn of the event loop are written one after the other into
 * one shared buffer; at the end of the turn every client gets its region in one write. What a client
 * may not see yet, because the log has not made it durable, is held in batches.
 *
 * Benchmark: bench/kv.
 */
import { inOwnMemory, ownCopy } from '../../core/base/index.ts';
import { RespWriter, type RespWriterOptions } from '../../core/wire/index.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';

const TURN_BYTES = 64 * 1024;
/** A buffer that had to grow beyond this is not kept for the next turn. */
const TURN_BYTES_KEPT = 1024 * 1024;
const SPARE_BUFFERS_MAX = 16;
/** A turn held for the log is copied up to here, so that many small turns do not take a buffer each. */
const HELD_COPIED_MAX = 4096;
/** Pieces that a connection copies while it is behind (core/runtime/node/transport-output.ts). */
const GATHERED_BYTES_MAX = 4096;

/** Replies of one turn that wait for the log. */
export interface HeldTurn {
  readonly outputs: Output[];
  readonly chunks: Buffer[][];
  /** The turn's own buffer, undefined when what is held was copied. */
  readonly buffer: Buffer | undefined;
  readonly bytes: number;
}

export class Outlet {
  readonly writer: RespWriter;
  /** Bytes handed to connections since the start. */
  sentBytes = 0;
  /** Bytes that wait for the log. */
  heldBytes = 0;
  private scheduled: Output[] = [];
  private current: Output | undefined;
  private session: Session | undefined;
  private from = 0;
  private readonly spare: Buffer[] = [];
  /** Messages for the session whose command runs: they come behind its reply. */
  private deferred: Buffer[] = [];
  /** Whose command runs while another session is written a reply, and the messages that wait for it. */
  private suspended: { output: Output; messages: Buffer[] } | undefined;
  /** Looks at a client that was given a message: it may have too much unread. */
  guard: ((session: Session, output: Output) => void) | undefined;

  /** `options`: of the writer. */
  constructor(options: RespWriterOptions = {}) {
    this.writer = new RespWriter(TURN_BYTES, options);
  }

  /** Begins the replies of a session; until `end` what is written is for it. */
  begin(session: Session): void {
    this.current = session.output;
    this.session = session;
    this.from = this.writer.pos;
    this.writer.protocol = session.protocol;
  }

  /** Bytes written for the current session and not yet handed on. */
  get currentBytes(): number {
    return this.writer.pos - this.from;
  }

  /** A command of the current session is complete: messages for it follow its reply. */
  settle(): void {
    if (this.writer.overflowed) this.loseReply();
    if (this.deferred.length === 0) return;
    const output = this.current;
    const { deferred } = this;
    this.deferred = [];
    if (output === undefined) return;
    output.addRegion(this.writer.buf, this.from, this.writer.pos);
    output.keepRegion(this.writer.buf);
    this.from = this.writer.pos;
    for (const bytes of deferred) output.add(bytes);
    this.schedule(output);
  }

  end(): void {
    this.settle();
    const output = this.current;
    this.current = undefined;
    if (output === undefined) {
      this.writer.pos = this.from;
      return;
    }
    if (this.writer.pos === this.from) return;
    output.addRegion(this.writer.buf, this.from, this.writer.pos);
    this.schedule(output);
  }

  /** Forgets what the current session was written since `pos`, as far as it is still here. */
  rewind(pos: number): void {
    this.writer.recover(Math.max(pos, this.from));
  }

  /** There is no room for a reply of the current session. It can not be told so: it is ended. */
  private loseReply(): void {
    this.writer.recover(this.from);
    this.deferred = [];
    const { current: output, session } = this;
    if (output === undefined || session === undefined) return;
    session.closing = true;
    session.endingReason = 'reply-too-large';
    this.forget(output);
    output.connection.destroy('reply-too-large');
  }

  /**
   * Writes a reply for a session while another one's may be under way, in the middle of an EXEC even:
   * messages for that one still wait for the end of its reply.
   */
  deliver(session: Session, write: (writer: RespWriter) => void): void {
    const { current, from, session: before } = this;
    const { protocol } = this.writer;
    if (current !== undefined) {
      this.suspended = { output: current, messages: this.deferred };
      this.deferred = [];
      this.end();
    }
    this.begin(session);
    write(this.writer);
    this.end();
    if (current !== undefined) {
      this.deferred = this.suspended!.messages;
      this.suspended = undefined;
      this.current = current;
      this.session = before;
      this.from = this.writer.pos;
      this.writer.protocol = protocol;
    } else this.from = from;
  }

  /**
   * Sends bytes that are complete messages; nobody may change them afterwards. A session whose command
   * runs gets them behind its reply.
   */
  push(session: Session, bytes: Buffer): void {
    const output = session.output;
    if (output === undefined || output.connection.closing) return;
    if (output === this.current) {
      this.deferred.push(bytes);
      return;
    }
    if (output === this.suspended?.output) {
      this.suspended.messages.push(bytes);
      return;
    }
    output.keepRegion(this.writer.buf);
    output.add(output.isBehind ? inOwnMemory(bytes) : bytes);
    this.schedule(output);
    this.guard?.(session, output);
  }

  private schedule(output: Output): void {
    if (output.scheduled) return;
    output.scheduled = true;
    this.scheduled.push(output);
  }

  get hasOutput(): boolean {
    return this.scheduled.length > 0;
  }

  /** Sends what this turn wrote. */
  flush(): void {
    const { scheduled, writer } = this;
    let retained = false;
    for (let i = 0; i < scheduled.length; i++) {
      const output = scheduled[i]!;
      output.scheduled = false;
      if (output.held > 0) output.keepRegion(writer.buf);
      else if (this.send(output)) retained = true;
    }
    scheduled.length = 0;
    this.resetWriter(retained);
  }

  /** Keeps what this turn wrote until `release`. */
  hold(): HeldTurn {
    const { scheduled, writer } = this;
    const chunks: Buffer[][] = [];
    let bytes = 0;
    const copied = writer.pos <= HELD_COPIED_MAX;
    const source = copied ? ownCopy(writer.buf.subarray(0, writer.pos)) : writer.buf;
    for (const output of scheduled) {
      output.scheduled = false;
      output.held++;
      const outputBytes = output.chunkBytes + (output.to - output.from);
      output.heldBytes += outputBytes;
      bytes += outputBytes;
      if (output.to > output.from) output.add(source.subarray(output.from, output.to));
      output.from = 0;
      output.to = 0;
      chunks.push(output.chunks);
      output.chunks = [];
      output.chunkBytes = 0;
    }
    const held = { outputs: scheduled, chunks, buffer: copied ? undefined : source, bytes };
    this.heldBytes += bytes;
    this.scheduled = [];
    this.resetWriter(!copied);
    return held;
  }

  /** Sends what was held. `refuse` says for which clients it must not be sent: those are closed. */
  release(held: HeldTurn, refuse?: (output: Output) => boolean): void {
    let retained = false;
    this.heldBytes -= held.bytes;
    for (let i = 0; i < held.outputs.length; i++) {
      const output = held.outputs[i]!;
      output.held--;
      for (const chunk of held.chunks[i]!) output.heldBytes -= chunk.length;
      if (refuse?.(output) === true) {
        output.connection.destroy('log-failed');
        continue;
      }
      // What came later stays behind what was held.
      const later = output.chunks;
      output.chunks = held.chunks[i]!;
      if (this.sendChunks(output)) retained = true;
      if (later.length > 0) {
        for (const chunk of later) output.add(chunk);
        this.schedule(output);
      }
    }
    if (
      !retained &&
      held.buffer !== undefined &&
      held.buffer.length <= TURN_BYTES_KEPT &&
      this.spare.length < SPARE_BUFFERS_MAX
    ) {
      this.spare.push(held.buffer);
    }
  }

  /** Hands a connection that is about to close all that waits for it, though it has not drained. */
  finish(output: Output): void {
    output.keepRegion(this.writer.buf);
    this.sendChunks(output);
  }

  /** A connection has sent all it had: it takes more. */
  drained(output: Output): void {
    if (output.chunks.length > 0 || output.to > output.from) this.schedule(output);
  }

  /** A connection is gone. */
  forget(output: Output): void {
    output.chunks = [];
    output.chunkBytes = 0;
    output.from = 0;
    output.to = 0;
  }

  /** Returns whether the shared buffer is still referred to. */
  private send(output: Output): boolean {
    const { connection } = output;
    const { writer } = this;
    const behind = connection.bufferedBytes > 0 && !connection.closing;
    if (output.chunks.length > 0) {
      if (behind) {
        output.keepRegion(writer.buf);
        return false;
      }
      if (output.to > output.from) output.add(writer.buf.subarray(output.from, output.to));
      output.from = 0;
      output.to = 0;
      return this.sendChunks(output);
    }
    if (output.to === output.from) return false;
    this.sentBytes += output.to - output.from;
    const region = writer.buf.subarray(output.from, output.to);
    // A connection that is behind gathers small pieces; a large one must not keep the turn's buffer.
    const own = behind && region.length > GATHERED_BYTES_MAX;
    const sent = connection.write(own ? ownCopy(region) : region) || own;
    output.from = 0;
    output.to = 0;
    return !sent;
  }

  private sendChunks(output: Output): boolean {
    const { chunks } = output;
    output.chunkBytes = 0;
    if (chunks.length === 0) return false;
    for (const chunk of chunks) this.sentBytes += chunk.length;
    output.chunks = [];
    const { connection } = output;
    return !(chunks.length === 1 ? connection.write(chunks[0]!) : connection.writev(chunks));
  }

  private resetWriter(retained: boolean): void {
    const { writer } = this;
    if (retained) writer.buf = this.spare.pop() ?? Buffer.allocUnsafeSlow(nextSize(writer.pos));
    else if (writer.buf.length > TURN_BYTES_KEPT) writer.buf = Buffer.allocUnsafeSlow(TURN_BYTES);
    writer.pos = 0;
  }
}

/** Size of a new buffer after a turn of `used` bytes: the next turn may be like it. */
function nextSize(used: number): number {
  let size = TURN_BYTES;
  while (size < used && size < TURN_BYTES_KEPT) size *= 2;
  return size;
}
