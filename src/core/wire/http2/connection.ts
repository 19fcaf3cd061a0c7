/**
 * One connection of HTTP/2 (RFC 9113), as server or client: octets in, events out, octets out. It has no
 * socket, no clock and no timer: its owner gives it what arrived and the time, and writes `output`.
 *
 *     start --> receive ... receive --> (problem | close | drain and no stream left) --> ended
 *
 * Invariants: a message that is malformed is never told of; every octet of DATA is counted in both windows
 * and given back once; nothing a peer sends throws, and nothing it sends makes more than one head, one
 * frame and the windows' octets wait. What ends a connection or a stream is a row of problems.ts.
 *
 * While the owner cannot write, it must not call `receive`: answers to PING and SETTINGS would pile up.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import {
  Flag,
  FRAME_SIZE_DEFAULT,
  FrameType,
  PREFACE,
  STREAM_ID_MAX,
  TABLE_SIZE_DEFAULT,
  WINDOW_DEFAULT,
  WINDOW_MAX,
} from './constants.ts';
import { FrameInput, type FrameSink, uint32 } from './frame-input.ts';
import { writePing, writeSettingsAck, writeWindowUpdate } from './frame-writer.ts';
import { HeaderBlock } from './header-block.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { BudgetId } from './limits.ts';
import { SETTING_BYTES, writeOwnSettings } from './peer-settings.ts';
import type { Http2Problem } from './problems.ts';
import { readRequest } from './read-request.ts';
import { readResponse, readTrailers, skipBlock } from './read-response.ts';
import { DRAIN_PING, type Http2Options, Http2Sender } from './sender.ts';
import type { Http2Stream } from './stream.ts';

const PRIORITY_BYTES = 5;

export class Http2Connection<T> extends Http2Sender<T> implements FrameSink {
  private readonly input: FrameInput;
  private readonly decoder: HpackDecoder;
  /** Octets of the client's preface still to come. */
  private prefaceLeft: number;
  /** The peer's first SETTINGS came. */
  private settingsReceived = false;
  /** Since when SETTINGS of ours wait for their acknowledgement, -1 when none do. */
  private settingsSentMs = -1;
  /** What a stream of the peer may send: what we said only counts once it is acknowledged (6.5.3, 6.9.2). */
  private windowNow: number = WINDOW_DEFAULT;

  private readonly block: HeaderBlock;
  /** The head that is being received ends its stream. */
  private headEnds = false;
  /** It says that its stream depends on itself. */
  private headTurns = false;
  /** Of the DATA frame at hand: whether it ends its stream. */
  private dataEnds = false;

  constructor(options: Http2Options<T>) {
    super(options);
    const { limits, shared } = this;
    this.input = new FrameInput(this, Math.max(limits.frameBytesMax, FRAME_SIZE_DEFAULT));
    this.block = new HeaderBlock(limits);
    this.decoder = new HpackDecoder(TABLE_SIZE_DEFAULT, shared.scratch);
    this.decoder.setLimit(Math.max(limits.tableBytesMax, TABLE_SIZE_DEFAULT));
    this.prefaceLeft = this.server ? PREFACE.length : 0;
  }

  /** Writes what each side says first: preface, SETTINGS, and how wide the connection is (3.4). */
  start(nowMs: number): void {
    const { limits, output } = this;
    this.nowMs = nowMs;
    if (!this.server) {
      output.reserve(PREFACE.length);
      PREFACE.copy(output.buf, output.length);
      output.length += PREFACE.length;
    }
    writeOwnSettings(output, limits, this.server);
    this.settingsSentMs = nowMs;
    const wider = limits.connectionWindowBytes - WINDOW_DEFAULT;
    if (wider > 0) writeWindowUpdate(output, 0, wider);
  }

  /** Takes what arrived. Never throws for what a peer sent; `output` is to be written afterwards. */
  receive(buf: Buffer, start: number, end: number, nowMs: number): void {
    this.nowMs = nowMs;
    const { gone } = this;
    while (gone.length > 0) this.shared.giveStream(gone.pop() as Http2Stream<T>);
    if (this.ended) return;
    let at = start;
    if (this.prefaceLeft > 0) {
      const length = Math.min(this.prefaceLeft, end - at);
      const from = PREFACE.length - this.prefaceLeft;
      if (PREFACE.compare(buf, at, at + length, from, from + length) !== 0) {
        this.fail('bad-preface');
        return;
      }
      this.prefaceLeft -= length;
      at += length;
    }
    this.input.take(buf, at, end);
    if (!this.waiting.isEmpty) this.pump();
  }

  /** Ends the connection when the peer has not acknowledged our SETTINGS in time. Call it now and then. */
  tick(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.settingsSentMs < 0) return;
    if (nowMs - this.settingsSentMs > this.limits.settingsAckMs) this.fail('settings-timeout');
  }

  /** Whether the peer is in the middle of a frame or a head: silence is then worth a timeout. */
  get midway(): boolean {
    return this.input.midway || this.block.id !== 0 || this.prefaceLeft > 0;
  }

  protected override streamWindow(): number {
    return this.windowNow;
  }

  onFrameTooLarge(): void {
    this.fail('frame-too-large');
  }

  onBadFrameLength(): void {
    this.fail('bad-frame-length');
  }

  onFrame(
    type: number,
    flags: number,
    id: number,
    buf: Buffer,
    start: number,
    length: number,
  ): boolean {
    if (!this.settingsReceived && (type !== FrameType.settings || (flags & Flag.ack) !== 0)) {
      return this.failed('settings-missing');
    }
    if (this.block.id !== 0 && (type !== FrameType.continuation || id !== this.block.id)) {
      return this.failed('continuation-missing');
    }
    switch (type) {
      case FrameType.headers:
        return this.onHeaders(flags, id, buf, start, length);
      case FrameType.continuation:
        return this.onContinuation(flags, buf, start, length);
      case FrameType.windowUpdate:
        return this.onWindowUpdate(id, buf, start, length);
      case FrameType.rstStream:
        return this.onRstStream(id, buf, start, length);
      case FrameType.settings:
        return this.onSettings(flags, id, buf, start, length);
      case FrameType.ping:
        return this.onPing(flags, id, buf, start, length);
      case FrameType.goaway:
        return this.onGoaway(id, buf, start, length);
      case FrameType.pushPromise:
        return this.failed('push-unwanted');
      case FrameType.priority:
        return this.onPriority(id, buf, start, length);
      default:
        // Unknown frames are ignored (4.1, 5.5), and so are hints of priority (RFC 9218, 7.1).
        return this.charge(BudgetId.idleFrame);
    }
  }

  onDataHead(flags: number, id: number, length: number, padding: number): boolean {
    if (!this.settingsReceived) return this.failed('settings-missing');
    if (this.block.id !== 0) return this.failed('continuation-missing');
    if (id === 0) return this.failed('stream-id-missing');
    if (padding >= length) return this.failed('bad-padding');
    this.receiveWindow -= length;
    if (this.receiveWindow < 0) return this.failed('window-exceeded');
    const overhead = padding < 0 ? 0 : padding + 1;
    const bytes = length - overhead;
    const end = (flags & Flag.endStream) !== 0;
    this.dataStream = null;
    this.dataEnds = end;
    this.credit(overhead);
    if (bytes === 0 && !end && !this.charge(BudgetId.emptyFrame)) return false;
    const stream = this.streams.get(id);
    if (stream === undefined) return this.isUnderWay(id);
    const problem = this.dataProblem(stream, length, bytes, end);
    if (problem !== null) {
      this.failStream(stream, problem);
      return !this.ended;
    }
    stream.receivedBytes += bytes;
    this.creditStream(stream, overhead);
    this.dataStream = stream;
    return true;
  }

  onDataPiece(buf: Buffer, start: number, length: number, last: boolean): boolean {
    const stream = this.dataStream;
    if (stream === null || stream.discarding) {
      this.credit(length);
      if (stream === null) return true;
      this.creditStream(stream, length);
      if (last && this.dataEnds) this.finishRemote(stream);
      return !this.ended;
    }
    const end = last && this.dataEnds;
    if (length === 0 && !end) return true;
    stream.untaken += length;
    if (end) this.endRemote(stream);
    this.handler.onData(stream, buf, start, length, end);
    if (end && stream.live && stream.localEnded) this.closeStream(stream);
    return !this.ended;
  }

  /** What is wrong with DATA on a stream; the windows and the expected length are counted down. */
  private dataProblem(
    stream: Http2Stream<T>,
    length: number,
    bytes: number,
    end: boolean,
  ): Http2Problem | null {
    if (stream.remoteEnded) return 'half-closed-stream';
    if (!this.server && !stream.headReceived) return 'early-data-frame';
    if (stream.bodiless && bytes > 0) return 'unwanted-body';
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return 'stream-window-exceeded';
    if (stream.expected >= 0) {
      stream.expected -= bytes;
      if (stream.expected < 0 || (end && stream.expected > 0)) return 'length-mismatch';
    }
    return null;
  }

  /** 6.2 */
  private onHeaders(
    flags: number,
    id: number,
    buf: Buffer,
    start: number,
    length: number,
  ): boolean {
    if (id === 0) return this.failed('stream-id-missing');
    let from = start;
    let end = start + length;
    if ((flags & Flag.padded) !== 0) {
      if (length === 0) return this.failed('bad-frame-length');
      end -= buf[from++]!;
    }
    this.headTurns = false;
    if ((flags & Flag.priority) !== 0) {
      if (start + length - from < PRIORITY_BYTES) return this.failed('bad-frame-length');
      this.headTurns = dependsOn(buf, from) === id;
      from += PRIORITY_BYTES;
    }
    if (from > end) return this.failed('bad-padding');
    this.headEnds = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) return this.onBlock(id, buf, from, end);
    return this.block.begin(id, buf, from, end) || this.failed('continuation-flood');
  }

  /** 6.10 */
  private onContinuation(flags: number, buf: Buffer, start: number, length: number): boolean {
    const { block } = this;
    if (block.id === 0) return this.failed('continuation-unwanted');
    if (!block.continue(buf, start, start + length)) return this.failed('continuation-flood');
    if (length === 0 && !this.charge(BudgetId.emptyFrame)) return false;
    if ((flags & Flag.endHeaders) === 0) return true;
    const { id, buf: whole, length: end } = block;
    block.release();
    return this.onBlock(id, whole, 0, end);
  }

  /** A whole header block has come. */
  private onBlock(id: number, buf: Buffer, start: number, end: number): boolean {
    this.decoder.begin(buf, start, end);
    const stream = this.streams.get(id);
    if (stream === undefined) {
      const isNew = this.server && id > this.lastPeerId;
      if (isNew && (id & 1) === 0) return this.failed('bad-stream-id');
      if (isNew && id <= this.goawayId) return this.onNewStream(id);
      if (isNew) this.lastPeerId = id;
      else if (this.skipped.has(id)) return this.failed('bad-stream-id');
      else if (!this.isUnderWay(id)) return false;
      if (!skipBlock(this.decoder)) return this.failed('bad-compression');
      return this.charge(BudgetId.idleFrame);
    }
    if (stream.remoteEnded || stream.discarding) {
      if (!skipBlock(this.decoder)) return this.failed('bad-compression');
      if (stream.remoteEnded) this.failStream(stream, 'half-closed-stream');
      else if (this.headEnds) this.finishRemote(stream);
      return !this.ended;
    }
    return this.server || stream.headReceived ? this.onTrailers(stream) : this.onResponse(stream);
  }

  private onNewStream(id: number): boolean {
    const { shared, limits, handler, headEnds } = this;
    if (id > this.lastPeerId + 2) this.skipped.add(this.lastPeerId, id);
    this.lastPeerId = id;
    if (this.streams.size >= limits.concurrentStreamsMax) {
      if (!skipBlock(this.decoder)) return this.failed('bad-compression');
      this.refuse(id, 'stream-refused');
      return !this.ended;
    }
    const head = shared.requestHead;
    let problem = readRequest(this.decoder, shared.scratch, head, limits, headEnds);
    if (problem === 'bad-compression') return this.failed(problem);
    if (this.headTurns) problem = 'self-dependency';
    if (problem !== null && problem !== 'head-too-large') {
      this.refuse(id, problem);
      return !this.ended;
    }
    const stream = this.addStream(id);
    stream.headReceived = true;
    if (headEnds) this.endRemote(stream);
    if (problem !== null) {
      stream.discarding = true;
      handler.onProblem(problem, id);
      handler.onHeadTooLarge(stream);
      return this.charge(BudgetId.provokedReset);
    }
    stream.expected = head.contentLength;
    handler.onRequest(stream, head, headEnds);
    return !this.ended;
  }

  private onResponse(stream: Http2Stream<T>): boolean {
    const { shared, headEnds } = this;
    const head = shared.responseHead;
    const { toHead } = stream;
    const problem = readResponse(this.decoder, shared.scratch, head, this.limits, headEnds, toHead);
    if (problem === 'bad-compression') return this.failed(problem);
    if (problem !== null) {
      this.failStream(stream, problem);
    } else if (head.status < 200) {
      if (headEnds) this.failStream(stream, 'ended-informational');
      else {
        this.handler.onInformational(stream, head);
        // A server may send them without end (10.5).
        return !this.ended && this.charge(BudgetId.idleFrame);
      }
    } else {
      stream.headReceived = true;
      stream.bodiless = toHead || head.status === 204 || head.status === 304;
      stream.expected = stream.bodiless ? -1 : head.contentLength;
      if (headEnds) this.endRemote(stream);
      this.handler.onResponse(stream, head, headEnds);
      if (headEnds && stream.live && stream.localEnded) this.closeStream(stream);
    }
    return !this.ended;
  }

  private onTrailers(stream: Http2Stream<T>): boolean {
    const { shared } = this;
    const problem = readTrailers(this.decoder, shared.scratch, shared.trailers, this.limits);
    if (problem === 'bad-compression') return this.failed(problem);
    if (problem !== null) this.failStream(stream, problem);
    else if (!this.headEnds) this.failStream(stream, 'open-trailers');
    else if (stream.expected > 0) this.failStream(stream, 'length-mismatch');
    else {
      this.endRemote(stream);
      this.handler.onTrailers(stream, shared.trailers);
      if (stream.live && stream.localEnded) this.closeStream(stream);
    }
    return !this.ended;
  }

  /** 6.4 */
  private onRstStream(id: number, buf: Buffer, start: number, length: number): boolean {
    if (id === 0) return this.failed('stream-id-missing');
    if (length !== 4) return this.failed('bad-frame-length');
    const stream = this.streams.get(id);
    if (stream === undefined) {
      return this.isIdle(id) ? this.failed('idle-stream') : this.charge(BudgetId.idleFrame);
    }
    this.handler.onReset(stream, uint32(buf, start), null);
    this.closeStream(stream);
    if (this.ended) return false;
    return !this.server || this.charge(BudgetId.reset);
  }

  /** 6.9 */
  private onWindowUpdate(id: number, buf: Buffer, start: number, length: number): boolean {
    if (length !== 4) return this.failed('bad-frame-length');
    const increment = uint32(buf, start) & WINDOW_MAX;
    if (!this.charge(BudgetId.windowUpdate)) return false;
    if (id === 0) {
      if (increment === 0) return this.failed('zero-increment');
      this.sendWindow += increment;
      return this.sendWindow <= WINDOW_MAX || this.failed('window-overflow');
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) return this.failed('idle-stream');
      return increment === 0 ? this.failed('zero-increment') : this.charge(BudgetId.idleFrame);
    }
    if (increment === 0) this.failStream(stream, 'stream-zero-increment');
    else if (stream.sendWindow + increment > WINDOW_MAX) {
      this.failStream(stream, 'stream-window-overflow');
    } else {
      stream.sendWindow += increment;
      if (stream.blocked && stream.sendWindow > 0) this.waiting.push(stream);
    }
    return !this.ended;
  }

  /** 6.5 */
  private onSettings(
    flags: number,
    id: number,
    buf: Buffer,
    start: number,
    length: number,
  ): boolean {
    if (id !== 0) return this.failed('stream-id-unwanted');
    if ((flags & Flag.ack) !== 0) {
      if (length !== 0) return this.failed('bad-frame-length');
      if (this.settingsSentMs < 0) return this.failed('settings-ack-unwanted');
      this.onSettingsAck();
      return true;
    }
    if (length % SETTING_BYTES !== 0) return this.failed('bad-frame-length');
    const { peer } = this;
    const { window } = peer;
    const problem = peer.read(buf, start, length, !this.server);
    if (problem !== null) return this.failed(problem);
    // The decoder there must hear of the lowest bound in between too (RFC 7541, 4.2).
    this.encoder.setPeerLimit(peer.tableBytesLow);
    this.encoder.setPeerLimit(peer.tableBytes);
    if (!this.resizeStreams(peer.window - window)) return false;
    this.settingsReceived = true;
    writeSettingsAck(this.output);
    this.handler.onSettings();
    return !this.ended && this.charge(BudgetId.settings);
  }

  /** 6.9.2: a new initial window moves those of all streams, also below zero. */
  private resizeStreams(change: number): boolean {
    if (change === 0) return true;
    for (const stream of this.streams.list()) {
      stream.sendWindow += change;
      if (stream.sendWindow > WINDOW_MAX) return this.failed('settings-window-overflow');
      if (stream.sendWindow <= 0) this.waiting.remove(stream);
      else if (stream.blocked) this.waiting.push(stream);
    }
    return true;
  }

  /** The peer keeps to our settings from here on. */
  private onSettingsAck(): void {
    const { limits } = this;
    this.settingsSentMs = -1;
    this.decoder.setLimit(limits.tableBytesMax);
    const change = limits.streamWindowBytes - this.windowNow;
    this.windowNow = limits.streamWindowBytes;
    if (change === 0) return;
    for (const stream of this.streams.list()) {
      stream.receiveWindow += change;
      // What was taken and fitted the window before may have to be announced now.
      this.creditStream(stream, 0);
    }
  }

  /** 6.7 */
  private onPing(flags: number, id: number, buf: Buffer, start: number, length: number): boolean {
    if (id !== 0) return this.failed('stream-id-unwanted');
    if (length !== 8) return this.failed('bad-frame-length');
    if ((flags & Flag.ack) === 0) {
      writePing(this.output, true, buf, start);
      return this.charge(BudgetId.ping);
    }
    // Nobody says that an answer to no question is an error, and tests of conformance send one.
    if (this.pingsSent === 0) return this.charge(BudgetId.ping);
    this.pingsSent--;
    if (DRAIN_PING.compare(buf, start, start + length) === 0) this.finishDrain();
    else this.handler.onPong();
    return !this.ended;
  }

  /** 6.8 */
  private onGoaway(id: number, buf: Buffer, start: number, length: number): boolean {
    if (id !== 0) return this.failed('stream-id-unwanted');
    if (length < 8) return this.failed('bad-frame-length');
    const lastId = uint32(buf, start) & STREAM_ID_MAX;
    const code = uint32(buf, start + 4);
    this.peerGoaway = true;
    if (!this.server) {
      for (const stream of this.streams.list()) {
        if (stream.id <= lastId) continue;
        this.handler.onUnprocessed(stream);
        this.closeStream(stream);
      }
    }
    this.handler.onGoaway(lastId, code);
    return !this.ended && this.charge(BudgetId.idleFrame);
  }

  /** 6.3: deprecated and ignored, but for its form, and what RFC 7540, 5.3.1, made an error. */
  private onPriority(id: number, buf: Buffer, start: number, length: number): boolean {
    if (id === 0) return this.failed('stream-id-missing');
    const stream = this.streams.get(id);
    // A stream that is not there cannot be reset, so the connection has to answer for it (5.4).
    if (length !== PRIORITY_BYTES) {
      if (stream === undefined) return this.failed('bad-frame-length');
      this.failStream(stream, 'bad-priority-length');
    } else if (dependsOn(buf, start) === id) {
      if (stream === undefined) return this.failed('idle-self-dependency');
      this.failStream(stream, 'self-dependency');
    }
    return !this.ended && this.charge(BudgetId.idleFrame);
  }

  /** The end of a stream whose input was dropped. */
  private finishRemote(stream: Http2Stream<T>): void {
    this.endRemote(stream);
    if (stream.localEnded) this.closeStream(stream);
  }

  /**
   * Whether a frame of a stream that we do not have is one that was under way when we reset the stream, or
   * said that we would not take it. Ends the connection if not (5.1).
   */
  private isUnderWay(id: number): boolean {
    if (this.isIdle(id)) return this.failed('idle-stream');
    return this.resets.has(id) || id > this.goawayId || this.failed('closed-stream');
  }

  /** Never opened: by the client with an odd id, by the server with an even one, which we do not allow. */
  private isIdle(id: number): boolean {
    return this.server ? id > this.lastPeerId || (id & 1) === 0 : !this.hasOpened(id);
  }

  private failed(problem: Http2Problem): false {
    this.fail(problem);
    return false;
  }
}

/** The stream that priority is given below (RFC 7540, 6.3), without the bit that makes that exclusive. */
function dependsOn(buf: Buffer, at: number): number {
  return uint32(buf, at) & STREAM_ID_MAX;
}
