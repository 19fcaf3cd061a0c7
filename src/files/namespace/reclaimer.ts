/**
 * Takes away, slice by slice, what nobody can reach any more; then the blocks that nobody names.
 *
 * Invariant: a block is told to be free only after it is durable that no extent names it.
 */
import type { Clock } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { reclaimSlice } from '../limits.ts';
import { translated } from '../translate.ts';
import type { NewBlock } from './extents.ts';
import { rangeOf, Space, savedByRange } from './keys.ts';
import type { Namespace } from './namespace.ts';
import type { Reclaim } from './records.ts';

/** Behind a failure it is tried again. */
const RETRY_MS = 1000;
const NOTES = 64;

type OfOwner = Exclude<Reclaim['kind'], 'extents' | 'snapshot' | 'trim'>;

const SPACES: Readonly<Record<OfOwner, readonly number[]>> = {
  directory: [Space.entry, Space.document, Space.lease, Space.upload],
  series: [Space.version],
  file: [Space.extents],
  upload: [Space.part],
};

export interface ReclaimerOptions {
  readonly namespace: Namespace;
  readonly clock: Clock;
  /** Their bytes may go. */
  onFreed(blocks: readonly NewBlock[]): void;
  onError(error: unknown): void;
}

export class Reclaimer {
  private readonly options: ReclaimerOptions;
  private running: Promise<void> | undefined;
  private again = false;
  /** Notes before this one are done. Each leaves a mark until tables are written anew, which are not to be walked over. */
  private from = 0;
  private stopped = false;

  constructor(options: ReclaimerOptions) {
    this.options = options;
  }

  /** There may be something to do. */
  kick(): void {
    this.again = true;
    if (this.running !== undefined || this.stopped) return;
    this.running = this.work();
  }

  /** All that there was to do is done. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.idle();
  }

  private async work(): Promise<void> {
    try {
      while (this.again && !this.stopped) {
        this.again = false;
        while (!this.stopped && (await this.slice()));
      }
    } catch (thrown) {
      this.from = 0;
      const error = translated(thrown, 'the namespace');
      if (!(error instanceof FilesError)) throw error;
      if (!this.stopped) {
        this.options.onError(error);
        this.options.clock.setTimer(RETRY_MS, () => this.kick()).unref();
      }
    } finally {
      this.running = undefined;
    }
  }

  /** @returns whether there was anything. */
  private async slice(): Promise<boolean> {
    const { namespace, onFreed } = this.options;
    const notes = await namespace.reader.reclaims(NOTES, this.from);
    const unfinished: number[] = [];
    await Promise.all(
      notes.map(async ({ nth, what }) => {
        const keys = await this.keysOf(what);
        const isLast = keys.length < reclaimSlice;
        const freed = await namespace.run('reclaimSlice', { nth, keys, isLast });
        if (freed.length > 0) onFreed(freed);
        if (!isLast) unfinished.push(nth);
      }),
    );
    const last = notes[notes.length - 1];
    // Notes become visible in the order of their numbers.
    if (last !== undefined) this.from = Math.min(...unfinished, last.nth + 1);
    return notes.length > 0;
  }

  private async keysOf(what: Reclaim): Promise<Buffer[]> {
    const keys: Buffer[] = [];
    if (what.kind === 'extents') return keys;
    for (const range of rangesOf(what)) {
      if (keys.length >= reclaimSlice) break;
      await this.options.namespace.reader.each(range, (key) => {
        keys.push(key);
        return keys.length < reclaimSlice;
      });
    }
    return keys;
  }
}

function rangesOf(
  what: Exclude<Reclaim, { readonly kind: 'extents' }>,
): readonly { readonly from: Buffer; readonly to: Buffer }[] {
  if (what.kind === 'snapshot') return [savedByRange(what.root, what.number)];
  if (what.kind !== 'trim') return SPACES[what.kind].map((space) => rangeOf(space, what.id));
  const all = rangeOf(Space.entry, what.id);
  if (what.after.length === 0) return [all];
  return [{ from: Buffer.concat([what.after, Buffer.from([0])]), to: all.to }];
}
