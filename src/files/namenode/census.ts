/**
 * Tells the cluster's state again and again which blocks the namespace names, so that those that no node has reported are
 * known to be missing, and changed numbers of replicas are known.
 *
 * Pace: a slice each few milliseconds; behind a round a pause of twenty times what it has worked, five seconds at least.
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { Cluster, Wanted } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import { Space, spaceRange } from '../namespace/keys.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import { decodeBlock } from '../namespace/records.ts';
import { translated } from '../translate.ts';
import { wantedOf } from './wanted.ts';

const SLICE = 512;
const SLICE_MS = 5;
const PAUSE_MS = 5000;
const PAUSE_TIMES = 20;

export interface CensusOptions {
  readonly reader: NamespaceReader;
  readonly cluster: Cluster;
  readonly clock: Clock;
  onError(error: FilesError): void;
}

export class Census {
  private readonly options: CensusOptions;
  private timer: Timer | undefined;
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  /** What the round has worked. */
  private workedMs = 0;

  constructor(options: CensusOptions) {
    this.options = options;
  }

  start(): void {
    this.running = this.work();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    this.wake?.();
    await this.running;
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      this.workedMs = 0;
      try {
        await this.round();
      } catch (thrown) {
        const error = translated(thrown, 'the namespace');
        if (!(error instanceof FilesError)) throw error;
        if (!this.stopped) this.options.onError(error);
      }
      await this.pause(Math.max(PAUSE_MS, PAUSE_TIMES * this.workedMs));
    }
  }

  /** Tells of all blocks once. */
  async round(): Promise<void> {
    const { reader, cluster, clock } = this.options;
    let { from } = spaceRange(Space.block);
    const { to } = spaceRange(Space.block);
    while (!this.stopped) {
      const slice: Wanted[] = [];
      const startedMs = clock.monotonicMs();
      await reader.each({ from, to }, (key, value) => {
        slice.push(wantedOf(Number(key.readBigUInt64BE(1)), decodeBlock(value)));
        from = Buffer.concat([key, Buffer.from([0])]);
        return slice.length < SLICE;
      });
      // What was read may have been deleted meanwhile: who is not known is looked up once more, just before it is told.
      const unknown = new Set(cluster.unknown(slice));
      for (const wanted of slice) if (!unknown.has(wanted.block)) cluster.expect(wanted);
      for (const block of unknown) {
        const record = await reader.block(block);
        if (record !== null) cluster.expect(wantedOf(block, record));
      }
      this.workedMs += clock.monotonicMs() - startedMs;
      if (slice.length < SLICE) return;
      await this.pause(SLICE_MS);
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
