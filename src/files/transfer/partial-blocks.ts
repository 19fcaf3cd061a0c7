/**
 * Blocks that are being written to a DataNode by others, and those whose writer was lost.
 *
 *     written ──finish──▶ finishing ──▶ gone from here
 *        ├──connection lost──▶ parked ──time is up──▶ given up
 *        └──────────settle─────┴──settle──▶ cut, finished in the next generation
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import type { BlockName } from '../blocks/format.ts';
import { FilesError } from '../errors.ts';

/** A block whose writer was lost is kept for so long. */
const PARKED_MS = 30_000;

export interface Partial {
  readonly name: BlockName;
  readonly writer: BlockWriter;
  /** Ends the connection that writes it; resolves when it touches the writer no more. */
  detach(): Promise<void>;
}

interface Row {
  readonly partial: Partial;
  /** It has been told to finish; settles when that is done. */
  finishing: Promise<void> | undefined;
  timer: Timer | undefined;
}

export class PartialBlocks {
  private readonly clock: Clock;
  private readonly rows = new Map<number, Row>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get count(): number {
    return this.rows.size;
  }

  /** A block that somebody writes is not begun by another; one that is parked is given up for it. */
  async makeRoom(block: number): Promise<void> {
    const row = this.rows.get(block);
    if (row === undefined) return;
    if (row.timer === undefined) throw new FilesError('busy', `block ${block} is being written`);
    await this.giveUp(block, row);
  }

  add(partial: Partial): void {
    this.rows.set(partial.name.block, { partial, finishing: undefined, timer: undefined });
  }

  /** Its writer was lost: it waits for what it is to become. */
  park(partial: Partial): void {
    const { block } = partial.name;
    const row = this.rows.get(block);
    if (row?.partial !== partial || row.timer !== undefined) return;
    row.timer = this.clock.setTimer(PARKED_MS, () => {
      this.giveUp(block, row).catch(() => {});
    });
    row.timer.unref();
  }

  private async giveUp(block: number, row: Row): Promise<void> {
    this.drop(block, row);
    await row.partial.writer.abort();
  }

  private drop(block: number, row: Row): void {
    if (row.timer !== undefined) this.clock.clearTimer(row.timer);
    if (this.rows.get(block) === row) this.rows.delete(block);
  }

  /** It is finished by its own writer. */
  async finish(block: number, work: () => Promise<void>): Promise<void> {
    const row = this.rows.get(block);
    if (row === undefined) throw new FilesError('missing', `block ${block} has ended`);
    const finishing = work();
    row.finishing = finishing;
    try {
      await finishing;
    } finally {
      this.drop(block, row);
    }
  }

  /** Nobody wants it. */
  async abort(block: number): Promise<void> {
    const row = this.rows.get(block);
    if (row !== undefined) await this.giveUp(block, row);
  }

  /** Takes a block from whoever writes it. Undefined: there is none, or it has been finished. */
  async take({ block, stamp }: BlockName): Promise<BlockWriter | undefined> {
    const row = this.rows.get(block);
    if (row === undefined || row.partial.name.stamp !== stamp) return undefined;
    if (row.finishing !== undefined) {
      await row.finishing.catch(() => {});
      return undefined;
    }
    this.drop(block, row);
    await row.partial.detach();
    return row.partial.writer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.rows].map(([block, row]) => this.giveUp(block, row)));
  }
}
