/**
 * Reads all blocks again and again, slowly, so that bit rot is found while other replicas are well.
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { translated } from '../translate.ts';
import type { BlockStore } from './block-store.ts';

const BATCH = 64;

export interface ScrubOptions {
  readonly store: Pick<BlockStore, 'each' | 'read'>;
  readonly clock: Clock;
  /** Bytes a second; 0: not at all. */
  readonly bytesPerSecond: number;
  /** From the end of one round to the next. */
  readonly pauseMs: number;
  onBad(block: { readonly block: number; readonly stamp: number }, error: FilesError): void;
  /** It was read whole. */
  onGood?(block: number): void;
}

export interface ScrubStatus {
  /** Rounds that came to their end. */
  readonly rounds: number;
  /** Blocks and bytes looked at in this one. */
  readonly blocks: number;
  readonly bytes: number;
  /** Bad ones found since the start. */
  readonly bad: number;
}

export class Scrub {
  private readonly options: ScrubOptions;
  private readonly counts = { rounds: 0, blocks: 0, bytes: 0, bad: 0 };
  private timer: Timer | undefined;
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(options: ScrubOptions) {
    this.options = options;
  }

  get status(): ScrubStatus {
    return this.counts;
  }

  start(): void {
    if (this.options.bytesPerSecond > 0) this.running = this.work();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    this.wake?.();
    await this.running;
  }

  private async work(): Promise<void> {
    await this.pause(this.options.pauseMs);
    while (!this.stopped) {
      this.counts.blocks = 0;
      this.counts.bytes = 0;
      try {
        await this.round(this.options.bytesPerSecond);
        this.counts.rounds++;
      } catch (thrown) {
        // The index can not be read now: the next round tries again.
        if (!(translated(thrown, 'the index of blocks') instanceof FilesError)) throw thrown;
      }
      await this.pause(this.options.pauseMs);
    }
  }

  /** Looks at every block once. @param bytesPerSecond Infinity: as fast as it goes. */
  async round(bytesPerSecond: number): Promise<void> {
    const { store } = this.options;
    let above = 0;
    while (!this.stopped) {
      const batch: { block: number; stamp: number; length: number }[] = [];
      await store.each(above, (block) => batch.push(block) < BATCH);
      for (const each of batch) {
        if (this.stopped) return;
        above = each.block;
        await this.look(each);
        const ms = (each.length / bytesPerSecond) * 1000;
        if (ms >= 1) await this.pause(ms);
      }
      if (batch.length < BATCH) return;
    }
  }

  private async look(name: { block: number; stamp: number; length: number }): Promise<void> {
    const { store, onBad, onGood } = this.options;
    try {
      for await (const piece of store.read(name, 0, name.length)) {
        this.counts.bytes += piece.length;
      }
      this.counts.blocks++;
      onGood?.(name.block);
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      // Deleted meanwhile, or everything is ending.
      if (error.code === 'missing' || error.code === 'closed') return;
      this.counts.bad++;
      onBad(name, error);
    }
  }

  private pause(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = resolve;
      this.timer = this.options.clock.setTimer(ms, resolve);
      this.timer.unref();
    });
  }
}
