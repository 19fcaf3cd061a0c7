/**
 * The sending half of a connection: heads, data within the peer's windows, resets, GOAWAY, and the end of
 * streams. Frames are appended to `output`; its owner writes that once for all that was done in a turn.
 *
 * Who may send: `sendData` takes what the windows and the bound of `output` allow. A stream that could not
 * send all waits in a queue; when there is room again, `pump` gives each in turn one quantum.
 *
 * Invariants: no window goes below zero by what we send; nothing is sent on a stream behind END_STREAM or
 * RST_STREAM, and nothing at all behind the GOAWAY of a problem.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import { invariant } from '../../base/index.ts';
import {
  type AddedFields,
  Fields,
  MethodId,
  type ReadyResponse,
  type RequestHead,
  type ResponseHead,
} from '../http/index.ts';
import {
  ErrorCode,
  Flag,
  FRAME_HEAD_BYTES,
  FRAME_SIZE_DEFAULT,
  FrameType,
  STREAM_ID_MAX,
  TABLE_SIZE_DEFAULT,
  WINDOW_DEFAULT,
} from './constants.ts';
import { FloodGuard } from './flood-guard.ts';
import {
  putFrameHead,
  writeData,
  writeGoaway,
  writePing,
  writeRstStream,
  writeWindowUpdate,
} from './frame-writer.ts';
import type { Http2Handler, Http2Shared } from './handler.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { BudgetId, type Http2Limits, RESET_STREAMS_KEPT, TINY_WINDOW_BYTES } from './limits.ts';
import { Output } from './output.ts';
import { PeerSettings } from './peer-settings.ts';
import { type Http2Problem, http2ProblemTable } from './problems.ts';
import { noteReadyFields, putReadyBlock } from './ready-blocks.ts';
import {
  type Http2Stream,
  LOCAL_ENDED,
  REMOTE_ENDED,
  ResetMemory,
  SkippedStreams,
  StreamQueue,
  StreamState,
} from './stream.ts';
import { StreamTable } from './stream-table.ts';
import { writeFields, writeRequestHead, writeResponseHead, writeTrailers } from './write-head.ts';

/** What a waiting stream may send when it is its turn, one frame. */
const QUANTUM_BYTES = FRAME_SIZE_DEFAULT;
/** Payload of the PING that finds out when the peer has seen our first GOAWAY. */
export const DRAIN_PING: Buffer = Buffer.from('plinth-d', 'latin1');
/** Beyond so much that waits a ready response goes the way of others, which has it written between. */
const READY_OCTETS_MAX = 65_536;
const readyFields = new Fields();
const OWNER_PING: Buffer = Buffer.from('plinth-p', 'latin1');

export interface Http2Options<T> {
  readonly role: 'server' | 'client';
  readonly limits: Http2Limits;
  readonly shared: Http2Shared<T>;
  readonly handler: Http2Handler<T>;
}

export abstract class Http2Sender<T> {
  /** What waits to be written. */
  readonly output: Output;
  /** The present time, milliseconds, monotonic. Set it before sending outside an event. */
  nowMs = 0;
  /** Why the connection failed, null while it did not. */
  problem: Http2Problem | null = null;
  /** No stream lives any more and none will: after a problem or `close`. */
  ended = false;
  /** `drain` has begun. */
  draining = false;
  /** What the peer said of itself. */
  readonly peer = new PeerSettings();

  protected readonly server: boolean;
  protected readonly limits: Http2Limits;
  protected readonly shared: Http2Shared<T>;
  protected readonly handler: Http2Handler<T>;
  protected readonly encoder: HpackEncoder;
  protected readonly flood = new FloodGuard();
  protected readonly streams = new StreamTable<T>();
  protected readonly resets = new ResetMemory(RESET_STREAMS_KEPT);
  /** Streams that the peer left out. */
  protected readonly skipped = new SkippedStreams();
  protected readonly waiting = new StreamQueue<T>();
  /** Streams that have ended in this turn: objects to use again in the next. */
  protected readonly gone: Http2Stream<T>[] = [];
  /** The stream of the DATA frame that is being received. */
  protected dataStream: Http2Stream<T> | null = null;

  protected sendWindow: number = WINDOW_DEFAULT;
  protected receiveWindow: number;
  private unannounced = 0;
  /** The highest stream of the peer so far. */
  protected lastPeerId = 0;
  /** Streams of the peer above this one are not taken: what our last GOAWAY said. */
  protected goawayId: number = STREAM_ID_MAX;
  /** The peer has sent GOAWAY. */
  protected peerGoaway = false;
  /** PINGs of ours that are not answered yet. */
  protected pingsSent = 0;
  private nextId = 1;
  /** The waiting stream whose turn it is. */
  private turn: Http2Stream<T> | null = null;
  private drainedTo = -1;

  constructor({ role, limits, shared, handler }: Http2Options<T>) {
    this.server = role === 'server';
    this.limits = limits;
    this.shared = shared;
    this.handler = handler;
    this.output = new Output(shared.blocks);
    this.encoder = new HpackEncoder(limits.sendTableBytesMax, TABLE_SIZE_DEFAULT);
    this.receiveWindow = Math.max(limits.connectionWindowBytes, WINDOW_DEFAULT);
  }

  /** Streams that have not ended. */
  get streamCount(): number {
    return this.streams.size;
  }

  /** Whether another request may be sent (client). */
  get canOpen(): boolean {
    return (
      !this.ended &&
      !this.draining &&
      !this.peerGoaway &&
      this.streams.size < this.peer.streamsMax &&
      this.nextId <= STREAM_ID_MAX
    );
  }

  /** Whether a drain is over: the peer knows, and no stream is left. */
  get drained(): boolean {
    return this.ended || (this.draining && this.streams.size === 0 && this.drainedTo >= 0);
  }

  /** Client: opens a stream with a request. Null when `canOpen` is false. */
  sendRequest(head: RequestHead, end: boolean, secure: boolean, context: T): Http2Stream<T> | null {
    if (!this.canOpen) return null;
    const stream = this.addStream(this.nextId);
    this.nextId += 2;
    stream.context = context;
    stream.toHead = head.method === MethodId.head;
    const at = this.beginHead();
    writeRequestHead(this.encoder, this.output, head, secure);
    this.endHead(at, stream, end);
    return stream;
  }

  /** Server: the final head of a response. */
  sendResponse(stream: Http2Stream<T>, head: ResponseHead, end: boolean): void {
    if (!this.maySend(stream)) return;
    const at = this.beginHead();
    writeResponseHead(this.encoder, this.output, head);
    this.endHead(at, stream, end);
  }

  /** Server: an interim response, 1xx without 101 (RFC 9113, 8.6). */
  sendInformational(stream: Http2Stream<T>, head: ResponseHead): void {
    if (!this.maySend(stream) || stream.headSent) return;
    invariant(head.status >= 100 && head.status < 200 && head.status !== 101, 'not interim');
    const at = this.beginHead();
    writeResponseHead(this.encoder, this.output, head);
    this.endHead(at, stream, false);
    stream.headSent = false;
  }

  /** A head that was encoded before, by an encoder with a table of 0. */
  sendBlock(
    stream: Http2Stream<T>,
    block: Buffer,
    start: number,
    length: number,
    end: boolean,
  ): void {
    if (!this.maySend(stream)) return;
    const at = this.beginHead();
    this.encoder.begin(this.output);
    this.output.reserve(length);
    block.copy(this.output.buf, this.output.length, start, start + length);
    this.output.length += length;
    this.endHead(at, stream, end);
  }

  /**
   * Server: a response, all of it. False: nothing was sent, since not all may be sent now; then `sendResponse` and
   * `sendData` are to send what they can.
   */
  sendReady(stream: Http2Stream<T>, ready: ReadyResponse, added: AddedFields): boolean {
    const { bodyBytes } = ready;
    const { output, encoder } = this;
    const room = Math.min(stream.sendWindow, this.sendWindow, READY_OCTETS_MAX - output.length);
    if (!this.maySend(stream) || bodyBytes > room || !this.waiting.isEmpty) return false;
    const at = this.beginHead();
    encoder.begin(output);
    encoder.status(output, ready.status);
    if (!putReadyBlock(output, ready.fieldsId)) {
      readyFields.reset();
      ready.readFields(readyFields);
      this.putReadyFields(readyFields, ready.fieldsId);
      readyFields.reset();
    }
    if (!putReadyBlock(output, added.fieldsId)) this.putReadyFields(added.fields, added.fieldsId);
    this.endHead(at, stream, false);
    this.sendData(stream, ready.buffer, ready.bodyStart, bodyBytes, true);
    return true;
  }

  /** Ends the stream with trailers. All data must have been taken. */
  sendTrailers(stream: Http2Stream<T>, fields: Fields): void {
    if (!this.maySend(stream)) return;
    invariant(stream.headSent, 'trailers before the head');
    const at = this.beginHead();
    writeTrailers(this.encoder, this.output, fields);
    this.endHead(at, stream, true);
  }

  /**
   * Sends octets of a body, copied. Returns how many were taken; when that is not all, `onWritable` comes
   * once more can be. `end`: the stream ends with them, once all are taken.
   */
  sendData(
    stream: Http2Stream<T>,
    from: Buffer,
    start: number,
    length: number,
    end: boolean,
  ): number {
    if (!this.maySend(stream)) return 0;
    invariant(stream.headSent, 'data before the head');
    const output = this.output;
    if (length === 0) {
      if (end) {
        writeData(output, stream.id, from, start, 0, true);
        this.endLocal(stream);
      }
      return 0;
    }
    let take = Math.min(length, stream.sendWindow, this.sendWindow);
    take = Math.min(take, this.limits.outputBytesMax - output.length);
    if (this.turn === stream) take = Math.min(take, QUANTUM_BYTES);
    else if (!this.waiting.isEmpty) take = 0;
    if (take > 0) {
      let at = start;
      let left = take;
      while (left > 0) {
        const part = Math.min(left, this.peer.frameBytesMax, FRAME_SIZE_DEFAULT);
        left -= part;
        writeData(output, stream.id, from, at, part, end && left === 0 && take === length);
        at += part;
        this.flood.dataFrames++;
      }
      stream.sendWindow -= take;
      this.sendWindow -= take;
      stream.sentBytes += take;
    } else {
      take = 0;
    }
    if (take === length) {
      stream.blocked = false;
      stream.stalledSinceMs = -1;
      if (end) this.endLocal(stream);
      return take;
    }
    stream.blocked = true;
    if (take >= TINY_WINDOW_BYTES) stream.stalledSinceMs = -1;
    if (stream.stalledSinceMs < 0 && (stream.sendWindow <= 0 || this.sendWindow <= 0)) {
      stream.stalledSinceMs = this.nowMs;
    }
    if (stream.sendWindow > 0) this.waiting.push(stream);
    return take;
  }

  /** Lets the waiting streams send, one quantum each in turn. Call it when `output` has been written. */
  pump(): void {
    const { waiting, output, limits } = this;
    while (!this.ended && this.sendWindow > 0 && output.length < limits.outputBytesMax) {
      const stream = waiting.shift();
      if (stream === null) return;
      stream.blocked = false;
      this.turn = stream;
      this.handler.onWritable(stream);
      this.turn = null;
    }
  }

  /** The owner has taken octets that `onData` gave it: windows open again, in steps of half their size. */
  consumed(stream: Http2Stream<T>, bytes: number): void {
    if (!stream.live) return;
    invariant(bytes <= stream.untaken, 'more taken than was given');
    stream.untaken -= bytes;
    this.credit(bytes);
    this.creditStream(stream, bytes);
  }

  /** Ends a stream in both directions: RST_STREAM. Neither `onReset` nor anything else but `onClosed` follows. */
  reset(stream: Http2Stream<T>, code: number): void {
    if (!stream.live) return;
    this.writeReset(stream.id, code);
    this.closeStream(stream);
  }

  /** Measures the way to the peer and back: `onPong` follows. */
  ping(): void {
    if (!this.ended) this.sendPing(OWNER_PING);
  }

  /**
   * Ends the connection gently (6.8): a server says that it will take no more streams, and when the peer
   * has seen that, which was the last; a client opens no more.
   */
  drain(): void {
    if (this.draining || this.ended) return;
    this.draining = true;
    if (this.server) {
      writeGoaway(this.output, STREAM_ID_MAX, ErrorCode.noError, '');
      this.sendPing(DRAIN_PING);
    } else {
      this.finishDrain();
    }
  }

  /** The second step of a drain; comes by itself when the peer answers, or when its owner will not wait. */
  finishDrain(): void {
    if (!this.draining || this.drainedTo >= 0 || this.ended) return;
    this.drainedTo = this.lastPeerId;
    this.goawayId = this.lastPeerId;
    writeGoaway(this.output, this.lastPeerId, ErrorCode.noError, '');
  }

  /** Ends all streams: the transport is gone or will be. With `code` GOAWAY is written before. */
  close(code: number | null): void {
    if (this.ended) return;
    if (code !== null) writeGoaway(this.output, this.lastPeerId, code, '');
    this.endAll(ErrorCode.cancel, null);
  }

  /** The first stream that the peer's windows have kept from sending for so long, null if there is none. */
  stalledStream(nowMs: number, forMs: number): Http2Stream<T> | null {
    for (const stream of this.streams.list()) {
      if (stream.stalledSinceMs >= 0 && nowMs - stream.stalledSinceMs >= forMs) return stream;
    }
    return null;
  }

  /** Streams that live, for whoever watches them. */
  liveStreams(): Http2Stream<T>[] {
    return this.streams.list();
  }

  /** Client: whether a stream of this id was opened by us. */
  protected hasOpened(id: number): boolean {
    return id < this.nextId && (id & 1) === 1;
  }

  protected addStream(id: number): Http2Stream<T> {
    const stream = this.shared.takeStream();
    stream.open(id, this.peer.window, this.streamWindow());
    this.streams.add(stream);
    this.flood.streams++;
    return stream;
  }

  /** What a new stream of the peer may send. */
  protected abstract streamWindow(): number;

  /** Ends the connection for what the peer did: GOAWAY, and the end of all streams. */
  protected fail(problem: Http2Problem): void {
    if (this.ended) return;
    this.problem = problem;
    const { code } = http2ProblemTable[problem];
    writeGoaway(this.output, this.lastPeerId, code, problem);
    this.endAll(code, problem);
    this.handler.onProblem(problem, 0);
  }

  /** Ends a stream for what the peer did on it. */
  protected failStream(stream: Http2Stream<T>, problem: Http2Problem): void {
    const { code } = http2ProblemTable[problem];
    const { id } = stream;
    this.writeReset(id, code);
    this.handler.onReset(stream, code, problem);
    this.closeStream(stream);
    this.handler.onProblem(problem, id);
    this.charge(BudgetId.provokedReset);
  }

  /** Turns away a stream that its owner has not heard of. */
  protected refuse(id: number, problem: Http2Problem): void {
    this.writeReset(id, http2ProblemTable[problem].code);
    this.handler.onProblem(problem, id);
    this.charge(BudgetId.provokedReset);
  }

  /** Counts an event that costs the peer nothing; too many end the connection. False then. */
  protected charge(id: BudgetId): boolean {
    const problem = this.flood.charge(id, this.nowMs);
    if (problem === null) return true;
    this.fail(problem);
    return false;
  }

  /** The peer has sent its END_STREAM. */
  protected endRemote(stream: Http2Stream<T>): void {
    stream.state |= REMOTE_ENDED;
  }

  protected closeStream(stream: Http2Stream<T>): void {
    if (!stream.live) return;
    stream.live = false;
    stream.state = StreamState.closed;
    this.streams.delete(stream);
    this.waiting.remove(stream);
    if (this.dataStream === stream) this.dataStream = null;
    this.credit(stream.untaken);
    stream.untaken = 0;
    this.handler.onClosed(stream);
    stream.context = null;
    this.gone.push(stream);
  }

  /** The peer may send so many octets more on the connection. */
  protected credit(bytes: number): void {
    this.unannounced += bytes;
    if (this.unannounced * 2 < this.limits.connectionWindowBytes || this.ended) return;
    writeWindowUpdate(this.output, 0, this.unannounced);
    this.receiveWindow += this.unannounced;
    this.unannounced = 0;
  }

  /** The same on a stream, unless all that it may still send fits its window. */
  protected creditStream(stream: Http2Stream<T>, bytes: number): void {
    stream.unannounced += bytes;
    if (stream.unannounced * 2 < this.limits.streamWindowBytes || stream.remoteEnded) return;
    // What is dropped behind a whole response need not come at all.
    if (stream.discarding && stream.localEnded) return;
    if (stream.expected >= 0 && stream.expected <= stream.receiveWindow) return;
    writeWindowUpdate(this.output, stream.id, stream.unannounced);
    stream.receiveWindow += stream.unannounced;
    stream.unannounced = 0;
  }

  private maySend(stream: Http2Stream<T>): boolean {
    return stream.live && (stream.state & LOCAL_ENDED) === 0 && !this.ended;
  }

  private endLocal(stream: Http2Stream<T>): void {
    stream.state |= LOCAL_ENDED;
    if (stream.state === StreamState.closed) this.closeStream(stream);
  }

  private sendPing(payload: Buffer): void {
    this.pingsSent++;
    writePing(this.output, false, payload, 0);
  }

  private writeReset(id: number, code: number): void {
    writeRstStream(this.output, id, code);
    this.resets.add(id);
  }

  private endAll(code: number, problem: Http2Problem | null): void {
    this.ended = true;
    for (const stream of this.streams.list()) {
      this.handler.onReset(stream, code, problem);
      this.closeStream(stream);
    }
  }

  private putReadyFields(fields: Fields, fieldsId: number): void {
    writeFields(this.encoder, this.output, fields, 0);
    noteReadyFields(fields, fieldsId);
  }

  /** Leaves room for the head of a frame; returns where. */
  private beginHead(): number {
    const at = this.output.length;
    this.output.reserve(FRAME_HEAD_BYTES);
    this.output.length = at + FRAME_HEAD_BYTES;
    return at;
  }

  /** Writes the head of the frame whose payload now lies behind `at`, in several frames if it is long (6.10). */
  private endHead(at: number, stream: Http2Stream<T>, end: boolean): void {
    const { output } = this;
    stream.headSent = true;
    const flags = end ? Flag.endStream : 0;
    const length = output.length - at - FRAME_HEAD_BYTES;
    const most = this.peer.frameBytesMax;
    if (length <= most) {
      putFrameHead(output.buf, at, length, FrameType.headers, flags | Flag.endHeaders, stream.id);
    } else {
      const parts = Math.ceil(length / most);
      output.reserve((parts - 1) * FRAME_HEAD_BYTES);
      const { buf } = output;
      for (let part = parts - 1; part >= 0; part--) {
        const from = at + FRAME_HEAD_BYTES + part * most;
        const partLength = Math.min(most, length - part * most);
        const to = at + part * (most + FRAME_HEAD_BYTES);
        buf.copyWithin(to + FRAME_HEAD_BYTES, from, from + partLength);
        const type = part === 0 ? FrameType.headers : FrameType.continuation;
        const last = part === parts - 1 ? Flag.endHeaders : 0;
        putFrameHead(buf, to, partLength, type, last | (part === 0 ? flags : 0), stream.id);
      }
      output.length += (parts - 1) * FRAME_HEAD_BYTES;
    }
    if (end) this.endLocal(stream);
  }
}
