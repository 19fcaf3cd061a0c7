/**
 * Writes what a connection of HTTP/2 has to say: once for all that happened in a turn of the loop.
 *
 * Invariants: while the kernel has not taken the last write there is no other one, so that at most one block is
 * the kernel's and one gathers; what gathers is bounded by `outputBytesMax` of the connection's limits for data and
 * by what its owner reads for everything else (`isFull`).
 */
import type { BlockPool, Http2Connection } from '../wire/index.ts';
import type { TurnEnd, TurnEndListener } from './turn-end.ts';

/** Where the bytes go: an accepted connection or a dialled stream. */
export interface Http2Target {
  readonly bufferedBytes: number;
  write(bytes: Buffer): boolean;
}

/** Answers to frames that may wait beyond the data: above it the peer is not read. */
const ANSWER_BYTES_MAX = 65_536;

export class Http2Writer<T> {
  private readonly http2: Http2Connection<T>;
  private readonly blocks: BlockPool;
  private readonly target: Http2Target;
  private readonly owner: TurnEndListener;
  private readonly turnEnd: TurnEnd;
  private readonly fullBytes: number;
  private scheduled = false;
  /** The block that the kernel has not taken whole. */
  private lent: Buffer | null = null;

  constructor(options: {
    readonly http2: Http2Connection<T>;
    readonly blocks: BlockPool;
    readonly target: Http2Target;
    /** Called at the end of a turn in which something was said; it is to call `write`. */
    readonly owner: TurnEndListener;
    readonly turnEnd: TurnEnd;
    readonly outputBytesMax: number;
  }) {
    this.http2 = options.http2;
    this.blocks = options.blocks;
    this.target = options.target;
    this.owner = options.owner;
    this.turnEnd = options.turnEnd;
    this.fullBytes = options.outputBytesMax + ANSWER_BYTES_MAX;
  }

  /** The kernel has not taken the last write yet. */
  get isBlocked(): boolean {
    return this.target.bufferedBytes > 0;
  }

  /** So much waits that the peer must not be read until some of it has left. */
  get isFull(): boolean {
    return this.http2.output.length > this.fullBytes && this.isBlocked;
  }

  /** Something was said: the owner is called at the end of this turn. */
  schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.turnEnd.add(this.owner);
  }

  /** The owner has been called. */
  turnEnded(): void {
    this.scheduled = false;
  }

  /** Writes what waits and what streams have to say behind it, as long as the kernel takes it. */
  write(): void {
    const { http2, target } = this;
    const { output } = http2;
    while (!this.isBlocked) {
      http2.pump();
      if (output.length === 0) return;
      if (target.write(output.view())) output.done();
      else this.lent = output.detach();
    }
  }

  /** The kernel has taken all. */
  drained(): void {
    if (this.lent === null) return;
    this.blocks.give(this.lent);
    this.lent = null;
  }

  /** The target is gone: nothing refers to the memory any more. */
  drop(): void {
    this.drained();
    this.http2.output.done();
  }
}
