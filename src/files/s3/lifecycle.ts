/**
 * Carries out the lifecycle rules of all buckets: one bucket and one page at a time, again and again.
 *
 * What goes is named by its revision, so that what somebody has changed since it was looked at stays. Locked
 * versions stay. One run at a time; `stop` lets the one that runs end at its next page.
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { isStale, type LifecycleRule, lifecycleOf, planKey } from './lifecycle-rules.ts';
import { heldBy } from './lock.ts';
import type { Bucket, ListPosition, ObjectStore, ObjectVersion } from './object-store.ts';

export interface LifecycleOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Between the end of one run and the next one, milliseconds. */
  everyMs: number;
  /** Length of a day in rules, milliseconds. */
  dayMs: number;
  /** A run has failed; the next one tries again. */
  onFailure(error: unknown): void;
}

export interface LifecycleFigures {
  removedVersions: number;
  expiredObjects: number;
  abortedUploads: number;
}

export class Lifecycle {
  readonly figures: LifecycleFigures = { removedVersions: 0, expiredObjects: 0, abortedUploads: 0 };
  private readonly options: LifecycleOptions;
  private timer: Timer | null = null;
  private stopped = false;
  private running: Promise<void> | null = null;

  constructor(options: LifecycleOptions) {
    this.options = options;
  }

  start(): void {
    this.schedule();
  }

  /** The time between two runs and the length of a day, from the next run on. */
  setTimes(everyMs: number, dayMs: number): void {
    this.options.everyMs = everyMs;
    this.options.dayMs = dayMs;
    if (this.timer === null) return;
    this.options.clock.clearTimer(this.timer);
    this.schedule();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    this.timer = null;
    await this.running;
  }

  private schedule(): void {
    if (this.stopped) return;
    const { clock, everyMs } = this.options;
    this.timer = clock.setTimer(everyMs, () => {
      this.timer = null;
      this.running = this.runAndGoOn();
    });
    this.timer.unref();
  }

  private async runAndGoOn(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      this.options.onFailure(error);
    }
    this.running = null;
    this.schedule();
  }

  /** One look at every bucket. @throws StoreFailure */
  async run(): Promise<void> {
    const { store } = this.options;
    let after = '';
    for (;;) {
      const page = await store.listBuckets({ prefix: '', after, max: 1000 });
      for (const bucket of page.buckets) {
        const rules = lifecycleOf(bucket);
        if (rules.length > 0) await this.runBucket(bucket, rules);
        if (this.stopped) return;
        after = bucket.name;
      }
      if (!page.isTruncated) return;
    }
  }

  private async runBucket(bucket: Bucket, rules: readonly LifecycleRule[]): Promise<void> {
    await this.abortStale(bucket, rules);
    let position: ListPosition | undefined;
    let versions: ObjectVersion[] = [];
    do {
      const page = await this.options.store.listVersions(bucket.name, {
        ...{ prefix: '', delimiter: '', max: 1000 },
        ...(position !== undefined && { after: position }),
      });
      for (const version of page.rows) {
        if (versions.length > 0 && versions[0]?.key !== version.key) {
          await this.runKey(bucket, rules, versions);
          versions = [];
        }
        versions.push(version);
      }
      position = page.next;
    } while (position !== undefined && !this.stopped);
    if (!this.stopped) await this.runKey(bucket, rules, versions);
  }

  private async runKey(
    bucket: Bucket,
    rules: readonly LifecycleRule[],
    versions: readonly ObjectVersion[],
  ): Promise<void> {
    const { store, clock, dayMs } = this.options;
    const nowMs = clock.wallMs();
    const { removeVersions, expireCurrent } = planKey(rules, versions, { nowMs, dayMs });
    for (const versionId of removeVersions) {
      const version = versions.find((each) => each.versionId === versionId);
      if (version === undefined || heldBy(version.attributes, nowMs) !== undefined) continue;
      const { key, revision } = version;
      const outcome = await store.remove({ bucket: bucket.name, key, versionId }, { revision });
      if (outcome.done) this.figures.removedVersions++;
    }
    const [current] = versions;
    if (!expireCurrent || current === undefined) return;
    const { key, revision } = current;
    const outcome = await store.remove({ bucket: bucket.name, key }, { revision });
    if (outcome.done) this.figures.expiredObjects++;
  }

  private async abortStale({ name }: Bucket, rules: readonly LifecycleRule[]): Promise<void> {
    const { store, clock, dayMs } = this.options;
    let after: ListPosition | undefined;
    do {
      const page = await store.listUploads(name, {
        ...{ prefix: '', delimiter: '', max: 1000 },
        ...(after !== undefined && { after }),
      });
      for (const upload of page.rows) {
        if (!isStale(rules, upload, { nowMs: clock.wallMs(), dayMs })) continue;
        const { key, uploadId } = upload;
        if (await store.abortUpload({ bucket: name, key, uploadId })) this.figures.abortedUploads++;
      }
      after = page.next;
    } while (after !== undefined && !this.stopped);
  }
}
