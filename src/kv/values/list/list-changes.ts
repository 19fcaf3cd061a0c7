/**
 * What has changed of a large list's chunks since the engine had them. Chunks are told by their places in
 * the row, which others that come and go move; the engine knows them by numbers that stay.
 *
 * A chunk without a status, in a list that the engine does not have whole yet, waits for its first flush.
 */
import { type ElementChanges, type ElementSink, Status } from '../../keyspace/index.ts';

/** The list whose chunks they are. */
export interface ChunkOwner {
  readonly chunks: number;
  statusOf(chunk: number): number;
  setStatus(chunk: number, status: number): void;
  numberOf(chunk: number): number;
}

export class ListChanges implements ElementChanges {
  /** Status of what changes now. */
  dirtyBit: number = Status.even;
  loading: boolean;
  /**
   * Numbers from which on the engine may have chunks that are none of this list. Until they are taken
   * away all chunks are to be written anew: how elements were spread over chunks is not known either.
   */
  doubtfulFrom: number | undefined;
  private readonly owner: ChunkOwner;
  /** Numbers of stored chunks that went. */
  private gone: number[] = [];
  private whole: boolean;
  private sink: ElementSink | undefined;
  private frozenBit = 0;
  private frozenGone: number[] = [];
  /** Chunks before this place are written, unless some have moved. */
  private at = 0;
  private moved = false;

  constructor(owner: ChunkOwner, loading: boolean) {
    this.owner = owner;
    this.loading = loading;
    this.whole = !loading;
  }

  get frozen(): boolean {
    return this.sink !== undefined;
  }

  /** A chunk is about to change. */
  change(chunk: number): void {
    const status = this.settle(chunk);
    this.owner.setStatus(chunk, status | this.dirtyBit);
  }

  /** A chunk was put into the row. */
  add(chunk: number): void {
    this.moved = true;
    let status = this.dirtyBit;
    if (this.loading) {
      status = this.doubtfulFrom === undefined ? Status.stored : status | Status.stored;
    }
    this.owner.setStatus(chunk, status);
  }

  /** A chunk is about to leave the row. */
  remove(chunk: number): void {
    this.moved = true;
    if ((this.settle(chunk) & Status.stored) !== 0) this.gone.push(this.owner.numberOf(chunk));
  }

  /** Saves a chunk for the flush if that waits for it; returns its status. */
  private settle(chunk: number): number {
    const { owner, sink } = this;
    const status = owner.statusOf(chunk);
    if (sink === undefined || !this.isAwaited(status)) return status;
    sink.save(chunk);
    owner.setStatus(chunk, Status.stored);
    return Status.stored;
  }

  private isAwaited(status: number): boolean {
    return (status & this.frozenBit) !== 0 || (status === 0 && this.whole);
  }

  freeze(sink: ElementSink): void {
    this.sink = sink;
    this.frozenBit = this.dirtyBit;
    this.dirtyBit ^= Status.even | Status.odd;
    this.frozenGone = this.gone;
    this.gone = [];
    this.at = 0;
    this.moved = false;
    if (this.doubtfulFrom === undefined) return;
    sink.removeFrom(chunkName(this.doubtfulFrom));
    this.doubtfulFrom = undefined;
  }

  step(budget: number): boolean {
    const { owner } = this;
    this.removeGone(budget);
    for (let left = budget; ; this.at++) {
      if (this.at >= owner.chunks) {
        if (!this.moved) break;
        this.moved = false;
        this.at = -1;
        continue;
      }
      if (!this.isAwaited(owner.statusOf(this.at))) continue;
      if (left-- === 0) return false;
      this.settle(this.at);
    }
    if (this.frozenGone.length > 0) return false;
    this.whole = false;
    this.thaw();
    return true;
  }

  private removeGone(count: number): void {
    for (let left = count; left > 0 && this.frozenGone.length > 0; left--) {
      const name = chunkName(this.frozenGone.pop()!);
      this.sink!.remove(name, 0, name.length);
    }
  }

  private thaw(): void {
    const { sink } = this;
    this.sink = undefined;
    this.frozenBit = 0;
    sink!.done(undefined);
  }

  unfreeze(): void {
    const { owner, frozenBit } = this;
    this.removeGone(Number.POSITIVE_INFINITY);
    for (let chunk = 0; chunk < owner.chunks; chunk++) {
      const status = owner.statusOf(chunk);
      if ((status & frozenBit) !== 0) {
        owner.setStatus(chunk, (status & Status.stored) | this.dirtyBit);
      }
    }
    this.thaw();
  }

  rest(): undefined {}
}

/** The name of a chunk: its number, eight bytes; good until the next. */
export function chunkName(number: number): Buffer {
  name.writeUInt32BE(Math.floor(number / 2 ** 32), 0);
  name.writeUInt32BE(number >>> 0, 4);
  return name;
}

export function chunkNumber(from: Buffer): number {
  return from.readUInt32BE(0) * 2 ** 32 + from.readUInt32BE(4);
}

const name = Buffer.alloc(8);
