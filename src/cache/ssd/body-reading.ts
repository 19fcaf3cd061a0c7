/**
 * Gives a part of a body, piece by piece, each verified before it is given.
 *
 *     reading ──piece given, more is wanted──▶ reading
 *        │  └──the sink said: no more now──▶ paused ──resume──▶ reading
 *        └──all given, problem, cancel, segment gone──▶ ended (onEnd, once)
 *
 * While it goes on its segment's file stays open.
 */
import { invariant } from '../../core/base/index.ts';
import { BLOCK_BYTES } from './format.ts';
import type { FoundRecord } from './found-record.ts';
import { pieceBytes } from './limits.ts';
import type { ReadGate } from './read-gate.ts';
import type { Cuttable } from './segment.ts';
import type { BodyReading, BodySink, ReadProblem, TierCounts } from './types.ts';
import { blockHolds } from './verify.ts';

export interface BodyReadingHost {
  readonly gate: ReadGate;
  readonly counts: TierCounts;
  /** The record does not hold, or the disk refused it: it is not to be found again. */
  onBroken(record: FoundRecord, problem: 'damaged' | 'io'): void;
}

export class SegmentReading implements BodyReading, Cuttable {
  private readonly record: FoundRecord;
  private readonly host: BodyReadingHost;
  private readonly sink: BodySink;
  /** Of the body: what is given next, and behind the last. */
  private at: number;
  private readonly to: number;
  private isReading = false;
  private isPaused = false;
  private isEnded = false;

  constructor(
    record: FoundRecord,
    range: { readonly from: number; readonly to: number },
    sink: BodySink,
    host: BodyReadingHost,
  ) {
    this.record = record;
    this.host = host;
    this.sink = sink;
    this.at = range.from;
    this.to = range.to;
    record.segment.pin();
    record.segment.readings.add(this);
  }

  start(): void {
    this.proceed();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.proceed();
  }

  cancel(): void {
    this.end('cancelled');
  }

  cut(): void {
    this.end('gone');
  }

  private proceed(): void {
    while (!this.isEnded && !this.isPaused && !this.isReading) {
      if (this.at >= this.to) this.end(null);
      else if (this.record.hasBlock(this.block)) this.giveAtHand();
      else this.ask();
    }
  }

  private get block(): number {
    return Math.floor(this.at / BLOCK_BYTES);
  }

  private giveAtHand(): void {
    const { atHand, bodyBytes } = this.record;
    const start = this.block * BLOCK_BYTES;
    const end = Math.min(start + BLOCK_BYTES, bodyBytes);
    if (!this.holds(atHand.subarray(start, end), this.block)) this.break('damaged');
    else this.give(atHand.subarray(start, end), start);
  }

  private ask(): void {
    const start = this.block * BLOCK_BYTES;
    const wanted = Math.ceil(this.to / BLOCK_BYTES) * BLOCK_BYTES - start;
    const length = Math.min(pieceBytes, wanted, this.record.bodyBytes - start);
    this.isReading = true;
    this.host.gate.enter(length, () => {
      if (this.isEnded) {
        this.host.gate.leave(length);
        this.record.segment.unpin();
        return;
      }
      this.read(Buffer.allocUnsafeSlow(length), 0, start);
    });
  }

  private read(piece: Buffer, from: number, start: number): void {
    const { segment, bodyAt } = this.record;
    const position = bodyAt + start + from;
    segment.file.read(piece, from, piece.length - from, position, (error, bytes) => {
      const at = from + bytes;
      if (error === null && bytes > 0 && at < piece.length && !this.isEnded) {
        this.read(piece, at, start);
        return;
      }
      this.host.gate.leave(piece.length);
      this.isReading = false;
      if (this.isEnded) {
        segment.unpin();
        return;
      }
      this.onRead(piece, start, error, at);
    });
  }

  private onRead(piece: Buffer, start: number, error: Error | null, read: number): void {
    if (error !== null) {
      this.break('io');
      return;
    }
    for (let at = 0; at < piece.length; at += BLOCK_BYTES) {
      const block = piece.subarray(at, at + BLOCK_BYTES);
      if (read < piece.length || !this.holds(block, (start + at) / BLOCK_BYTES)) {
        this.break('damaged');
        return;
      }
    }
    this.host.counts.readBytes += piece.length;
    this.give(piece, start);
    this.proceed();
  }

  private holds(block: Buffer, nth: number): boolean {
    const { table, headSum } = this.record;
    invariant(table !== null, 'what was verified is not read again');
    return blockHolds(block, nth, headSum, table, 0);
  }

  /** @param start where the piece begins in the body. */
  private give(piece: Buffer, start: number): void {
    const part = piece.subarray(this.at - start, this.to - start);
    this.at += part.length;
    if (!this.sink.onPiece(part) && this.at < this.to) this.isPaused = true;
  }

  private break(problem: 'damaged' | 'io'): void {
    this.host.onBroken(this.record, problem);
    this.end(problem);
  }

  private end(problem: ReadProblem | null): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const { segment } = this.record;
    segment.readings.delete(this);
    // A read under way gives the pin back when it ends.
    if (!this.isReading) segment.unpin();
    this.sink.onEnd(problem);
  }
}
