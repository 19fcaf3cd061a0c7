/** Does what the cluster's state plans, and tells it how that ended. */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { Cluster, CopyWork, DeleteWork, Outcome, Work } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import { translated } from '../translate.ts';
import type { Mover } from './mover.ts';

const TICK_MS = 1000;

export interface WorkLoopOptions {
  readonly cluster: Cluster;
  readonly mover: Mover;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Each second, before the plan. */
  onTick(nowMs: number): void;
}

export class WorkLoop {
  private readonly options: WorkLoopOptions;
  private readonly running = new Set<Promise<void>>();
  private timer: Timer | undefined;
  private planning = false;
  private stopped = false;

  constructor(options: WorkLoopOptions) {
    this.options = options;
  }

  start(): void {
    this.timer = this.options.clock.setTimer(TICK_MS, () => {
      if (this.stopped) return;
      const nowMs = this.options.clock.monotonicMs();
      this.options.onTick(nowMs);
      this.options.cluster.tick(nowMs);
      this.plan();
      this.start();
    });
    this.timer.unref();
  }

  /** Soon, once for all that ask in this turn. */
  private planSoon(): void {
    if (this.planning || this.stopped) return;
    this.planning = true;
    this.options.clock.nextTurn(() => {
      this.planning = false;
      this.plan();
    });
  }

  private plan(): void {
    if (this.stopped) return;
    const { cluster, clock } = this.options;
    const deletes = new Map<string, DeleteWork[]>();
    for (const work of cluster.plan(clock.monotonicMs())) {
      if (work.kind === 'copy') this.run(() => this.copy(work));
      else {
        const of = deletes.get(work.node) ?? [];
        of.push(work);
        deletes.set(work.node, of);
      }
    }
    for (const [node, works] of deletes) this.run(() => this.delete(node, works));
  }

  private run(work: () => Promise<void>): void {
    const running = work().finally(() => {
      this.running.delete(running);
      this.planSoon();
    });
    this.running.add(running);
  }

  private async copy(work: CopyWork): Promise<void> {
    const failure = await this.failureOf(() => this.options.mover.copy(work));
    this.ended(work, failure);
  }

  private async delete(node: string, works: readonly DeleteWork[]): Promise<void> {
    const names = works.map(({ block, stamp }) => ({ block, stamp }));
    const failure = await this.failureOf(() => this.options.mover.delete(node, names));
    for (const work of works) this.ended(work, failure);
  }

  private ended(work: Work, failure: FilesError | undefined): void {
    if (this.stopped) return;
    const { cluster, clock, logger } = this.options;
    const outcome = outcomeOf(failure);
    const { kind, block, reason } = work;
    if (failure === undefined) logger.debug('a replica was moved', { kind, block, reason });
    else
      logger.warn('a replica could not be moved', { kind, block, reason, outcome, err: failure });
    cluster.done(work, outcome, clock.monotonicMs());
  }

  private async failureOf(work: () => Promise<void>): Promise<FilesError | undefined> {
    try {
      await work();
      return undefined;
    } catch (thrown) {
      const error = translated(thrown, 'the blocks');
      if (!(error instanceof FilesError)) throw error;
      return error;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    await Promise.allSettled([...this.running]);
  }
}

function outcomeOf(failure: FilesError | undefined): Outcome {
  switch (failure?.code) {
    case undefined:
      return 'done';
    case 'missing':
      return 'source-missing';
    case 'corrupt':
      return 'source-corrupt';
    case 'disk-full':
      return 'target-full';
    case 'node-gone':
    case 'closed':
      return 'unknown';
    default:
      return 'failed';
  }
}
